"""The trainer of micrographs and masks: the algorithm on paper with one-number networks, and the trainers' contract."""

import re

import numpy as np
import pytest

from autoseg._backend import BACKEND, keras, ops, to_numpy
from autoseg.errors import OptionsError
from autoseg.networks import build
from autoseg.training.cyclegan import CycleGan, CycleGanOptions, build_cyclegan
from autoseg.training.precision import mixed_precision

from .contract import (
    brief_compilation,  # noqa: F401
    check_compiled_and_eager_training_are_alike,
    check_each_optimizer_moves_its_own_networks,
    check_mixed_precision_learns_alike,
    check_resumed_training_equals_an_uninterrupted_one,
    count_calls,
    fit,
    train_undisturbed,
    trains,
    values,
)

MICROGRAPH, MASK, RENDERED, SEGMENTED = 0.5, -0.25, 0.8, -0.6


def scaling(factor):
    """A network that multiplies its input by one number, which can be trained."""
    kernel = keras.initializers.Constant(factor)
    return keras.Sequential(
        [keras.Input((None, None, 1)), keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer=kernel)]
    )


def scaling_cyclegan(rate=0.0, **options):
    """The generators multiply by `RENDERED` and `SEGMENTED`; scores are the values of pixels, or half of them."""
    trainer = CycleGan(
        micrograph_generator=scaling(RENDERED),
        mask_generator=scaling(SEGMENTED),
        micrograph_discriminator=scaling(1.0),
        mask_discriminator=scaling(0.5),
        size=(2, 3),
        steps=10,
        options=CycleGanOptions(**options),
    )
    trainer.compile({name: keras.optimizers.SGD(rate) for name in trainer.trains()})
    return trainer


def constant_images(micrograph=MICROGRAPH, mask=MASK, count=2):
    return {
        "micrographs": ops.full((count, 2, 3, 1), micrograph, dtype="float32"),
        "masks": ops.full((count, 2, 3, 1), mask, dtype="float32"),
    }


def losses_on_paper(micrograph=MICROGRAPH, mask=MASK, real=1.0, identity=True):
    rendered, segmented = RENDERED * mask, SEGMENTED * micrograph
    cycled_micrograph, cycled_mask = RENDERED * segmented, SEGMENTED * rendered
    return {
        "micrograph_generator": (rendered - real) ** 2,
        "mask_generator": (segmented / 2 - real) ** 2,
        "cycle": abs(micrograph - cycled_micrograph) + abs(mask - cycled_mask),
        "identity": identity * (abs(micrograph - RENDERED * micrograph) + abs(mask - SEGMENTED * mask)),
        "micrograph_discriminator": ((micrograph - real) ** 2 + rendered**2) / 2,
        "mask_discriminator": ((mask / 2 - real) ** 2 + (segmented / 2) ** 2) / 2,
    }


def entropy_of_the_mask_cycle():
    truth, predicted = (MASK + 1) / 2, (SEGMENTED * RENDERED * MASK + 1) / 2
    return -truth * np.log(predicted) - (1 - truth) * np.log(1 - predicted)


@trains
@pytest.mark.parametrize(("options", "expected"), [
    ({}, losses_on_paper()),
    ({"label_smoothing": 0.1}, losses_on_paper(real=0.9)),
    ({"identity_weight": 0.0}, losses_on_paper(identity=False)),
    ({"mask_cycle": "cross_entropy"}, losses_on_paper() | {
        "cycle": abs(1 - RENDERED * SEGMENTED) * MICROGRAPH + entropy_of_the_mask_cycle()
    }),
])  # fmt: skip
def test_losses_are_those_of_the_paper(options, expected):
    losses = scaling_cyclegan(**options).step(constant_images())
    assert {name: float(to_numpy(loss)) for name, loss in losses.items()} == pytest.approx(expected, rel=1e-5)


def generator_loss(options, rendered):
    """Of `scaling_cyclegan`, by the factor with which micrographs are rendered; adversarial part, cycle, identity."""
    adversarial = (rendered * MASK - 1) ** 2
    cycle = abs(MICROGRAPH * (1 - rendered * SEGMENTED)) + abs(MASK * (1 - rendered * SEGMENTED))
    identity = abs(MICROGRAPH * (1 - rendered))
    return adversarial + options.cycle_weight * (cycle + options.identity_weight * identity)


