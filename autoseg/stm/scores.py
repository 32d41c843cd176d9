"""How well defects, and rows, are found: pixels and objects, pooled over all pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoseg.evaluation.classes import ClassScores, pool_classes, score_classes
from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.particles import ParticleScores, pool_particles, score_particles
from autoseg.stm.classes import DEFECTS, LEGEND
from autoseg.stm.defects import Defects

NAMES = tuple(one.name for one in LEGEND)


@dataclass(frozen=True)
class RowScores:
    """Pixels that are of rows, or not, in truth and prediction."""

    common: int
    predicted: int
    true: int
    pixels: int

    @property
    def accuracy(self) -> float:
        """Share of the pixels that are told right."""
        return (self.pixels - self.predicted - self.true + 2 * self.common) / self.pixels

    @property
    def iou(self) -> float:
        """Pixels of rows on both sides over those on either."""
        either = self.predicted + self.true - self.common
        return self.common / either if either else 1.0


@dataclass(frozen=True)
class SurfaceScores:
    """Of one picture, or of several together."""

    pixels: ClassScores
    defects: Mapping[int, ParticleScores]
    "Of each class: a defect is found if one of its class shares half of the pixels of both."
    rows: RowScores | None

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON; the confusion has a row for each true class."""
        pixels = self.pixels
        iou = {one.name: one.iou for one in pixels.classes}
        return {
            "images": pixels.images,
            "labels": list(NAMES),
            "classification_report": {
                one.name: {
                    "precision": one.precision,
                    "recall": one.recall,
                    "f1": one.f1,
                    "support": one.true_pixels,
                }
                for one in pixels.classes
            },
            "confusion_matrix": [list(row) for row in pixels.confusion],
            "iou_per_class": iou,
            "mean_iou": pixels.mean("iou"),
            "mean_iou_without_background": pixels.mean("iou", background=False),
            "mean_f1": pixels.mean("f1"),
            "mean_f1_without_background": pixels.mean("f1", background=False),
            "objects": {
                NAMES[kind]: {
                    "true": found.true,
                    "predicted": found.predicted,
                    "precision": found.precision,
                    "recall": found.recall,
                    "f1": found.f1,
                }
                for kind, found in self.defects.items()
            },
            "rows": self.rows and {"accuracy": self.rows.accuracy, "iou": self.rows.iou},
        }


def score_surface(
    predicted: Defects,
    truth: Defects,
    classes: np.ndarray,
    rows: tuple[np.ndarray, np.ndarray] | None = None,
    smallest: int = 1,
) -> SurfaceScores:
    """Score defects against true ones, with the true `classes` (rows, columns), 255 where they are not known.

    `rows` are boolean maps, predicted and true. Defects of fewer than `smallest` px are left out on both sides.
    """
    found = {
        kind: score_particles(find_overlaps(predicted.of(kind), truth.of(kind), minimum_size=smallest))
        for kind in DEFECTS
    }
    return SurfaceScores(
        pixels=score_classes(predicted.classes, classes, NAMES),
        defects=found,
        rows=None if rows is None else _score_rows(*rows),
    )


def pool_surfaces(several: Sequence[SurfaceScores]) -> SurfaceScores:
    """The scores of several pictures as if they were one."""
    rows = [one.rows for one in several if one.rows is not None]
    return SurfaceScores(
        pixels=pool_classes([one.pixels for one in several]),
        defects={kind: pool_particles([one.defects[kind] for one in several]) for kind in DEFECTS},
        rows=RowScores(*(sum(getattr(one, name) for one in rows) for name in _COUNTS)) if rows else None,
    )


_COUNTS = ("common", "predicted", "true", "pixels")


def _score_rows(predicted: np.ndarray, truth: np.ndarray) -> RowScores:
    common = int((predicted & truth).sum())
    return RowScores(common, int(predicted.sum()), int(truth.sum()), truth.size)


def lines_of(scores: SurfaceScores) -> list[str]:
    """The scores as a small table for people."""
    told = scores.to_dict()
    lines = [f"{'class':<14}{'IoU':>8}{'F1':>8}{'precision':>11}{'recall':>8}{'objects':>9}{'found':>7}{'F1':>8}"]
    for name in NAMES:
        pixels, objects = told["classification_report"][name], told["objects"].get(name)
        first = (told["iou_per_class"][name], pixels["f1"], pixels["precision"], pixels["recall"])
        cells = "".join(f"{_rounded(value):>{width}}" for value, width in zip(first, (8, 8, 11, 8), strict=True))
        of_objects = f"{objects['true']:>9}{objects['predicted']:>7}{_rounded(objects['f1']):>8}" if objects else ""
        lines.append(f"{name:<14}{cells}{of_objects}")
    means = told["mean_iou"], told["mean_iou_without_background"]
    lines.append(f"mean IoU {_rounded(means[0])}, without background {_rounded(means[1])}, over all pixels together")
    if scores.rows is not None:
        lines.append(f"rows: accuracy {scores.rows.accuracy:.4f}, IoU {scores.rows.iou:.4f}")
    return lines


def _rounded(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
