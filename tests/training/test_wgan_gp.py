"""The trainer of outlines: the algorithm on paper with critics made by hand, and the contract of all trainers."""

import numpy as np
import pytest

from autoseg._backend import BACKEND, keras, ops, to_numpy
from autoseg.errors import OptionsError
from autoseg.networks import build
from autoseg.simulation.particles.masks import MaskOptions, simulate_mask
from autoseg.simulation.particles.outlines import CleaningOptions, from_generator
from autoseg.training.wgan_gp import WganGp, WganGpOptions, build_wgan_gp, sampler

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

SIZE, BATCH, EPOCHS = (16, 16), 4, 16
SMALL = WganGpOptions(latent=4, filters=4, critic_steps=1, learning_rate=4e-3)  # compiles quickly


def make(options=SMALL):
    return build_wgan_gp(options, size=SIZE, rng=np.random.default_rng(3))


def make_outlines(count=4 * BATCH):
    """White discs on black, moved a little."""
    row, column = np.ogrid[: SIZE[0], : SIZE[1]]
    shifts = np.random.default_rng(1).uniform(-1, 1, (count, 2))
    discs = [np.hypot(row - 7.5 - dy, column - 7.5 - dx) < 5 for dy, dx in shifts]
    return np.where(discs, 1.0, -1.0).astype("float32")[..., None]


def train(trainer, epochs=EPOCHS, **settings):
    return fit(trainer, make_outlines(), BATCH, epochs=epochs, **settings)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return train_undisturbed(make, train, EPOCHS, tmp_path_factory.mktemp("training"))


def linear_wgan(slope=0.5, rate=0.0, **options):
    """Its critic sums the pixels times `slope`; its generator makes nothing but zeros, until it learns."""
    layers, zeros = keras.layers, keras.initializers.Zeros()
    slopes = keras.initializers.Constant(slope)
    critic = keras.Sequential(
        [keras.Input((2, 3, 1)), layers.Flatten(), layers.Dense(1, use_bias=False, kernel_initializer=slopes)]
    )
    generator = keras.Sequential(
        [keras.Input((5,)), layers.Dense(6, kernel_initializer=zeros), layers.Reshape((2, 3, 1))]
    )
    trainer = WganGp(generator, critic, WganGpOptions(**options))
    trainer.compile({name: keras.optimizers.SGD(rate) for name in trainer.trains()})
    return trainer


@trains
@pytest.mark.parametrize("weight", [10.0, 0.0, 2.5])
def test_losses_are_those_of_the_paper(weight):
    slope, outlines = 0.7, np.random.default_rng(0).uniform(-1, 1, (4, 2, 3, 1)).astype("float32")
    trainer = linear_wgan(slope, penalty_weight=weight)
    losses = {name: float(to_numpy(loss)) for name, loss in trainer.step(ops.convert_to_tensor(outlines)).items()}
    distance, penalty = slope * outlines.sum() / 4, (slope * np.sqrt(6) - 1) ** 2
    expected = {
        "critic": weight * penalty - distance, "generator": 0.0, "penalty": penalty, "distance": distance,
    }  # fmt: skip
    assert losses == pytest.approx(expected, rel=1e-5)


@trains
def test_the_penalty_is_finite_where_the_critic_is_flat():
    trainer = linear_wgan(slope=0.0, rate=0.1)
    trainer.step(ops.ones((2, 2, 3, 1)))
    assert all(np.isfinite(weights).all() for weights in values(trainer.variables))


@trains
@pytest.mark.parametrize("critic_steps", [1, 3])
def test_the_critic_is_updated_several_times_for_each_update_of_the_generator(critic_steps):
    trainer = linear_wgan(critic_steps=critic_steps)
    generations, judgements = count_calls(trainer.generator), count_calls(trainer.critic)
    trainer.step(ops.ones((2, 2, 3, 1)))
    updates = {name: int(member.iterations) for name, member in trainer.optimizer.members.items()}
    assert updates == {"critic": critic_steps, "generator": 1}
    assert len(generations) == critic_steps + 1
    assert len(judgements) == 3 * critic_steps + 1  # reals, fakes and the points between; then the generator's


@trains
def test_each_optimizer_moves_its_own_network():
    check_each_optimizer_moves_its_own_networks(linear_wgan(), ops.ones((2, 2, 3, 1)))


@trains
@pytest.mark.skipif(BACKEND == "torch", reason="torch is not compiled")
def test_compiled_and_eager_training_are_alike():
    outlines = np.random.default_rng(0).uniform(-1, 1, (10, 2, 3, 1)).astype("float32")  # the last batch is smaller
    check_compiled_and_eager_training_are_alike(
        lambda: linear_wgan(rate=0.01), lambda trainer: fit(trainer, outlines, batch_size=4, epochs=2)
    )


@trains
def test_learns_to_draw_the_outlines(undisturbed):
    trainer, losses, _ = undisturbed
    truth = (make_outlines()[..., 0].mean(axis=0) + 1) / 2

    def error(trainer):
        outlines = sampler(trainer.generator)(20, np.random.default_rng(0))
        return np.abs((outlines.mean(axis=0)[..., 0] + 1) / 2 - truth).mean()

    assert np.isfinite(losses).all()
    assert error(trainer) < error(make()) / 2


@trains
def test_resumed_training_equals_an_uninterrupted_one(undisturbed):
    check_resumed_training_equals_an_uninterrupted_one(make, train, *undisturbed)


@trains
def test_mixed_precision_learns_alike(undisturbed):
    trainer, losses = make(SMALL.changed(bfloat16=True)), undisturbed[1][:1]
    check_mixed_precision_learns_alike(trainer, lambda trainer: train(trainer, epochs=1), losses, rtol=0.1)


def test_samples_are_outlines_that_follow_from_the_rng():
    generator = build("generator", size=(16, 24), latent=4, filters=4)
    sample, in_one = sampler(generator, batch_size=2), sampler(generator, batch_size=8)
    outlines = sample(5, np.random.default_rng(1))
    assert outlines.shape == (5, 16, 24, 1) and outlines.dtype == np.float32
    assert -1 <= outlines.min() < outlines.max() <= 1
    np.testing.assert_array_equal(outlines, sample(5, np.random.default_rng(1)))
    np.testing.assert_allclose(outlines, in_one(5, np.random.default_rng(1)), atol=1e-6)
    assert not np.array_equal(outlines, sample(5, np.random.default_rng(2)))
    latent = np.random.default_rng(1).standard_normal((5, 4), dtype="float32")
    np.testing.assert_allclose(outlines, generator.predict(latent, verbose=0), atol=1e-6)
    assert sample(0, np.random.default_rng(1)).shape == (0, 16, 24, 1)


def test_a_generator_is_a_source_of_outlines_for_the_simulation_of_masks():
    generate = sampler(build("generator", size=(32, 32), latent=4, filters=4))
    sample = from_generator(generate, CleaningOptions(opening=0, erosion=0))
    outlines = sample(4, np.random.default_rng(1))
    assert len(outlines) == 4 and all(outline.dtype == bool and outline.any() for outline in outlines)
    options = MaskOptions(size=(96, 96), particles=(4, 6))
    assert simulate_mask(sample, options, np.random.default_rng(2)).labels.max() > 0


@pytest.mark.parametrize("wrong", [{"critic_steps": 0}, {"penalty_weight": -1}, {"beta_2": 1.0}, {"critic_step": 3}])
def test_wrong_options_are_told(wrong):
    with pytest.raises(OptionsError, match=next(iter(wrong))):
        WganGpOptions(**wrong)
