"""Curves over thresholds: they agree with the scores of each mask, and tuned scores say that they are."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autoseg.errors import ImageError, OptionsError
from autoseg.evaluation import evaluate, evaluate_thresholds, label, pool_thresholds
from tests.evaluation.scenes import SIZES, label_images, rectangles

pytestmark = pytest.mark.filterwarnings("error")
quick = settings(max_examples=40, deadline=None, derandomize=True)

TRUTH = rectangles((5, 5, 10, 10), (5, 30, 10, 10))


@st.composite
def maps(draw):
    shape = draw(SIZES)
    levels = st.sampled_from(np.linspace(0, 1, 11, dtype=np.float32).tolist())
    return draw(npst.arrays(np.float32, shape, elements=levels)), draw(label_images(shape))


@quick
@given(maps())
def test_each_threshold_scores_like_its_mask(case):
    probability, truth = case
    curves = evaluate_thresholds(probability, truth, np.linspace(0, 1, 6))
    for n, threshold in enumerate(curves.thresholds):
        published = evaluate(probability > np.float32(threshold), truth).published
        for name, score in published.to_dict().items():
            assert getattr(curves, name)[n] == pytest.approx(score)
        assert curves.youden[n] == pytest.approx(curves.true_positive_rate[n] - curves.false_positive_rate[n])


@quick
@given(maps())
def test_the_roc_area_is_the_chance_of_ranking_a_pair_rightly(case):
    probability, truth = case
    foreground, background = probability[truth > 0], probability[truth == 0]
    area = evaluate_thresholds(probability, truth, (0.5,)).roc_area
    if foreground.size and background.size:
        difference = foreground[:, None] - background
        assert area == pytest.approx(np.mean((difference > 0) + 0.5 * (difference == 0)))
    else:
        assert area is None


def test_the_best_threshold_is_an_oracles():
    probability = np.where(TRUTH == 1, 0.9, np.where(TRUTH == 2, 0.6, 0.3))
    curves = evaluate_thresholds(probability, TRUTH, (0.0, 0.5, 0.8, 1.0))
    assert curves.image_iou == (200 / 1800, 1, 0.5, 0)
    oracle = curves.oracle()
    assert all(name.startswith("oracle_") for name in oracle)
    assert (oracle["oracle_youden"], oracle["oracle_youden_threshold"]) == (1, 0.5)


def test_one_threshold_is_tuned_for_all_images_together():
    low = evaluate_thresholds(np.where(TRUTH > 0, 0.4, 0.0), TRUTH, (0.2, 0.6))
    high = evaluate_thresholds(np.where(TRUTH > 0, 0.8, 0.4), TRUTH, (0.2, 0.6))
    both = pool_thresholds([low, high])
    assert low.oracle()["oracle_image_iou"] == high.oracle()["oracle_image_iou"] == 1
    assert both.oracle()["oracle_image_iou"] == pytest.approx((1 + 200 / 1800) / 2)
    assert both.roc_area == 1


def test_particles_are_separated_as_the_caller_wants():
    touching = rectangles((5, 5, 10, 10), (5, 15, 10, 10))
    curves = evaluate_thresholds(
        (touching > 0) * 1.0, touching, (0.5,), separate=lambda mask: np.where(mask, touching, 0)
    )
    assert (curves.instance_iou, curves.instance_iou_8) == ((1,), (0.5,))
    joined = evaluate_thresholds(touching > 0, touching, (0.5,), separate=label)
    assert (joined.instance_iou, joined.instance_iou_8) == ((0.5,), (1,))


def test_an_image_without_foreground_has_no_roc_area():
    curves = evaluate_thresholds(np.full((4, 4), 0.5), np.zeros((4, 4), int), (0.2, 0.7))
    assert (curves.image_iou, curves.youden, curves.roc_area) == ((0, 1), (0, 1), None)
    assert pool_thresholds([curves]).roc_area is None


def test_curves_are_plain_numbers():
    curves = evaluate_thresholds((TRUTH > 0).astype(np.float32), TRUTH).to_dict()
    assert json.loads(json.dumps(curves, allow_nan=False)) == curves


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_what_is_no_probability_is_refused(value):
    with pytest.raises(ImageError, match="not between 0 and 1"):
        evaluate_thresholds(np.full(TRUTH.shape, value), TRUTH)


def test_another_shape_is_refused():
    with pytest.raises(ImageError, match=r"probability map has shape \(2, 3\), the truth \(30, 60\)"):
        evaluate_thresholds(np.zeros((2, 3)), TRUTH)


def test_thresholds_must_be_there_and_alike():
    with pytest.raises(OptionsError, match="no thresholds"):
        evaluate_thresholds(np.zeros(TRUTH.shape), TRUTH, ())
    one, other = (evaluate_thresholds(np.zeros(TRUTH.shape), TRUTH, (level,)) for level in (0.1, 0.2))
    for several in ([one, other], []):
        with pytest.raises(OptionsError, match="same thresholds"):
            pool_thresholds(several)
