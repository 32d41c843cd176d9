"""Scores of class maps: tiny ones by hand, and what must hold for all of them."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autoseg.errors import AutosegError
from autoseg.evaluation import pool_classes, score_classes
from autoseg.evaluation.classes import MEASURES

NAMES = ("background", "grain", "pore")
TRUTH = np.array([[0, 0, 0, 1, 1, 1], [0, 2, 2, 1, 1, 1], [0, 2, 2, 0, 0, 0]])


def changed(classes, **pixels):
    """The class map with some pixels, such as r1c2=0, of another class."""
    classes = classes.copy()
    for place, number in pixels.items():
        row, column = place[1:].split("c")
        classes[int(row), int(column)] = number
    return classes


def test_scores_by_hand():
    scores = score_classes(changed(TRUTH, r0c0=1, r1c1=0, r1c2=1), TRUTH, NAMES)
    assert scores.confusion == ((7, 1, 0), (0, 6, 0), (1, 1, 2))
    assert (scores.images, scores.pixels, scores.ignored, scores.undecided) == (1, 18, 0, (0, 0, 0))
    assert scores.pixel_accuracy == 15 / 18
    background, grain, pore = scores.classes
    assert (grain.true_pixels, grain.predicted_pixels, grain.common_pixels) == (6, 8, 6)
    assert (grain.iou, grain.precision, grain.recall, grain.f1) == (6 / 8, 6 / 8, 1, 12 / 14)
    assert (pore.iou, pore.precision, pore.recall, pore.f1) == (2 / 4, 1, 2 / 4, 4 / 6)
    assert background.iou == 7 / 9 and background.objects is None
    assert scores.mean("iou") == pytest.approx((7 / 9 + 6 / 8 + 2 / 4) / 3)
    assert scores.mean("iou", background=False) == pytest.approx((6 / 8 + 2 / 4) / 2)
    assert (grain.objects.true, grain.objects.predicted, grain.objects.precision) == (1, 2, 0.5)
    assert (pore.objects.true, pore.objects.recall) == (1, 1)  # at an IoU of just 0.5
    assert scores.mean_object_f1() == pytest.approx((2 / 3 + 1) / 2)


def test_pooled_scores_are_of_all_pixels_and_not_averaged():
    few, many = np.array([[1, 0]]), np.ones((1, 8), int)
    bad, good = score_classes(np.array([[0, 0]]), few, NAMES), score_classes(many, many, NAMES)
    both = pool_classes([bad, good])
    assert (bad.classes[1].recall, good.classes[1].recall, both.classes[1].recall) == (0, 1, 8 / 9)
    assert (both.images, both.pixels, both.pixel_accuracy) == (2, 10, 9 / 10)
    assert (both.classes[1].objects.true, both.classes[1].objects.recall) == (2, 0.5)


def test_what_is_not_known_in_the_truth_counts_nowhere():
    truth, predicted = changed(TRUTH, r2c1=255, r2c2=255), changed(TRUTH, r2c1=1, r2c2=0)
    scores = score_classes(predicted, truth, NAMES)
    assert scores.pixel_accuracy == 1 and (scores.ignored, scores.pixels) == (2, 16)
    assert scores.classes[2].true_pixels == 2 and scores.classes[1].objects.predicted == 1
    nothing = score_classes(predicted, np.full_like(truth, 255), NAMES)
    assert nothing.pixel_accuracy is None and nothing.absent == NAMES and nothing.mean("iou") is None
    assert nothing.mean_object_f1() is None


def test_pixels_without_a_prediction_are_missed_and_belong_to_no_class():
    scores = score_classes(changed(TRUTH, r0c3=255), TRUTH, NAMES)
    assert scores.undecided == (0, 1, 0) and scores.pixels == 18 and scores.pixel_accuracy == 17 / 18
    assert (scores.classes[1].recall, scores.classes[1].precision) == (5 / 6, 1)


def test_a_class_on_neither_side_has_no_scores_and_no_part_in_the_means():
    truth = np.where(TRUTH == 2, 0, TRUTH)
    scores = score_classes(truth, truth, NAMES)
    pore = scores.classes[2]
    assert [getattr(pore, name) for name in MEASURES] == [None] * 4 and pore.absent and pore.objects is None
    assert scores.absent == ("pore",) and scores.mean("iou") == scores.mean("iou", background=False) == 1
    assert scores.to_dict()["absent"] == ["pore"] and scores.to_dict()["classes"]["pore"]["iou"] is None


@pytest.mark.parametrize("swapped", [False, True])
def test_a_class_on_one_side_only_scores_nothing_and_lowers_the_means(swapped):
    predicted, truth = TRUTH, np.where(TRUTH == 2, 0, TRUTH)
    scores = score_classes(*((truth, predicted) if swapped else (predicted, truth)), NAMES)
    assert [getattr(scores.classes[2], name) for name in MEASURES] == [0] * 4 and scores.absent == ()
    assert scores.mean("recall", background=False) == 0.5 and scores.classes[2].objects.f1 == 0


def test_swapped_classes_are_all_wrong_though_their_regions_are_right():
    swapped = np.choose(TRUTH, [0, 2, 1])
    scores = score_classes(swapped, TRUTH, NAMES)
    assert scores.confusion == ((8, 0, 0), (0, 0, 6), (0, 4, 0))
    assert [one.iou for one in scores.classes] == [1, 0, 0] and scores.mean_object_f1() == 0


def test_regions_are_joined_by_a_shared_corner_within_a_class_only():
    truth = np.array([[1, 0, 2], [0, 1, 0], [0, 0, 2]])
    grain, pore = (one.objects.true for one in score_classes(truth, truth, NAMES).classes[1:])
    assert (grain, pore) == (1, 2)


def test_small_objects_and_those_at_the_edge_can_be_left_out_but_not_their_pixels():
    truth = np.zeros((9, 9), int)
    truth[0:3, 0:3], truth[4:7, 4:7], truth[8, 8] = 1, 1, 1
    counts = {
        (size, edge): score_classes(truth, truth, NAMES[:2], minimum_size=size, exclude_edge=edge)
        for size in (1, 2)
        for edge in (False, True)
    }
    assert {key: one.objects[0].true for key, one in counts.items()} == {
        (1, False): 3,
        (2, False): 2,
        (1, True): 1,
        (2, True): 1,
    }
    assert {one.classes[1].true_pixels for one in counts.values()} == {19}


@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        (TRUTH[:, 1:], TRUTH, "class map has shape"),
        (TRUTH + 1, TRUTH, "pixels of class 3, but there are only 3 classes, 0 to 2"),
        (TRUTH, TRUTH + 1, "pixels of class 3"),
        (TRUTH / 2, TRUTH, "no class numbers"),
    ],
)
def test_what_cannot_be_scored_is_refused(predicted, truth, expected):
    with pytest.raises(AutosegError, match=expected):
        score_classes(predicted, truth, NAMES)


def test_only_scores_of_the_same_classes_are_pooled():
    with pytest.raises(AutosegError, match="no scores to pool"):
        pool_classes([])
    with pytest.raises(AutosegError, match="same classes"):
        pool_classes([score_classes(TRUTH, TRUTH, NAMES), score_classes(TRUTH, TRUTH, ("a", "b", "c"))])


def test_as_many_classes_as_there_can_be():
    truth = np.arange(256).reshape(16, 16)
    scores = score_classes(truth, truth, [f"class {number}" for number in range(255)])
    assert scores.pixel_accuracy == 1 and scores.ignored == 1 and scores.classes[254].iou == 1


@st.composite
def pairs(draw):
    shape = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    maps = npst.arrays(np.uint8, shape, elements=st.sampled_from((0, 1, 2, 255)))
    return draw(maps), draw(maps)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(pairs(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_images_does_not_matter_nor_do_groups(images, random):
    scores = [score_classes(*pair, NAMES) for pair in images]
    shuffled = random.sample(scores, len(scores))
    together = pool_classes(scores)
    assert pool_classes(shuffled) == together
    if len(scores) > 2:
        regrouped = pool_classes([pool_classes(scores[:2]), *scores[2:]])
        assert (regrouped.confusion, regrouped.undecided) == (together.confusion, together.undecided)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(pairs())
def test_the_truth_itself_scores_1_and_nothing_scores_beyond_0_and_1(pair):
    predicted, truth = pair
    perfect = score_classes(truth, truth, NAMES)
    assert perfect.pixel_accuracy in (1, None) and not any(perfect.undecided)
    assert all(getattr(one, name) == 1 for one in perfect.classes if not one.absent for name in MEASURES)
    assert all(one.objects.f1 == 1 for one in perfect.classes if one.objects)
    scores = score_classes(predicted, truth, NAMES)
    for one in scores.classes:
        values = [getattr(one, name) for name in MEASURES]
        assert values == [None] * 4 if one.absent else all(0 <= value <= 1 for value in values)
    assert scores.pixels + scores.ignored == truth.size


@settings(max_examples=60, deadline=None, derandomize=True)
@given(pairs())
def test_scores_are_those_of_sets_of_pixels(pair):
    predicted, truth = pair
    scores = score_classes(predicted, truth, NAMES)
    known = {place for place in np.ndindex(truth.shape) if truth[place] != 255}
    for number, one in enumerate(scores.classes):
        ours, theirs = ({place for place in known if image[place] == number} for image in pair)
        if ours | theirs:
            assert one.iou == float(Fraction(len(ours & theirs), len(ours | theirs)))
            assert one.f1 == float(Fraction(2 * len(ours & theirs), len(ours) + len(theirs)))
        else:
            assert one.absent


def test_json_holds_all_counts_and_scores():
    scores = score_classes(changed(TRUTH, r0c3=255), TRUTH, NAMES)
    found = json.loads(json.dumps(scores.to_dict()))
    assert found["confusion"] == [[8, 0, 0], [0, 5, 0], [0, 0, 4]] and found["undecided"] == [0, 1, 0]
    assert found["classes"]["grain"]["recall"] == 5 / 6 and found["classes"]["background"]["objects"] is None
    assert found["classes"]["pore"]["objects"]["f1"] == found["means_without_background"]["object_f1"] == 1
    assert found["means"]["recall"] == pytest.approx((1 + 5 / 6 + 1) / 3)
