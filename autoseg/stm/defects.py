"""Single defects out of a map of classes: pieces that belong together, each of one class."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from pydantic import Field

from autoseg.heads import IGNORED
from autoseg.images.segmentation import numbered
from autoseg.options import Options
from autoseg.stm.classes import DEFECTS


class DefectOptions(Options):
    """What counts as a defect."""

    gap: int = Field(4, ge=0)
    "Pieces up to so many px apart are one defect; all px are those of pictures with 18 px per row."
    smallest: int = Field(40, ge=1)
    "Defects of fewer px are left out."

    def at(self, magnification: float) -> DefectOptions:
        """The same, for pictures that are magnified before they are as these options mean them, 18 px per row.

        >>> DefectOptions(gap=4, smallest=40).at(2.0).smallest
        10
        """
        smallest = max(1, round(self.smallest / magnification**2))
        return self.changed(gap=round(self.gap / magnification), smallest=smallest)


@dataclass(frozen=True, eq=False)
class Defects:
    """The defects of a picture."""

    labels: np.ndarray = field(repr=False)
    "uint16 (rows, columns): 0 background, 1 to n the defects in reading order."
    kinds: np.ndarray
    "uint8 (n,): the class of each."

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def classes(self) -> np.ndarray:
        """The map of classes, uint8, in which every defect has one class."""
        return np.concatenate([[0], self.kinds]).astype(np.uint8)[self.labels]

    @property
    def counts(self) -> dict[int, int]:
        """How many there are of each class."""
        return {kind: int((self.kinds == kind).sum()) for kind in DEFECTS}

    def of(self, kind: int) -> np.ndarray:
        """The labels of defects of one class alone; the others are background."""
        return np.where(np.concatenate([[False], self.kinds == kind])[self.labels], self.labels, 0)


def find_defects(classes: np.ndarray, options: DefectOptions | None = None) -> Defects:
    """The defects of a map of classes (rows, columns); a defect is of the class that most of its pixels have.

    >>> classes = np.zeros((30, 60), np.uint8)
    >>> classes[5:15, 5:15], classes[5:15, 17:20], classes[5:15, 40:50] = 1, 2, 3
    >>> find_defects(classes).kinds.tolist()
    [1, 3]
    """
    options = options or DefectOptions()
    shown = ((classes > 0) & (classes != IGNORED)).astype(np.uint8)
    reach = 2 * (options.gap // 2) + 1
    joined = cv2.morphologyEx(shown, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    _, regions = cv2.connectedComponents(joined, connectivity=8)
    labels = np.where(shown > 0, regions, 0)
    labels = np.where(np.bincount(labels.ravel())[labels] >= options.smallest, labels, 0)
    return _of_labels(numbered(labels), classes)


def known_defects(instances: np.ndarray, classes: np.ndarray, smallest: int = 1) -> Defects:
    """Defects whose pixels are known: a number for each (rows, columns), and their classes."""
    large = np.bincount(instances.ravel())[instances] >= smallest
    return _of_labels(numbered(np.where(large, instances, 0)), classes)


def _of_labels(labels: np.ndarray, classes: np.ndarray) -> Defects:
    inside = labels > 0
    votes = np.zeros((int(labels.max(initial=0)) + 1, 1 + max(DEFECTS)), int)
    np.add.at(votes, (labels[inside], np.minimum(classes[inside], max(DEFECTS))), 1)
    return Defects(labels, votes[1:, 1:].argmax(axis=1).astype(np.uint8) + 1)