@trains
@pytest.mark.parametrize("weights", [{}, {"cycle_weight": 3.0}, {"identity_weight": 2.0}, {"cycle_weight": 0.0}])
def test_generators_descend_on_the_weighted_sum(weights):
    rate, step = 1e-3, 1e-4
    trainer = scaling_cyclegan(rate, **weights)
    trainer.step(constant_images())
    (moved,) = values(trainer.micrograph_generator.weights)
    rise = generator_loss(trainer.options, RENDERED + step) - generator_loss(trainer.options, RENDERED - step)
    assert RENDERED - moved.item() == pytest.approx(rate * rise / (2 * step), rel=2e-3)


@trains
@pytest.mark.parametrize(("identity_weight", "passes"), [(0.5, 3), (0.0, 2)])
def test_no_pass_is_made_twice(identity_weight, passes):
    trainer = scaling_cyclegan(identity_weight=identity_weight)
    generators, discriminators = (
        [count_calls(network) for network in networks] for networks in trainer.trains().values()
    )
    trainer.step(constant_images())
    assert [len(calls) for calls in generators] == [passes, passes]  # there, back again, and the identity
    assert [len(calls) for calls in discriminators] == [3, 3]  # fakes for the generators; reals and past fakes


@trains
def test_discriminators_learn_from_past_fakes():
    trainer = scaling_cyclegan(pool_size=2)
    for _ in range(2):
        trainer.step(constant_images(mask=0.0))
    after = [trainer.step(constant_images(count=1)) for _ in range(20)]
    found = {round(float(to_numpy(losses["micrograph_discriminator"])), 4) for losses in after}
    real, fake = (MICROGRAPH - 1) ** 2, (RENDERED * MASK) ** 2
    assert found == {round(real / 2, 4), round((real + fake) / 2, 4)}  # past fakes are 0, present ones are not


@trains
def test_each_optimizer_moves_its_own_networks():
    check_each_optimizer_moves_its_own_networks(scaling_cyclegan(), constant_images())


@trains
@pytest.mark.skipif(BACKEND == "torch", reason="torch is not compiled")
def test_compiled_and_eager_training_are_alike():
    rng = np.random.default_rng(0)  # 10 images: the last batch is smaller
    images = {name: rng.uniform(-1, 1, (10, 2, 3, 1)).astype("float32") for name in ("micrographs", "masks")}
    check_compiled_and_eager_training_are_alike(
        lambda: scaling_cyclegan(0.01, pool_size=6), lambda trainer: fit(trainer, images, batch_size=4, epochs=3)
    )


SIZE, COUNT, BATCH, EPOCHS = (32, 32), 8, 2, 8
SMALL = CycleGanOptions(noise=0.1, pool_size=3, learning_rate=5e-3)


