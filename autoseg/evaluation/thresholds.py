"""What each threshold of a probability map would give: the ROC curve, and scores tuned on the truth itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from autoseg.errors import ImageError, OptionsError
from autoseg.evaluation.labels import check_shapes, label, to_labels
from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.published import PixelCounts, score_instances

THRESHOLDS = tuple(percent / 100 for percent in range(0, 101, 5))


@dataclass(frozen=True)
class ThresholdScores:
    """The published scores of one image, or averages over several, if pixels above a threshold were foreground."""

    thresholds: tuple[float, ...]
    true_positive_rate: tuple[float, ...]
    false_positive_rate: tuple[float, ...]
    image_iou: tuple[float, ...]
    youden: tuple[float, ...]
    instance_iou: tuple[float, ...]
    instance_iou_8: tuple[float, ...]
    roc_area: float | None
    "Chance that a foreground pixel is more probable than a background pixel; none if an image lacks one of them."

    def oracle(self) -> dict[str, float]:
        """The best of each score, and the threshold that gives it.

        The threshold is chosen with the truth in hand, for each score another one: no user can reach all of these.

        >>> curves = evaluate_thresholds(np.array([[0.2, 0.6]]), np.array([[0, 1]]), (0.1, 0.5, 0.9))
        >>> curves.oracle()["oracle_image_iou"], curves.oracle()["oracle_image_iou_threshold"]
        (1.0, 0.5)
        """
        best = {}
        for name in ("image_iou", "youden", "instance_iou", "instance_iou_8"):
            scores = getattr(self, name)
            best[f"oracle_{name}"] = max(scores)
            best[f"oracle_{name}_threshold"] = self.thresholds[scores.index(max(scores))]
        return best

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


def evaluate_thresholds(
    probability: np.ndarray,
    truth: np.ndarray,
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    separate: Callable[[np.ndarray], np.ndarray] = label,
) -> ThresholdScores:
    """Score a probability map (height, width) from 0 to 1 at each threshold against labels or a mask of its shape.

    `separate` turns a boolean mask into labels; by default connected regions are particles.

    >>> curves = evaluate_thresholds(np.array([[0.9, 0.6, 0.1, 0.4]]), np.array([[1, 1, 0, 0]]), (0.0, 0.5, 1.0))
    >>> curves.true_positive_rate, curves.false_positive_rate, curves.roc_area
    ((1.0, 1.0, 0.0), (1.0, 0.0, 0.0), 1.0)
    """
    if not len(thresholds):
        raise OptionsError("there are no thresholds")
    check_shapes(probability, truth, "probability map")
    probability = np.asarray(probability, np.result_type(probability, np.float32))
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ImageError("the probability map has values that are not between 0 and 1")
    truth = to_labels(truth, "truth")
    levels = np.asarray(thresholds, probability.dtype)
    instance_iou, instance_iou_8 = _score_instances(map(separate, (probability > level for level in levels)), truth)
    foreground, background = np.sort(probability[truth > 0]), np.sort(probability[truth == 0])
    pixels = _count_above(foreground, background, levels)
    return ThresholdScores(
        thresholds=tuple(map(float, thresholds)),
        true_positive_rate=tuple(pixels.true_positive_rate.tolist()),
        false_positive_rate=tuple(pixels.false_positive_rate.tolist()),
        image_iou=tuple(pixels.image_iou.tolist()),
        youden=tuple(pixels.youden.tolist()),
        instance_iou=instance_iou,
        instance_iou_8=instance_iou_8,
        roc_area=_area(foreground, background),
    )


def pool_thresholds(several: Sequence[ThresholdScores]) -> ThresholdScores:
    """Averages over several images that were scored at the same thresholds."""
    if len({scores.thresholds for scores in several}) != 1:
        raise OptionsError("only curves over the same thresholds have an average, and at least one is needed")
    areas = [scores.roc_area for scores in several if scores.roc_area is not None]

    def average(name: str) -> tuple[float, ...]:
        return tuple(fmean(values) for values in zip(*(getattr(scores, name) for scores in several), strict=True))

    return ThresholdScores(
        thresholds=several[0].thresholds,
        true_positive_rate=average("true_positive_rate"),
        false_positive_rate=average("false_positive_rate"),
        image_iou=average("image_iou"),
        youden=average("youden"),
        instance_iou=average("instance_iou"),
        instance_iou_8=average("instance_iou_8"),
        roc_area=fmean(areas) if len(areas) == len(several) else None,
    )


def _score_instances(segmentations: Iterable[np.ndarray], truth: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """The instance IoU of each segmentation, with the truth as it is and with touching true particles as one."""
    readings = truth, label(truth, connectivity=8)
    scores = [[score_instances(find_overlaps(labels, reading)) for reading in readings] for labels in segmentations]
    return tuple(zip(*scores, strict=True))


def _count_above(foreground: np.ndarray, background: np.ndarray, thresholds: np.ndarray) -> PixelCounts:
    """How many of the sorted values are above each threshold."""
    hits, false_alarms = (
        values.size - np.searchsorted(values, thresholds, side="right") for values in (foreground, background)
    )
    return PixelCounts(foreground.size, background.size, hits, false_alarms)


def _area(foreground: np.ndarray, background: np.ndarray) -> float | None:
    """Area under the ROC curve through every value there is; equal values count half. Both are sorted."""
    if not (foreground.size and background.size):
        return None
    below, not_above = (np.searchsorted(background, foreground, side=side) for side in ("left", "right"))
    return float((below.mean() + not_above.mean()) / (2 * background.size))
