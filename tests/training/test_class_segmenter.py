"""A tiny network learns which of three classes a pixel belongs to, in synthetic pictures."""

import numpy as np
import pytest

from autoseg.errors import OptionsError
from autoseg.heads import Head, Output
from autoseg.networks import build
from autoseg.training.labelled_views import LabelledImage
from autoseg.training.metrics import PooledScore
from autoseg.training.segmenter import SegmenterOptions, find_class_weights, make_batches, train_segmenter
from tests.marks import trains, trains_once

SIZE = 32
CLASSES = ("ground", "grain", "pore")
ALONE = Head(kind="classes", classes=CLASSES)
WITH_ROWS = Head(kind="classes", classes=CLASSES, also=[Output(name="rows", channels=("rows",))])
QUICK = SegmenterOptions(
    head=ALONE, batch_size=3, views_per_pair=2, epochs=20, learning_rate=0.03, schedule="cosine", validation=0.25
)


def draw_scene(rng):
    """Bright grains and dark pores on grey, their classes, and the rows in which there is one."""
    classes = np.zeros((SIZE, SIZE), np.uint8)
    for number in (1, 2):
        top, left = rng.integers(0, SIZE - 12, 2)
        classes[top : top + 12, left : left + 10] = number
    grey = np.array([0.5, 0.9, 0.1])[classes] + rng.normal(0, 0.03, classes.shape)
    return grey, classes, np.float32(classes > 0)


SCENES = [draw_scene(rng) for rng in np.random.default_rng(0).spawn(8)]
CLASS_MAPS = np.stack([classes for _, classes, _ in SCENES])


def partly_unknown(grey, classes, rows):
    """Above and below nobody knows the classes, and what is said of the further output there is wrong."""
    unknown = np.zeros(classes.shape, bool)
    unknown[:5] = unknown[-5:] = True
    return LabelledImage(grey, np.where(unknown, 255, classes).astype(np.uint8), also={"rows": (rows > 0) != unknown})


def trained(pairs, options):
    """A network that has learned these pairs, and what the training reported."""
    network = build("unet", filters=(8, 16), norm="instance", outputs=options.head.network_outputs)
    return network, train_segmenter(network, *make_batches(pairs, options), options).history


def predict(network):
    """Of all scenes as they are."""
    return network.predict(np.stack([QUICK.shown(grey) for grey, *_ in SCENES])[..., None], verbose=0)


def mean_iou(found):
    """Over all pixels, whatever was known of them in the training."""
    truth = np.concatenate([np.eye(3)[CLASS_MAPS], np.ones((*CLASS_MAPS.shape, 1))], axis=-1)
    score = PooledScore(ALONE)
    score.update_state(truth, found)
    return float(score.result())


@trains
def test_classes_are_learned_with_weights_by_name():
    options = QUICK.changed(class_weights={"grain": 3.0, "pore": 4.0})
    network, history = trained([LabelledImage(*scene[:2]) for scene in SCENES], options)
    found = predict(network)
    assert mean_iou(found) > 0.9
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)
    reported = {"loss", "iou", "f1", "iou_ground", "iou_grain", "iou_pore"}
    assert set(history) == {*reported, *(f"val_{name}" for name in reported)}


@trains
def test_classes_and_a_further_output_are_learned_from_what_is_known():
    options = QUICK.changed(head=WITH_ROWS, loss={"cross_entropy": 1.0, "dice": 0.5}, class_weights="balanced")
    network, history = trained([partly_unknown(*scene) for scene in SCENES], options)
    found = predict(network)
    assert set(found) == {"classes", "rows"}
    assert mean_iou(found["classes"]) > 0.9
    assert np.mean((found["rows"][..., 0] > 0.5) == (CLASS_MAPS > 0)) > 0.95
    assert history["val_classes_iou"][-1] > 0.9 and history["val_loss"][-1] < 0.5 * history["val_loss"][0]


@trains_once
def test_a_class_without_weight_is_not_learned():
    options = QUICK.changed(class_weights={"pore": 0.0}, epochs=6, validation=0.0)
    network, _ = trained([LabelledImage(*scene[:2]) for scene in SCENES], options)
    chosen = predict(network).argmax(-1)
    assert (chosen[CLASS_MAPS == 1] == 1).mean() > 0.8
    assert (chosen == 2).mean() < 0.02  # nothing ever speaks for it


PAIRS = [
    (None, np.array([[0, 0, 0], [0, 0, 255]], np.uint8)),
    (None, np.array([[0, 1, 1, 0], [255, 1, 0, 255]], np.uint8)),
]


def test_balanced_classes_count_alike_and_pixels_one_on_average():
    weights = find_class_weights(PAIRS, QUICK.changed(class_weights="balanced"))
    assert weights == pytest.approx((11 / (2 * 8), 11 / (2 * 3), 0))  # no pores: two classes are there
    assert 8 * weights[0] == pytest.approx(3 * weights[1]) and (8 * weights[0] + 3 * weights[1]) / 11 == pytest.approx(
        1
    )
    loaded = find_class_weights(range(2), QUICK.changed(class_weights="balanced"), load=PAIRS.__getitem__)
    assert loaded == weights


def test_other_weights_are_as_the_options_say():
    assert find_class_weights(PAIRS, QUICK) == (1, 1, 1)
    assert find_class_weights(PAIRS, QUICK.changed(class_weights={"pore": 2.5})) == (1, 1, 2.5)
    assert find_class_weights(PAIRS, SegmenterOptions(head="mask")) == ()


def test_weights_are_those_of_the_pairs_that_are_learned():
    known = [(np.zeros((4, 4)), np.full((4, 4), number, np.uint8)) for number in (0, 1, 1, 2)]
    options = QUICK.changed(class_weights="balanced", batch_size=3, views_per_pair=1)
    training, validation = make_batches(known, options)
    learned = [pair[1][0, 0] for pair in training.items]
    expected = find_class_weights(training.items, options)
    truth = training.batch(0, 0)[1]
    assert len(learned) == 3 and set(truth[..., 3].ravel()) == set(np.float32([expected[i] for i in learned]))
    held_out = validation.items[0][1][0, 0]
    assert (validation.batch(0, 0)[1][..., 3] == np.float32(expected[held_out])).all()


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"head": ALONE, "class_weights": {"pores": 2.0, "grain": 1.0}}, '"class_weights" has pores, which is no'),
        ({"head": "mask", "class_weights": "balanced"}, '"class_weights" need a head with classes'),
        ({"head": ALONE, "class_weights": {"pore": -1.0}}, "greater than or equal to 0"),
        ({"head": ALONE, "loss": {}}, "at least 1"),
        ({"head": ALONE, "loss": {"dice": 0.0}}, "greater than 0"),
        ({"head": ALONE, "loss": {"hinge": 1.0}}, "cross_entropy"),
    ],
)
def test_options_that_make_no_sense_are_refused(wrong, expected):
    with pytest.raises(OptionsError, match=expected):
        SegmenterOptions(**wrong)