def make(options=SMALL):
    """A trainer with the smallest networks that can learn to render and to segment discs."""

    def generator(seed):
        return build("resnet", filters=4, samplings=1, blocks=0, seed=seed)

    def discriminator(seed):
        return build("patchgan", filters=4, samplings=1, noise=options.noise, seed=seed)

    with mixed_precision(options.bfloat16):
        networks = {
            "micrograph_generator": generator(3),
            "mask_generator": generator(4),
            "micrograph_discriminator": discriminator(5),
            "mask_discriminator": discriminator(6),
        }
    return CycleGan(**networks, size=SIZE, steps=EPOCHS * COUNT // BATCH, options=options, seed=7)


def make_images():
    """Discs: white on black in masks, light grey on dark grey in micrographs, in other places."""
    row, column = np.ogrid[: SIZE[0], : SIZE[1]]
    centres = np.random.default_rng(1).uniform(8, 24, (2, COUNT, 2))
    discs = np.array([[np.hypot(row - y, column - x) < 8 for y, x in domain] for domain in centres])[..., None]
    return {
        "micrographs": np.where(discs[0], 0.4, -0.6).astype("float32"),
        "masks": np.where(discs[1], 1.0, -1.0).astype("float32"),
    }


def train(trainer, epochs=EPOCHS, **settings):
    return fit(trainer, make_images(), BATCH, epochs=epochs, **settings)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return train_undisturbed(make, train, EPOCHS, tmp_path_factory.mktemp("training"))


@trains
def test_learns_to_render_and_to_segment(undisturbed):
    trainer, losses, _ = undisturbed
    losses, images = dict(zip(trainer.reports, losses.T, strict=True)), make_images()
    rendered = trainer.micrograph_generator.predict(images["masks"], verbose=0)
    segmented = trainer.mask_generator.predict(images["micrographs"], verbose=0)
    particles, rendered_particles = images["micrographs"] > 0, images["masks"] > 0
    assert rendered[rendered_particles].mean() == pytest.approx(0.4, abs=0.25)
    assert rendered[~rendered_particles].mean() == pytest.approx(-0.6, abs=0.25)
    assert ((segmented > 0) == particles).mean() > 0.95
    assert losses["cycle"][-1] < losses["cycle"][0] / 3 and losses["identity"][-1] < losses["identity"][0] / 3


@trains
def test_resumed_training_equals_an_uninterrupted_one(undisturbed):
    check_resumed_training_equals_an_uninterrupted_one(make, train, *undisturbed)


@trains
def test_pools_hold_fakes_of_the_training(undisturbed):
    trainer, *_ = undisturbed
    for pool in (trainer.past_micrographs, trainer.past_masks):
        images, count = values([pool.images, pool.count])
        assert count == SMALL.pool_size and len(np.unique(images, axis=0)) == SMALL.pool_size
        assert -1 <= images.min() < images.max() <= 1


@trains
def test_the_learning_rate_falls_to_zero_over_the_last_quarter(undisturbed):
    trainer, steps = make(), EPOCHS * COUNT // BATCH
    for member in trainer.optimizer.members.values():
        rates = []
        for step in (0, steps // 2, 3 * steps // 4, 7 * steps // 8, steps):
            member.iterations.assign(step)
            rates.append(float(to_numpy(member.learning_rate)))
        assert rates == pytest.approx([5e-3, 5e-3, 5e-3, 2.5e-3, 0])
    assert {int(member.iterations) for member in undisturbed[0].optimizer.members.values()} == {steps}


@trains
def test_mixed_precision_learns_alike(undisturbed):
    trainer, losses = make(SMALL.changed(bfloat16=True)), undisturbed[1][:1]
    check_mixed_precision_learns_alike(trainer, lambda trainer: train(trainer, epochs=1), losses, rtol=0.3)


@trains
def test_a_trainer_is_built_from_options():
    chosen = {"filters": 4, "blocks": 1, "skip": True, "resize_convolution": True}
    options = CycleGanOptions(**chosen, discriminator_filters=6, noise=0.2)
    trainer = build_cyclegan(options, size=(40, 48), steps=10, rng=np.random.default_rng(0))
    generators, discriminators = trainer.trains().values()
    assert all(chosen.items() <= network.architecture.items() for network in generators)
    assert all({"filters": 6, "noise": 0.2}.items() <= network.architecture.items() for network in discriminators)
    for networks in (generators, discriminators):
        first, second = (values(network.weights)[0] for network in networks)
        assert not np.array_equal(first, second)
    assert trainer.past_masks.images.shape == (50, 40, 48, 1)


@pytest.mark.parametrize("size", [(44, 40), (40, 32)])
def test_images_of_a_size_that_does_not_fit_are_told(size):
    with pytest.raises(OptionsError, match=re.escape(f"at least 40 pixels high and wide, not {size}")):
        build_cyclegan(SMALL, size=size, steps=10, rng=np.random.default_rng(0))


@pytest.mark.parametrize("wrong", [{"label_smoothing": 0.6}, {"pool_size": -1}, {"decay": 1.1}, {"mask_cycle": "l1"}])
def test_wrong_options_are_told(wrong):
    with pytest.raises(OptionsError, match=next(iter(wrong))):
        CycleGanOptions(**wrong)
