"""The scores of published work (Sci. Rep. 11, 4942, 2021), for comparison: missed particles lower them little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum

import numpy as np

from autoseg.evaluation.overlaps import Overlaps


@dataclass(frozen=True)
class PublishedScores:
    """Scores of one image, or their averages over several."""

    image_iou: float
    "Pixels that are foreground in both over pixels that are foreground in either."
    youden: float
    "True positive rate + true negative rate - 1 over pixels."
    instance_iou: float
    "For each predicted particle the best IoU with any true one, averaged over the predicted particles."
    instance_iou_8: float
    "The same as it was published: true particles that touch at a corner, or without any line between, are one."

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, ready for JSON."""
        return asdict(self)


def average_published(several: Sequence[PublishedScores], weights: Sequence[int]) -> PublishedScores:
    """The averages over several images, or over several sets of images weighted by their numbers."""

    def average(name: str) -> float:
        weighted = (weight * getattr(scores, name) for scores, weight in zip(several, weights, strict=True))
        return fsum(weighted) / sum(weights)

    return PublishedScores(
        image_iou=average("image_iou"),
        youden=average("youden"),
        instance_iou=average("instance_iou"),
        instance_iou_8=average("instance_iou_8"),
    )


@dataclass(frozen=True)
class PixelCounts:
    """Of the foreground and background pixels, how many are predicted as foreground: numbers, or arrays (thresholds,).

    A rate over no pixels is 1: there is nothing to miss.

    >>> counts = PixelCounts(foreground=4, background=12, hits=3, false_alarms=3)
    >>> float(counts.image_iou), float(counts.youden)
    (0.42857142857142855, 0.5)
    """

    foreground: int
    background: int
    hits: int | np.ndarray
    false_alarms: int | np.ndarray

    @property
    def true_positive_rate(self) -> np.ndarray:
        """Share of the foreground that is predicted."""
        return _rate(self.hits, self.foreground)

    @property
    def false_positive_rate(self) -> np.ndarray:
        """Share of the background that is predicted as foreground."""
        return 1 - _rate(self.background - self.false_alarms, self.background)

    @property
    def youden(self) -> np.ndarray:
        """True positive rate + true negative rate - 1."""
        return self.true_positive_rate - self.false_positive_rate

    @property
    def image_iou(self) -> np.ndarray:
        """Intersection over union of the foregrounds; 1 if both are empty."""
        return _rate(self.hits, self.foreground + self.false_alarms)


def count_pixels(predicted: np.ndarray, truth: np.ndarray) -> PixelCounts:
    """Count the pixels of two masks (height, width)."""
    hits = int(np.count_nonzero(predicted & truth))
    foreground = int(np.count_nonzero(truth))
    return PixelCounts(foreground, truth.size - foreground, hits, int(np.count_nonzero(predicted)) - hits)


def score_instances(overlaps: Overlaps) -> float:
    """Mean best IoU of the predicted particles. Without any it is 1 if there is no true one either, else 0."""
    best = overlaps.best_iou_of_predicted
    return fsum(best) / len(best) if len(best) else float(not len(overlaps.true_areas))


def _rate(part: int | np.ndarray, whole: int | np.ndarray) -> np.ndarray:
    return np.where(np.equal(whole, 0), 1.0, np.divide(part, np.maximum(whole, 1)))
