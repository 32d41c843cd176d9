import numpy as np
import pytest

from autoseg.heads import Head
from autoseg.training.metrics import PooledScore, scores_of
from autoseg.training.targets import make_class_targets, make_targets
from tests.heads import HEADS

CLASSES = HEADS["classes"]
# Two batches: one image of 1 x 2 pixels, half of it wrong, and two of 1 x 3, all right. Nobody knows the third class.
SMALL = [[0, 1]], [[0, 0]]
LARGE = [[0, 1, 1], [1, 1, 0]], [[0, 1, 1], [1, 1, 0]]
BY_CLASS = {"iou": (3 / 4, 4 / 5), "f1": (6 / 7, 8 / 9), "precision": (3 / 4, 1), "recall": (1, 4 / 5)}


def update(score, batch, sample_weight=None):
    """With a batch of images of one row: true and predicted classes."""
    truth = [make_class_targets(np.array([row], np.uint8), CLASSES) for row in batch[0]]
    predicted = [0.2 + 0.4 * np.eye(3, dtype="float32")[[row]] for row in batch[1]]
    score.update_state(np.stack(truth), np.stack(predicted), sample_weight)
    return float(score.result())


def scored(*batches, **settings):
    score = PooledScore(CLASSES, **settings)
    return [update(score, batch) for batch in batches][-1]


@pytest.mark.parametrize("name", BY_CLASS)
def test_pixels_of_all_batches_are_counted_together(name):
    assert scored(SMALL, LARGE, score=name) == scored(LARGE, SMALL, score=name)
    assert scored(SMALL, LARGE, score=name) == pytest.approx(np.mean(BY_CLASS[name]))
    for number, expected in enumerate(BY_CLASS[name]):
        assert scored(SMALL, LARGE, score=name, number=number) == pytest.approx(expected)


def test_that_is_not_the_mean_of_the_scores_of_batches():
    assert scored(SMALL) == pytest.approx(1 / 4) and scored(LARGE) == 1
    assert scored(SMALL, LARGE) == pytest.approx(0.775) != np.mean([scored(SMALL), scored(LARGE)])


def test_a_class_that_nobody_saw_counts_as_right_and_in_no_mean():
    assert scored(SMALL, LARGE, number=2) == 1
    assert scored(([[0, 0]], [[0, 2]]), number=2) == 0
    assert scored(([[0, 0]], [[0, 2]])) == pytest.approx((1 / 2 + 0) / 2)  # predicted, it occurs


def test_pixels_that_are_not_known_do_not_count():
    assert scored(([[0, 1, 255, 255]], [[0, 0, 2, 1]])) == scored(SMALL)
    assert scored(([[255, 255]], [[0, 2]])) == 1


def test_samples_without_weight_do_not_count():
    score = PooledScore(CLASSES)
    assert update(score, ([[0, 1], [2, 2]], [[0, 0], [0, 1]]), np.array([0.5, 0.0])) == scored(SMALL)


def test_an_epoch_begins_with_nothing():
    score = PooledScore(CLASSES)
    update(score, SMALL)
    score.reset_state()
    assert update(score, LARGE) == 1


LABELS = np.array([[1, 1, 0, 0, 0, 0]])
FOREGROUND = np.array([0.6, 0.4, 0.6, 0.5, 0.9, 0.1], "float32")
CERTAINTY = np.array([[1, 1, 0.2, 1, 0, 1]], "float32")


@pytest.mark.parametrize("kind", ["mask", "instances"])
def test_foreground_is_where_more_than_one_half_is_predicted(kind):
    head = Head(kind=kind)
    channels = len(head.main.channels)
    predicted = np.full((1, 1, 6, channels), 0.7, "float32")
    predicted[0, 0, :, 0] = FOREGROUND
    for certainty, expected in ((None, 1 / 4), (CERTAINTY, 1 / 3)):
        score = PooledScore(head)
        score.update_state(make_targets(LABELS, head, certainty=certainty)[None], predicted)
        assert float(score.result()) == pytest.approx(expected)


def test_what_is_reported_of_a_head():
    assert [score.name for score in scores_of(HEADS["mask"])] == ["iou"]
    assert [score.name for score in scores_of(HEADS["instances"])] == ["iou"]
    scores = scores_of(CLASSES)
    assert [score.name for score in scores] == ["iou", "f1", "iou_background", "iou_grain", "iou_pore"]
    for batch in (SMALL, LARGE):
        found = [update(score, batch) for score in scores]
    assert found == pytest.approx([0.775, (6 / 7 + 8 / 9) / 2, 3 / 4, 4 / 5, 1])
