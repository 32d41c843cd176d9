"""Scores of particles, one to one: a missed, false, merged or split particle always costs something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any

import numpy as np

from autoseg.errors import OptionsError
from autoseg.evaluation.overlaps import Overlaps, greatest, one_to_one

IOU_THRESHOLDS = tuple(percent / 100 for percent in range(50, 100, 5))
"0.5, 0.55 ... 0.95: from which IoU on a predicted particle counts as the true one."


@dataclass(frozen=True)
class Detection:
    """How many particles are found when a pair needs at least this IoU.

    >>> Detection(iou=0.5, true_positives=6, false_positives=2, false_negatives=4).f1
    0.6666666666666666
    """

    iou: float
    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def precision(self) -> float:
        """Share of the predicted particles that are true."""
        return _share(self.true_positives, self.true_positives + self.false_positives, self._empty)

    @property
    def recall(self) -> float:
        """Share of the true particles that are found."""
        return _share(self.true_positives, self.true_positives + self.false_negatives, self._empty)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        wrong = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + wrong, self._empty)

    @property
    def average_precision(self) -> float:
        """True positives over true positives, false positives and false negatives."""
        total = self.true_positives + self.false_positives + self.false_negatives
        return _share(self.true_positives, total, self._empty)

    @property
    def _empty(self) -> bool:
        return not (self.true_positives or self.false_positives or self.false_negatives)

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, ready for JSON."""
        names = ("precision", "recall", "f1", "average_precision")
        return asdict(self) | {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class ParticleScores:
    """Scores over all particles of one image, or of several.

    The fields are sums, from which the scores follow: several images are scored as if they were one large image.
    Where there is neither a predicted nor a true particle every score is 1; where only one side is empty, 0.
    """

    predicted: int
    true: int
    detections: tuple[Detection, ...]
    "One for each of IOU_THRESHOLDS."
    total_matched_iou: float
    "Of the pairs with IoU 0.5 and more."
    total_best_iou: float
    "Of each true particle with whichever predicted one is best."
    aji_intersection: int
    aji_union: int
    paired_area: int
    "Common pixels of the one-to-one pairs of greatest total IoU."
    paired_union: int
    "All pixels of all particles on both sides, those common to pairs counted once."
    merges: int
    "Predicted particles that cover more than half of each of two or more true ones."
    splits: int
    "True particles in which more than half of each of two or more predicted ones lies."

    def at(self, iou: float) -> Detection:
        """What is found at one of IOU_THRESHOLDS."""
        if iou not in IOU_THRESHOLDS:
            raise OptionsError(f"particles are scored at the IoU thresholds {IOU_THRESHOLDS}, not at {iou}")
        return self.detections[IOU_THRESHOLDS.index(iou)]

    @property
    def precision(self) -> float:
        """Share of the predicted particles that are true, at IoU 0.5."""
        return self.at(0.5).precision

    @property
    def recall(self) -> float:
        """Share of the true particles that are found, at IoU 0.5."""
        return self.at(0.5).recall

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall at IoU 0.5; also the recognition quality in the panoptic quality."""
        return self.at(0.5).f1

    @property
    def average_precision(self) -> float:
        """True positives over true positives, false positives and false negatives, at IoU 0.5."""
        return self.at(0.5).average_precision

    @property
    def mean_average_precision(self) -> float:
        """Mean over the IoU thresholds 0.5, 0.55 ... 0.95."""
        return fsum(detection.average_precision for detection in self.detections) / len(self.detections)

    @property
    def mean_best_iou(self) -> float:
        """Best IoU of each true particle, averaged: a missed one counts as 0."""
        return _share(self.total_best_iou, self.true, self._empty)

    @property
    def segmentation_quality(self) -> float:
        """Mean IoU of the pairs with IoU 0.5 and more."""
        return _share(self.total_matched_iou, self.at(0.5).true_positives, self._empty)

    @property
    def panoptic_quality(self) -> float:
        """Segmentation quality x recognition quality (Kirillov et al. 2019; there IoU 0.5 itself is no match)."""
        return self.segmentation_quality * self.f1

    @property
    def aggregated_jaccard(self) -> float:
        """AJI (Kumar et al. 2017).

        Each true particle is paired with the predicted one of the best IoU, whether that is taken or not; the common
        pixels are added up and divided by the pixels of either, plus those of all predicted particles that are best
        for none.
        """
        return _share(self.aji_intersection, self.aji_union, self._empty)

    @property
    def aggregated_jaccard_plus(self) -> float:
        """AJI+ (Graham et al. 2019): as AJI, but each predicted particle is used once, for the greatest total IoU."""
        return _share(self.paired_area, self.paired_union, self._empty)

    @property
    def _empty(self) -> bool:
        return not (self.predicted or self.true)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        counts = ("predicted", "true", "merges", "splits")
        return {name: getattr(self, name) for name in (*counts, *_SCORES)} | {
            "by_iou": [detection.to_dict() for detection in self.detections]
        }


_SCORES = (
    "precision",
    "recall",
    "f1",
    "average_precision",
    "mean_average_precision",
    "mean_best_iou",
    "segmentation_quality",
    "panoptic_quality",
    "aggregated_jaccard",
    "aggregated_jaccard_plus",
)


def score_particles(overlaps: Overlaps) -> ParticleScores:
    """The one-to-one scores of one image."""
    predicted, true = len(overlaps.predicted_areas), len(overlaps.true_areas)
    matched_iou = overlaps.iou[one_to_one(overlaps, 0.5)]
    found = [int((matched_iou >= iou).sum()) for iou in IOU_THRESHOLDS]
    intersection, union = _aggregate(overlaps)
    paired_area = int(overlaps.areas[one_to_one(overlaps, 0)].sum())
    return ParticleScores(
        predicted=predicted,
        true=true,
        detections=tuple(
            Detection(iou, hits, predicted - hits, true - hits) for iou, hits in zip(IOU_THRESHOLDS, found, strict=True)
        ),
        total_matched_iou=fsum(matched_iou),
        total_best_iou=fsum(overlaps.best_iou_of_true),
        aji_intersection=intersection,
        aji_union=union,
        paired_area=paired_area,
        paired_union=int(overlaps.predicted_areas.sum() + overlaps.true_areas.sum()) - paired_area,
        merges=int(overlaps.merging.sum()),
        splits=int(overlaps.split.sum()),
    )


def _aggregate(overlaps: Overlaps) -> tuple[int, int]:
    """Numerator and denominator of the AJI. Of equally good partners the largest overlap counts, and all are used."""
    best = overlaps.iou == overlaps.best_iou_of_true[overlaps.true]
    predicted, true, areas = overlaps.predicted[best], overlaps.true[best], overlaps.areas[best]
    intersections = greatest(areas, true, len(overlaps.true_areas))
    partner_areas = greatest(overlaps.predicted_areas[predicted], true, len(overlaps.true_areas))
    unused = np.ones(len(overlaps.predicted_areas), bool)
    unused[predicted] = False
    unions = overlaps.true_areas + partner_areas - intersections
    return int(intersections.sum()), int(unions.sum() + overlaps.predicted_areas[unused].sum())


def pool_particles(several: Sequence[ParticleScores]) -> ParticleScores:
    """The scores of several images as if they were one large image."""
    detections = zip(*(scores.detections for scores in several), strict=True)
    return ParticleScores(
        predicted=sum(scores.predicted for scores in several),
        true=sum(scores.true for scores in several),
        detections=tuple(map(_pool_detections, detections)),
        total_matched_iou=fsum(scores.total_matched_iou for scores in several),
        total_best_iou=fsum(scores.total_best_iou for scores in several),
        aji_intersection=sum(scores.aji_intersection for scores in several),
        aji_union=sum(scores.aji_union for scores in several),
        paired_area=sum(scores.paired_area for scores in several),
        paired_union=sum(scores.paired_union for scores in several),
        merges=sum(scores.merges for scores in several),
        splits=sum(scores.splits for scores in several),
    )


def _pool_detections(several: Sequence[Detection]) -> Detection:
    return Detection(
        iou=several[0].iou,
        true_positives=sum(detection.true_positives for detection in several),
        false_positives=sum(detection.false_positives for detection in several),
        false_negatives=sum(detection.false_negatives for detection in several),
    )


def _share(part: float, whole: float, empty: bool) -> float:
    """Part over whole; of nothing it is 1 if both sides are empty, and 0 if only one is."""
    return part / whole if whole else float(empty)
