"""The Mean Teacher: its step on paper, on all backends, and the trainers' contract."""

from functools import partial

import numpy as np
import pytest

from autoseg._backend import BACKEND, keras, ops, to_numpy
from autoseg.errors import OptionsError
from autoseg.heads import Head, Output
from autoseg.images.views import GeometryOptions, IntensityOptions
from autoseg.networks import build
from autoseg.training.batches import Batches
from autoseg.training.callbacks import Log
from autoseg.training.consistency_views import ConsistencyViews
from autoseg.training.labelled_views import LabelledViews
from autoseg.training.mean_teacher import MeanTeacher, MeanTeacherOptions, freeze, train_mean_teacher
from tests.marks import trains_once

from .contract import (
    brief_compilation,  # noqa: F401
    check_resumed_training_equals_an_uninterrupted_one,
    fit,
    moved,
    train_undisturbed,
    trained_weights,
    trains,
    values,
)

MASK = Head(kind="mask")
OPTIONS = MeanTeacherOptions(head=MASK, loss={"cross_entropy": 0.5, "dice": 0.5}, ramp=2)
SIZE, COUNT, EPOCHS = 24, 4, 4


def network(seed=0):
    return build("unet", filters=(2, 4), norm="instance", outputs=MASK.network_outputs, seed=seed)


def make(rate=0.02, steps=4, **options):
    trainer = MeanTeacher(network(), steps, OPTIONS.changed(**options))
    trainer.compile({"student": keras.optimizers.Adam(rate)})
    return trainer


def discs(seed):
    rng, (rows, columns) = np.random.default_rng(seed), np.mgrid[:SIZE, :SIZE]
    centres = rng.uniform(7, SIZE - 7, (COUNT, 2))
    truth = np.array([np.hypot(rows - y, columns - x) < 7 for y, x in centres])[..., None].astype("float32")
    return (0.3 + 0.4 * truth + rng.normal(0, 0.05, truth.shape)).astype("float32"), truth


def make_batches():
    images, targets = discs(0)
    unlabelled, _ = discs(1)
    boxes = np.ones_like(images)
    boxes[:, :12] = 0
    strong = np.clip(unlabelled**1.5, 0, 1)
    return {"images": images, "targets": targets, "weak": unlabelled, "strong": strong, "boxes": boxes}


def tensors(count=4):
    return {name: ops.convert_to_tensor(array[:count]) for name, array in make_batches().items()}


def train(trainer, epochs=EPOCHS, **settings):
    return fit(trainer, make_batches(), 2, epochs=epochs, **settings)


def predicted(net, images):
    return to_numpy(net(images, training=False))


@trains_once
def test_the_teacher_is_the_average_of_the_student():
    trainer = make(momentum=0.9)
    before = values(trainer.teacher.weights)
    trainer.step(tensors())
    student = values(trainer.student.weights)
    for old, new, theirs in zip(before, values(trainer.teacher.weights), student, strict=True):
        np.testing.assert_allclose(new, 0.9 * old + 0.1 * theirs, rtol=1e-5, atol=1e-7)


@trains_once
def test_losses_are_those_on_paper():
    trainer, batch = make(), tensors()
    said = predicted(trainer.teacher, batch["weak"])
    found, own = (predicted(trainer.student, batch[name]) for name in ("strong", "images"))
    truth = to_numpy(batch["targets"])
    entropy = -np.where(truth == 1, np.log(own), np.log(1 - own)).mean((1, 2, 3))
    common, total = (truth * own).sum((1, 2, 3)), (truth + own).sum((1, 2, 3))
    losses = {name: float(to_numpy(loss)) for name, loss in trainer.step(batch).items()}
    assert losses["consistency"] == pytest.approx(((said - found) ** 2).mean(), rel=1e-3)
    assert losses["supervised"] == pytest.approx((entropy + 1 - (2 * common + 1) / (total + 1)).mean() / 2, rel=1e-3)


