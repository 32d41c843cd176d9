"""The pyramid of an image: what a network predicts at each magnification, and which particles each level shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from scipy.ndimage import find_objects

from autoseg.heads import Head
from autoseg.models.scoring import Scoring
from autoseg.segmentation.evidence import measure_evidence
from autoseg.segmentation.instances.finding import InstanceOptions, keep_instances, part


@dataclass(frozen=True, eq=False)
class Level:
    """An image magnified by a factor, as the network saw it."""

    magnification: float
    outputs: Mapping[str, np.ndarray] = field(repr=False)
    "What the network predicts, in pixels of the level: (rows, columns, channels) by name of the output."


@dataclass(frozen=True, eq=False)
class Found:
    """Particles of an image, each with its score."""

    labels: np.ndarray = field(repr=False)
    "int32 (rows, columns), from 1 to n; a number may have lost all its pixels to others."
    scores: np.ndarray
    "(n,) from 0 to 1."

    @cached_property
    def areas(self) -> np.ndarray:
        """Pixels of each particle (n,)."""
        return np.bincount(self.labels.ravel(), minlength=len(self.scores) + 1)[1:]

    def without(self, mask: np.ndarray) -> Found:
        """The same, but what lies in a mask (rows, columns) for the most part is no particle: its score is 0.

        >>> Found(np.array([[1, 1, 2]]), np.array([0.9, 0.8])).without(np.array([[False, True, True]])).scores.tolist()
        [0.9, 0.0]
        """
        if not mask.any():
            return self
        covered = np.bincount(self.labels[mask], minlength=len(self.scores) + 1)[1:]
        return Found(self.labels, np.where(covered > self.areas / 2, 0, self.scores))


def find_in(level: Level, head: Head, options: InstanceOptions, scoring: Scoring) -> Found:
    """The particles that a level shows, in its own pixels, whatever of them will count.

    Of a head that does not tell distances, all have a score of 1.
    """
    every = unfiltered(options)
    probability = head.named(level.outputs)
    labels = keep_instances(part(probability, every), every).astype(np.int32)
    if not head.tells_distance:
        return Found(labels, np.ones(int(labels.max(initial=0)), np.float32))
    return Found(labels, scoring.score(measure_evidence(probability, labels)))


def unfiltered(options: InstanceOptions) -> InstanceOptions:
    """The options without those that only tell which of the particles that are found will count."""
    return options.changed(maximum_size=None, exclude_edge=False, li_factor=None, lines=False)


def bring_labels_back(labels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The labels of a level, int32, in the pixels of an image of this shape; outlines stay smooth.

    >>> bring_labels_back(np.array([[0, 0, 0], [0, 7, 7]], np.int32), (4, 6))[:, 3].tolist()
    [0, 0, 7, 7]
    """
    if labels.shape == shape:
        return labels
    steps = np.array(labels.shape) / shape  # pixels of the level for one of the image
    whole = np.zeros(shape, np.int32)
    for number, window in enumerate(find_objects(labels), start=1):
        if window is None:
            continue
        seen = np.array([[side.start - 1, side.stop + 1] for side in window]).clip(0, np.array(labels.shape)[:, None])
        first = np.floor(seen[:, 0] / steps).astype(int)
        last = np.minimum(np.ceil(seen[:, 1] / steps).astype(int), shape)
        # Pixel centres lie half a pixel inside; a corner of the image at `first`, one of the level at `seen`.
        offset = (first + 0.5) * steps - 0.5 - seen[:, 0]
        matrix = np.array([[steps[1], 0, offset[1]], [0, steps[0], offset[0]]])
        mask = (labels[seen[0, 0] : seen[0, 1], seen[1, 0] : seen[1, 1]] == number).astype(np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = tuple(int(length) for length in (last - first)[::-1])
        larger = cv2.warpAffine(mask, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        whole[first[0] : last[0], first[1] : last[1]][larger > 0.5] = number
    return whole
