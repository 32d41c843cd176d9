"""Scores of class maps: pixels and objects of each class, from counts that can be pooled over several images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np

from autoseg.errors import OptionsError
from autoseg.evaluation.labels import check_shapes, label
from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.particles import ParticleScores, pool_particles, score_particles
from autoseg.heads import IGNORED
from autoseg.images.class_files import as_classes, check_numbers

MEASURES = ("iou", "precision", "recall", "f1")


@dataclass(frozen=True)
class ClassScore:
    """How well one class is found.

    A class that is neither in the truth nor in the prediction has no scores: they are None. If only one side has
    it, they are 0.

    >>> pore = ClassScore("pore", true_pixels=8, predicted_pixels=6, common_pixels=4, objects=None)
    >>> pore.iou, pore.recall
    (0.4, 0.5)
    """

    name: str
    true_pixels: int
    predicted_pixels: int
    common_pixels: int
    objects: ParticleScores | None
    "Of its connected regions; None for the background, and where neither side has any."

    @property
    def iou(self) -> float | None:
        """Pixels that are of the class on both sides, over those that are on either."""
        return self._share(self.common_pixels, self.true_pixels + self.predicted_pixels - self.common_pixels)

    @property
    def precision(self) -> float | None:
        """Share of the predicted pixels that are of the class."""
        return self._share(self.common_pixels, self.predicted_pixels)

    @property
    def recall(self) -> float | None:
        """Share of the true pixels that are found."""
        return self._share(self.common_pixels, self.true_pixels)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; also called Dice coefficient."""
        return self._share(2 * self.common_pixels, self.true_pixels + self.predicted_pixels)

    @property
    def absent(self) -> bool:
        """Whether no pixel is of the class, on either side."""
        return not (self.true_pixels or self.predicted_pixels)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {
            "true_pixels": self.true_pixels,
            "predicted_pixels": self.predicted_pixels,
            **{name: getattr(self, name) for name in MEASURES},
            "objects": self.objects and self.objects.to_dict(),
        }

    def _share(self, part: int, whole: int) -> float | None:
        return None if self.absent else part / whole if whole else 0.0