@trains_once
def test_decisions_count_where_the_teacher_is_certain():
    trainer, batch = make(consistency="decisions", confidence=0.6, cutmix=True), tensors()
    boxes = to_numpy(batch["boxes"])
    mix = partial(lambda boxes, x: boxes * x + (1 - boxes) * np.roll(x, 1, axis=0), boxes)
    said = mix(predicted(trainer.teacher, batch["weak"]))
    found = predicted(trainer.student, ops.convert_to_tensor(mix(to_numpy(batch["strong"]))))
    certain = np.maximum(said, 1 - said) >= 0.6
    expected = -(certain * np.log(np.where(said > 0.5, found, 1 - found))).mean()
    assert 0 < certain.mean() < 1
    assert float(to_numpy(trainer.step(batch)["consistency"])) == pytest.approx(expected, rel=1e-3)


@trains_once
def test_classes_agree_with_the_surest_one_and_further_outputs_learn_from_labels():
    rows = Output(name="rows", channels=("rows",))
    head = Head(kind="classes", classes=["ground", "a", "b"], also=(rows,))
    student = build("unet", filters=(2, 4), norm="instance", outputs=head.network_outputs, seed=0)
    changes = {"head": head, "loss": "cross_entropy", "also_weight": 2.0, "consistency": "decisions"}
    trainer = MeanTeacher(student, 4, OPTIONS.changed(confidence=0.5, background=0.2, **changes))
    trainer.compile({"student": keras.optimizers.Adam(0.0)})
    batch, (_, truth) = tensors(), discs(0)
    classes = np.concatenate([1 - truth, truth, 0 * truth, np.ones_like(truth)], axis=-1)
    batch["targets"] = {"classes": ops.convert_to_tensor(classes), "rows": ops.convert_to_tensor(truth)}
    said, found, own = (
        {name: to_numpy(output) for name, output in network(batch[seen], training=False).items()}
        for network, seen in ((trainer.teacher, "weak"), (student, "strong"), (student, "images"))
    )
    losses = {name: float(to_numpy(loss)) for name, loss in trainer.step(batch).items()}
    decided, sure = said["classes"].argmax(-1)[..., None], said["classes"].max(-1, keepdims=True)
    counts = (sure >= 0.5) * np.where(decided == 0, 0.2, 1.0)
    agrees = np.take_along_axis(found["classes"], decided, axis=-1)
    assert 0 < (counts > 0).mean() < 1
    assert losses["consistency"] == pytest.approx((-counts * np.log(agrees)).mean(), rel=1e-3)
    of_classes = -np.log(np.where(truth == 1, own["classes"][..., 1:2], own["classes"][..., :1])).mean()
    of_rows = -np.log(np.where(truth == 1, own["rows"], 1 - own["rows"])).mean()
    assert losses["supervised"] == pytest.approx(of_classes + 2 * of_rows, rel=1e-3)
    dice = {name: float(to_numpy(value)) for name, value in trainer.validation_step(batch).items()}
    hit = (own["classes"][..., 1:].sum(-1) > 0.5) * truth[..., 0]
    sums = (own["classes"][..., 1:].sum(-1) > 0.5).sum((1, 2)) + truth.sum((1, 2, 3))
    assert dice["student_dice"] == pytest.approx((2 * hit.sum((1, 2)) / sums).mean(), rel=1e-3)


@trains_once
def test_the_weight_rises_epoch_by_epoch():
    trainer, weights = make(ramp=4, weight=2.0, steps=2, rate=0.0), []
    for _ in range(5):
        weights += [float(to_numpy(trainer.step(tensors(2))["weight"])) for _ in range(2)]
    epochs = [2 * (0.5 - 0.5 * np.cos(np.pi * share)) for share in (0.25, 0.5, 0.75, 1, 1)]
    assert weights == pytest.approx(np.repeat(epochs, 2), abs=1e-5)


