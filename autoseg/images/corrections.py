"""Segmentations corrected by hand: particles deleted, merged, and divided along a stroke.

A correction tells places, not numbers: what was found can be numbered anew, or found with other thresholds, and what
was corrected by then stays corrected.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from autoseg.images.segmentation import Segmentation, numbered

SLIVER = 5
"What a stroke cuts off with fewer pixels stays with the rest of its particle."
_DONE = {"delete": "deleted", "merge": "merged", "divide": "divided"}


@dataclass(frozen=True)
class Correction:
    """What is done to the particles at some places."""

    kind: Literal["delete", "merge", "divide"]
    places: tuple[tuple[float, float], ...]
    "Rows and columns in pixels, pixel centres at whole numbers: one in each particle, or the ends of a stroke's parts."


def correct(segmentation: Segmentation, corrections: Sequence[Correction]) -> Segmentation:
    """The segmentation with these corrections, one after the other; the micrograph's notes tell of them.

    >>> from autoseg.images.micrograph import Micrograph
    >>> found = Segmentation(np.array([[1, 1, 0, 2]], np.uint16), None, Micrograph(np.zeros((1, 4))))
    >>> corrected = correct(found, [Correction("delete", ((0, 3),))])
    >>> corrected.labels.tolist(), corrected.micrograph.notes
    ([[1, 1, 0, 0]], ('Corrected by hand: 1 deleted.',))
    """
    if not corrections:
        return segmentation
    believed = segmentation.believed(correct_labels(segmentation.labels, corrections))
    notes = (*believed.micrograph.notes, f"Corrected by hand: {_counts(corrections)}.")
    return dataclasses.replace(believed, micrograph=dataclasses.replace(believed.micrograph, notes=notes))


def correct_labels(labels: np.ndarray, corrections: Iterable[Correction]) -> np.ndarray:
    """Labels (rows, columns) with these corrections, numbered anew; one that finds no particle changes nothing.

    >>> touching = np.array([[1, 1, 2, 2, 0]])
    >>> correct_labels(touching, [Correction("merge", ((0, 0), (0, 3)))]).tolist()
    [[1, 1, 1, 1, 0]]
    """
    labels = labels.astype(np.int32)
    for correction in corrections:
        if correction.kind == "divide":
            _divide(labels, correction.places)
        else:
            chosen = labels_at(labels, correction.places)
            labels[np.isin(labels, chosen)] = 0 if correction.kind == "delete" else min(chosen, default=0)
    return numbered(labels)


def labels_at(labels: np.ndarray, places: Iterable[tuple[float, float]]) -> list[int]:
    """The labels at these places (row, column), each once, rising; not what lies outside, or on the background.

    >>> labels_at(np.array([[0, 5], [0, 5]]), [(0.2, 0.9), (1, 1), (0, 0), (7, 7)])
    [5]
    """
    found = set()
    for row, column in places:
        place = round(row), round(column)
        if 0 <= place[0] < labels.shape[0] and 0 <= place[1] < labels.shape[1]:
            found.add(int(labels[place]))
    return sorted(found - {0})


def _divide(labels: np.ndarray, stroke: Sequence[tuple[float, float]]) -> None:
    """Divide every particle that the stroke crosses from rim to rim."""
    corners = np.rint([(column, row) for row, column in stroke]).astype(np.int32).reshape(-1, 1, 2)
    cut = np.zeros(labels.shape, np.uint8)
    cv2.polylines(cut, [corners], isClosed=False, color=1)
    for label in np.unique(labels[(cut > 0) & (labels > 0)]):
        inside = labels == label
        rows, columns = (slice(where.min(), where.max() + 1) for where in np.nonzero(inside))
        _divide_one(labels[rows, columns], inside[rows, columns], cut[rows, columns] > 0, int(labels.max()) + 1)


def _divide_one(labels: np.ndarray, inside: np.ndarray, cut: np.ndarray, unused: int) -> None:
    """Give the parts of a particle beside the cut labels of their own; the largest keeps the one it has.

    The pixels of the cut go to the part they are next to.
    """
    count, parts, statistics, _ = cv2.connectedComponentsWithStats((inside & ~cut).view(np.uint8), connectivity=4)
    areas = statistics[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    large = [part for part in np.argsort(areas)[::-1] if areas[part] >= SLIVER]
    before, _ = cv2.connectedComponents(inside.view(np.uint8), connectivity=4)
    if len(large) < before:  # no more pieces than there were
        return
    number = np.zeros(count, np.int32)
    number[large] = np.arange(1, len(large) + 1)
    kept = number[parts]
    _, nearest = cv2.distanceTransformWithLabels(
        (kept == 0).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_pixel = np.zeros(int(nearest.max()) + 1, np.int32)
    of_pixel[nearest[kept > 0]] = kept[kept > 0]
    new = of_pixel[nearest]
    labels[inside & (new > 1)] = unused + new[inside & (new > 1)] - 2


def _counts(corrections: Sequence[Correction]) -> str:
    found = Counter(_DONE[one.kind] for one in corrections)
    places = sum(len(one.places) for one in corrections if one.kind == "delete")
    return ", ".join(f"{places if done == 'deleted' else times} {done}" for done, times in found.items())
