"""Scores of whole images: known by hand, empty sides, what is left out, and what must not matter."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.errors import OptionsError
from autoseg.evaluation import evaluate, label, pool_scores
from tests.evaluation.scenes import pairs, rectangles

pytestmark = pytest.mark.filterwarnings("error")
quick = settings(max_examples=60, deadline=None, derandomize=True)

TWO = rectangles((5, 5, 10, 10), (5, 30, 10, 10))
NONE = np.zeros_like(TWO)


def test_a_perfect_segmentation_scores_one_everywhere():
    scores = evaluate(TWO, TWO, pixel_size=2)
    assert dataclasses.astuple(scores.published) == (1, 1, 1, 1)
    particles = scores.to_dict()["particles"]
    assert (particles.pop("predicted"), particles.pop("true"), particles.pop("merges"), particles.pop("splits")) == (
        2,
        2,
        0,
        0,
    )
    for detection in particles.pop("by_iou"):
        assert (detection["true_positives"], detection["f1"], detection["average_precision"]) == (2, 1, 1)
    assert set(particles.values()) == {1}
    assert scores.sizes_px.kolmogorov_smirnov == scores.sizes_px.relative_error(50) == 0


def test_squares_shifted_by_a_pixel():
    scores = evaluate(np.roll(TWO, 1, axis=1), TWO)
    assert scores.published.image_iou == 9 / 11
    assert scores.published.youden == pytest.approx(0.9 - 20 / (30 * 60 - 200))
    assert scores.published.instance_iou == scores.published.instance_iou_8 == pytest.approx(9 / 11)
    particles = scores.particles
    assert (particles.at(0.8).f1, particles.at(0.85).f1) == (1, 0)
    assert particles.mean_average_precision == 0.7
    assert particles.panoptic_quality == particles.mean_best_iou == pytest.approx(9 / 11)
    assert particles.aggregated_jaccard == particles.aggregated_jaccard_plus == 9 / 11


def test_a_merge():
    truth, predicted = rectangles((5, 5, 10, 10), (5, 15, 10, 5)), rectangles((5, 5, 10, 15))
    scores, particles = evaluate(predicted, truth), evaluate(predicted, truth).particles
    assert (particles.merges, particles.splits) == (1, 0)
    assert (particles.precision, particles.recall, particles.average_precision) == (1, 0.5, 0.5)
    assert particles.mean_best_iou == 0.5
    assert particles.panoptic_quality == pytest.approx(4 / 9)
    assert particles.aggregated_jaccard == (100 + 50) / (150 + 150)
    assert particles.aggregated_jaccard_plus == 100 / (150 + 50)
    assert (scores.published.instance_iou, scores.published.instance_iou_8) == (pytest.approx(2 / 3), 1)
    assert scores.published.image_iou == scores.published.youden == 1


def test_a_split():
    truth, predicted = rectangles((5, 5, 10, 15)), rectangles((5, 5, 10, 10), (5, 15, 10, 5))
    scores, particles = evaluate(predicted, truth), evaluate(predicted, truth).particles
    assert (particles.merges, particles.splits) == (0, 1)
    assert (particles.precision, particles.recall, particles.average_precision) == (0.5, 1, 0.5)
    assert particles.mean_best_iou == pytest.approx(2 / 3)
    assert particles.aggregated_jaccard == particles.aggregated_jaccard_plus == 100 / (150 + 50)
    assert scores.published.instance_iou == 0.5


def test_one_missed_costs_the_published_instance_score_nothing():
    scores = evaluate(np.where(TWO == 1, TWO, 0), TWO)
    assert scores.published.instance_iou == scores.particles.precision == 1
    assert scores.published.image_iou == scores.published.youden == 0.5
    assert scores.particles.recall == scores.particles.mean_best_iou == scores.particles.aggregated_jaccard == 0.5


def test_one_false():
    scores = evaluate(TWO, np.where(TWO == 1, TWO, 0))
    assert scores.published.instance_iou == scores.particles.precision == scores.particles.aggregated_jaccard == 0.5
    assert scores.particles.recall == scores.particles.mean_best_iou == 1


def test_one_prediction_is_one_match_even_if_two_fit_equally_well():
    particles = evaluate(rectangles((5, 5, 10, 20)), rectangles((5, 5, 10, 10), (5, 15, 10, 10))).particles
    at_half = particles.at(0.5)
    assert (at_half.true_positives, at_half.false_positives, at_half.false_negatives) == (1, 0, 1)


@pytest.mark.parametrize(
    ("predicted", "truth", "score", "youden"),
    [(NONE, NONE, 1, 1), (NONE, TWO, 0, 0), (TWO, NONE, 0, 1 - 200 / 1800)],
)
def test_empty_sides(predicted, truth, score, youden):
    scores = evaluate(predicted, truth, pixel_size=1).to_dict()
    assert scores["published"].pop("youden") == pytest.approx(youden)
    assert set(scores["published"].values()) == {score}
    particles = scores["particles"]
    shares = [
        value for name, value in particles.items() if name not in ("predicted", "true", "by_iou", "merges", "splits")
    ]
    assert set(shares) == {score}
    assert {detection["average_precision"] for detection in particles["by_iou"]} == {score}
    assert scores["sizes_nm"]["kolmogorov_smirnov"] == 1 - score
    assert scores["sizes_nm"]["d50"]["relative_error"] is None


def test_an_image_without_pixels_is_empty():
    assert evaluate(np.zeros((0, 5), int), np.zeros((0, 5), int)).particles.f1 == 1


def test_small_particles_are_left_out_and_the_truth_decides_which():
    truth = rectangles((2, 2, 10, 10), (2, 20, 9, 11), (2, 40, 3, 3))
    predicted = rectangles((2, 2, 9, 11), (2, 20, 10, 10), (20, 20, 5, 5))
    everything = evaluate(predicted, truth).particles
    assert (everything.predicted, everything.true, everything.f1) == (3, 3, 2 / 3)
    large = evaluate(predicted, truth, minimum_size=100).particles
    assert (large.predicted, large.true, large.f1) == (1, 1, 1)


def test_particles_at_the_edge_are_left_out_and_the_truth_decides_which():
    truth = rectangles((0, 5, 10, 10), (1, 30, 10, 10))
    predicted = rectangles((1, 5, 9, 10), (0, 30, 11, 10), (25, 5, 5, 5))
    inside = evaluate(predicted, truth, exclude_edge=True)
    assert (inside.particles.predicted, inside.particles.true) == (1, 1)
    assert inside.particles.mean_best_iou == 10 / 11
    assert inside.published.image_iou == evaluate(predicted, truth).published.image_iou


@pytest.mark.parametrize("place", [(0, 9), (20, 9), (9, 0), (9, 50)])
def test_each_edge_is_an_edge(place):
    labels = rectangles((9, 20, 10, 10), (*place, 10, 10))
    assert evaluate(labels, labels, exclude_edge=True).particles.true == 1


def test_true_particles_that_touch_at_a_corner_are_one_in_the_published_reading():
    truth = rectangles((0, 0, 10, 10), (10, 10, 10, 10)) > 0
    assert evaluate(truth, truth).published.instance_iou == 1
    assert evaluate(truth, truth).published.instance_iou_8 == 0.5
    assert evaluate(label(truth, connectivity=8), truth).published.instance_iou_8 == 1


@quick
@given(pairs(), st.permutations(range(1, 6)), st.permutations(range(1, 6)))
def test_the_numbers_of_the_labels_do_not_matter(pair, numbers, others):
    predicted, truth = pair
    new_predicted, new_truth = (
        np.array([0, *new])[labels] for labels, new in zip(pair, (numbers, others), strict=True)
    )
    assert evaluate(new_predicted * 10**6, new_truth) == evaluate(predicted, truth)


@quick
@given(st.lists(pairs(), min_size=2, max_size=4))
def test_the_order_of_images_does_not_matter(images):
    scores = [evaluate(predicted, truth, pixel_size=3) for predicted, truth in images]
    assert pool_scores(scores) == pool_scores(scores[::-1])


def test_pooled_scores_can_be_pooled():
    scores = [evaluate(TWO, TWO), evaluate(NONE, TWO), evaluate(np.roll(TWO, 1, axis=0), TWO)]
    assert pool_scores([pool_scores(scores[:2]), scores[2]]) == pool_scores(scores)


def test_published_scores_average_images_and_the_others_pool_particles():
    one = np.where(TWO == 1, TWO, 0)
    both = pool_scores([evaluate(one, one, pixel_size=2), evaluate(one, TWO)])
    assert (both.images, both.published.image_iou) == (2, 0.75)
    assert both.particles.recall == 2 / 3
    assert len(both.sizes_px.true) == 3 and len(both.sizes_px.images) == 2
    assert both.sizes_nm is None


def test_no_images_have_no_summary():
    with pytest.raises(OptionsError, match="at least one image"):
        pool_scores([])


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf")])
def test_impossible_pixel_sizes(size):
    with pytest.raises(OptionsError, match="pixel size"):
        evaluate(TWO, TWO, pixel_size=size)


@quick
@given(pairs())
def test_scores_are_plain_numbers_between_zero_and_one(pair):
    scores = evaluate(*pair, pixel_size=7.344).to_dict()
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    assert all(0 <= value <= 1 for name, value in scores["published"].items() if name != "youden")
    assert -1 <= scores["published"]["youden"] <= 1


def test_results_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        evaluate(TWO, TWO).images = 2