@dataclass(frozen=True)
class ClassScores:
    """Counts of one class map, or of several together, from which all scores follow.

    Pixels whose truth is not known are left out of everything.
    """

    names: tuple[str, ...]
    "Of the classes, in the order of their numbers; the first is the background."
    images: int
    confusion: tuple[tuple[int, ...], ...]
    "Pixels: a row for each true class, a column for each predicted one."
    undecided: tuple[int, ...]
    "Pixels of each true class for which no class is predicted: they count as missed."
    ignored: int
    "Pixels that were left out."
    objects: tuple[ParticleScores, ...]
    "Of the connected regions of each class but the background."

    @property
    def classes(self) -> tuple[ClassScore, ...]:
        """The scores of each class, in the order of their numbers."""
        objects = (None, *(found if found.true or found.predicted else None for found in self.objects))
        columns = [sum(column) for column in zip(*self.confusion, strict=True)]
        rows = [sum(row) + missed for row, missed in zip(self.confusion, self.undecided, strict=True)]
        common = [row[number] for number, row in enumerate(self.confusion)]
        return tuple(map(ClassScore, self.names, rows, columns, common, objects))

    @property
    def pixels(self) -> int:
        """How many pixels count."""
        return sum(map(sum, self.confusion)) + sum(self.undecided)

    @property
    def pixel_accuracy(self) -> float | None:
        """Share of the pixels whose class is right; None if the truth of no pixel is known."""
        right = sum(row[number] for number, row in enumerate(self.confusion))
        return right / self.pixels if self.pixels else None

    @property
    def absent(self) -> tuple[str, ...]:
        """Names of the classes that neither side has, and which are left out of the means."""
        return tuple(one.name for one in self.classes if one.absent)

    def mean(self, measure: str, background: bool = True) -> float | None:
        """The mean of one of MEASURES over the classes that are there, with or without the background."""
        values = [getattr(one, measure) for one in self.classes[0 if background else 1 :] if not one.absent]
        return fsum(values) / len(values) if values else None

    def mean_object_f1(self) -> float | None:
        """The mean F1 of the objects, over the classes that have any."""
        values = [one.objects.f1 for one in self.classes if one.objects]
        return fsum(values) / len(values) if values else None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for JSON."""
        return {
            "images": self.images,
            "pixels": self.pixels,
            "ignored_pixels": self.ignored,
            "pixel_accuracy": self.pixel_accuracy,
            "classes": {one.name: one.to_dict() for one in self.classes},
            "absent": list(self.absent),
            "means": {name: self.mean(name) for name in MEASURES},
            "means_without_background": {name: self.mean(name, background=False) for name in MEASURES}
            | {"object_f1": self.mean_object_f1()},
            "confusion": [list(row) for row in self.confusion],
            "undecided": list(self.undecided),
        }


def score_classes(
    predicted: np.ndarray,
    truth: np.ndarray,
    names: Sequence[str],
    *,
    minimum_size: int = 1,
    exclude_edge: bool = False,
) -> ClassScores:
    """Score a class map against the truth, both class numbers (rows, columns), 255 where the class is not known.

    Objects are the connected regions of each class but the background, pixels that share only a corner included. They
    are matched one to one at an IoU of 0.5; those of fewer than `minimum_size` pixels and, if `exclude_edge`, those at
    the edge of the image are left out. Where the truth is not known, there is no object on either side.

    >>> truth = np.array([[0, 0, 1, 1, 2, 255]])
    >>> scores = score_classes(np.array([[0, 1, 1, 1, 0, 2]]), truth, ("background", "grain", "pore"))
    >>> scores.confusion, scores.pixel_accuracy
    (((1, 1, 0), (0, 2, 0), (1, 0, 0)), 0.6)
    >>> [round(one.iou, 3) for one in scores.classes], scores.classes[1].objects.f1
    ([0.333, 0.667, 0.0], 1.0)
    """
    check_shapes(predicted, truth, "class map")
    predicted, truth = as_classes(predicted), as_classes(truth)
    for classes in (predicted, truth):
        check_numbers(classes, len(names))
    known = truth != IGNORED
    predicted = np.where(known, predicted, np.uint8(IGNORED))
    counts = _count(predicted[known], truth[known], len(names))
    left_out: dict[str, Any] = {"minimum_size": minimum_size, "exclude_edge": exclude_edge}
    return ClassScores(
        names=tuple(names),
        images=1,
        confusion=tuple(map(tuple, counts[:, :-1].tolist())),
        undecided=tuple(counts[:, -1].tolist()),
        ignored=int(known.size - known.sum()),
        objects=tuple(
            score_particles(find_overlaps(*(label(classes == number, 8) for classes in (predicted, truth)), **left_out))
            for number in range(1, len(names))
        ),
    )


def _count(predicted: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """How many pixels (N,) are of each true class and each predicted one, shape (classes, classes + 1).

    The last column is that of pixels for which no class is predicted.
    """
    columns = np.minimum(predicted, classes)
    places = truth.astype(np.intp) * (classes + 1) + columns
    return np.bincount(places, minlength=classes * (classes + 1)).reshape(classes, classes + 1)


def pool_classes(several: Sequence[ClassScores]) -> ClassScores:
    """The scores of several images as if they were one large image; their order does not matter.

    >>> names, truth = ("background", "grain"), np.array([[1, 1, 1, 0]])
    >>> half, whole = (score_classes(np.array(found), truth, names) for found in ([[0, 0, 0, 0]], [[1, 1, 1, 0]]))
    >>> both = pool_classes([half, whole])
    >>> both.images, both.classes[1].recall, both.confusion
    (2, 0.5, ((2, 0), (3, 3)))
    """
    if not several:
        raise OptionsError("there are no scores to pool", advice="Evaluate at least one image.")
    if len({scores.names for scores in several}) > 1:
        raise OptionsError("only scores of the same classes can be pooled", advice="Name the classes alike.")
    tables = zip(*(scores.confusion for scores in several), strict=True)
    return ClassScores(
        names=several[0].names,
        images=sum(scores.images for scores in several),
        confusion=tuple(tuple(map(sum, zip(*rows, strict=True))) for rows in tables),
        undecided=tuple(map(sum, zip(*(scores.undecided for scores in several), strict=True))),
        ignored=sum(scores.ignored for scores in several),
        objects=tuple(map(pool_particles, zip(*(scores.objects for scores in several), strict=True))),
    )