@trains_once
def test_frozen_layers_do_not_learn():
    trainer = make(frozen=("encoder2_",))
    still, learning = (
        [v for v in trainer.student.weights if v.path.startswith("encoder2_") is which] for which in (True, False)
    )
    before = values(still), values(learning)
    trainer.step(tensors())
    assert still and not any(moved(before[0], values(still))) and all(moved(before[1], values(learning)))
    with pytest.raises(OptionsError, match="encoder9_"):
        freeze(network(), ["encoder9_"])


@trains_once
def test_a_control_learns_nothing_from_unlabelled_images():
    results = []
    for factor in (1.0, 0.0):
        trainer, batch = make(weight=0.0), tensors()
        trainer.step(batch | {name: factor * batch[name] for name in ("weak", "strong")})
        results.append(trained_weights(trainer, "student"))
    assert not any(moved(*results))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return train_undisturbed(make, train, EPOCHS, tmp_path_factory.mktemp("training"))


@trains
def test_learns_and_agrees(undisturbed):
    trainer, losses, _ = undisturbed
    supervised = losses[:, trainer.reports.index("supervised")]
    assert supervised[-1] < 0.8 * supervised[0]
    begun = values(make().teacher.weights)
    ways = [np.concatenate([(new - old).ravel() for new, old in zip(values(net.weights), begun, strict=True)])
            for net in (trainer.teacher, trainer.student)]  # fmt: skip
    assert 0 < np.linalg.norm(ways[0]) < 0.3 * np.linalg.norm(ways[1])  # the teacher follows, slowly
    assert np.dot(*ways) > 0


@trains
def test_resumed_training_equals_an_uninterrupted_one(undisturbed):
    check_resumed_training_equals_an_uninterrupted_one(make, train, *undisturbed)


@trains
@pytest.mark.skipif(BACKEND == "torch", reason="torch is not compiled")
def test_compiled_and_eager_training_are_alike(undisturbed):
    eager = make()
    eager.run_eagerly = True
    np.testing.assert_allclose(train(eager, epochs=1), undisturbed[1][:1], rtol=1e-4, atol=1e-6)


def views(**settings):
    images, targets = discs(2)
    pairs = [
        ((255 * image[..., 0]).astype(np.uint8), target[..., 0].astype(int))
        for image, target in zip(images, targets, strict=True)
    ]
    labelled = LabelledViews(MASK, crop=16, centred=1.0)
    changes = {"geometry": GeometryOptions(), "weak": IntensityOptions(), "strong": IntensityOptions(gamma=(2, 2))}
    return pairs, ConsistencyViews(labelled, [image for image, _ in pairs], labelled.shown, 16, **changes, **settings)


def test_views_show_the_same_pixels():
    pairs, make_views = views()
    sample = make_views(pairs[0], np.random.default_rng(0))
    assert {name: array.shape for name, array in sample.items()} == dict.fromkeys(sample, (16, 16, 1))
    np.testing.assert_allclose(sample["strong"], sample["weak"] ** 2, atol=1e-6)
    assert sample["targets"].any()  # every crop shows the foreground


@trains_once
def test_a_training_is_validated_and_its_best_epoch_kept(tmp_path):
    pairs, make_views = views()
    training = Batches(pairs, make_views, size=4)
    fixed = LabelledViews(MASK)
    validation = Batches(
        pairs[:2],
        lambda pair, rng: dict(zip(("images", "targets"), fixed(pair, rng), strict=True)),
        size=2,
        shuffle=False,
    )
    options = OPTIONS.changed(epochs=3, schedule="plateau", plateau_patience=1, monitor="iou", learning_rate=0.02)
    student = network()
    teacher = train_mean_teacher(student, training, validation, options, [Log(tmp_path / "log.csv")])
    names, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert {"val_student_dice", "val_teacher_dice", "weight", "learning_rate"} <= set(names.split(",")) and len(
        rows
    ) == 3
    assert any(moved(values(student.weights), values(teacher.weights)))  # it lags behind


def test_an_average_beside_the_teacher_is_refused():
    with pytest.raises(OptionsError, match='set "momentum"'):
        MeanTeacherOptions(averaging=0.9)
