"""One-to-one scores against an implementation that loops over pairs of particles, and what they must obey."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import linear_sum_assignment

from autoseg.errors import OptionsError
from autoseg.evaluation import IOU_THRESHOLDS, Detection, evaluate, pool_scores
from autoseg.evaluation.overlaps import find_overlaps, one_to_one
from tests.evaluation.scenes import pairs, rectangles

quick = settings(max_examples=100, deadline=None, derandomize=True)


def pixel_sets(labels):
    return [set(np.flatnonzero(labels == number).tolist()) for number in np.unique(labels[labels > 0])]


def exact_iou(one, other):
    return Fraction(len(one & other), len(one | other))


def brute_aggregated_jaccard(predicted, true):
    """As Kumar et al. 2017 write it; among equally good partners the one with the largest overlap, and all are used."""
    intersection = union = 0
    used = set()
    for truth in true:
        best = max([exact_iou(candidate, truth) for candidate in predicted], default=0)
        partners = [n for n, candidate in enumerate(predicted) if best and exact_iou(candidate, truth) == best]
        used.update(partners)
        partner = max((predicted[n] for n in partners), key=lambda candidate: len(candidate & truth), default=set())
        intersection += len(partner & truth)
        union += len(partner | truth)
    union += sum(len(candidate) for n, candidate in enumerate(predicted) if n not in used)
    return intersection / union if union else 1


def brute_aggregated_jaccard_plus(predicted, true):
    table = np.array([[float(exact_iou(one, other)) for other in true] for one in predicted])
    common = np.array([[len(one & other) for other in true] for one in predicted])
    if not table.size:
        return float(not (predicted or true))
    area = common[linear_sum_assignment(table + 1e-9 * common, maximize=True)].sum()
    return area / (sum(map(len, predicted)) + sum(map(len, true)) - area)


def brute_panoptic_quality(predicted, true):
    if not (predicted or true):
        return 1
    partners = [max([exact_iou(candidate, truth) for candidate in predicted], default=0) for truth in true]
    return float(sum(iou for iou in partners if iou > 0.5)) / ((len(predicted) + len(true)) / 2)


@quick
@given(pairs())
def test_scores_equal_those_of_a_loop_over_particles(pair):
    particles = evaluate(*pair).particles
    predicted, true = map(pixel_sets, pair)
    assert particles.aggregated_jaccard == pytest.approx(brute_aggregated_jaccard(predicted, true))
    assert particles.aggregated_jaccard_plus == pytest.approx(brute_aggregated_jaccard_plus(predicted, true))
    if 0.5 not in find_overlaps(*pair).iou:  # which is a match here, but not where the panoptic quality comes from
        assert particles.panoptic_quality == pytest.approx(brute_panoptic_quality(predicted, true))


@quick
@given(pairs())
def test_merges_and_splits_equal_those_of_a_loop(pair):
    particles = evaluate(*pair).particles
    predicted, true = map(pixel_sets, pair)
    merges = [sum(2 * len(one & other) > len(other) for other in true) > 1 for one in predicted]
    splits = [sum(2 * len(one & other) > len(one) for one in predicted) > 1 for other in true]
    assert (particles.merges, particles.splits) == (sum(merges), sum(splits))


@quick
@given(pairs())
def test_fewer_particles_are_found_at_higher_iou(pair):
    detections = evaluate(*pair).particles.detections
    assert tuple(detection.iou for detection in detections) == IOU_THRESHOLDS
    for name in ("true_positives", "precision", "recall", "f1", "average_precision"):
        values = [getattr(detection, name) for detection in detections]
        assert values == sorted(values, reverse=True)


@quick
@given(pairs())
def test_swapping_the_sides_swaps_the_errors(pair):
    scores, swapped = evaluate(*pair), evaluate(*pair[::-1])
    one, other = scores.particles, swapped.particles
    assert scores.published.image_iou == swapped.published.image_iou
    assert (one.precision, one.merges) == (other.recall, other.splits)
    assert one.panoptic_quality == other.panoptic_quality
    assert one.aggregated_jaccard_plus == other.aggregated_jaccard_plus
    assert sorted(find_overlaps(*pair).iou) == sorted(find_overlaps(*pair[::-1]).iou)


@quick
@given(pairs(), pairs())
def test_several_images_score_like_one_large_image(first, second):
    pooled = pool_scores([evaluate(*first), evaluate(*second)]).particles.to_dict()
    height = max(first[0].shape[0], second[0].shape[0])

    def beside(left, right):
        right = np.where(right > 0, right + 10, 0)
        return np.hstack([np.pad(image, [(0, height - len(image)), (0, 1)]) for image in (left, right)])

    large = evaluate(*map(beside, first, second)).particles.to_dict()
    assert pooled.pop("by_iou") == large.pop("by_iou")
    assert pooled == pytest.approx(large)


def test_the_greatest_total_is_not_found_by_taking_the_best_pair_first():
    truth = rectangles((0, 0, 1, 6), (0, 6, 1, 6), shape=(1, 18))
    predicted = rectangles((0, 1, 1, 8), (0, 9, 1, 9), shape=(1, 18))
    overlaps = find_overlaps(predicted, truth)  # IoU 5/9 and 3/11 of the first prediction, 3/12 of the second
    pairs = one_to_one(overlaps, 0)
    assert overlaps.iou[pairs].tolist() == [5 / 9, 3 / 12]
    crossed = find_overlaps(rectangles((0, 2, 1, 8), shape=(1, 18)), truth)
    assert crossed.iou[one_to_one(crossed, 0)].tolist() == [4 / 10]


@pytest.mark.parametrize("numbers", [(0, 1, 2), (0, 2, 1)])
def test_among_equal_totals_the_larger_common_area_is_taken(numbers):
    predicted, truth = rectangles((0, 1, 1, 9), shape=(1, 22)), rectangles((0, 0, 1, 4), (0, 4, 1, 17), shape=(1, 22))
    overlaps = find_overlaps(predicted, np.array(numbers)[truth])
    assert overlaps.iou.tolist() == [3 / 10, 6 / 20]
    assert overlaps.areas[one_to_one(overlaps, 0)].tolist() == [6]


def test_detection_rates():
    detection = Detection(iou=0.5, true_positives=6, false_positives=2, false_negatives=4)
    assert (detection.precision, detection.recall, detection.average_precision) == (0.75, 0.6, 0.5)


def test_particles_are_scored_only_at_the_thresholds_of_the_table():
    with pytest.raises(OptionsError, match=r"0\.5, 0\.55.*not at 0\.42"):
        evaluate(np.ones((2, 2), int), np.ones((2, 2), int)).particles.at(0.42)
