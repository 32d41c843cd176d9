"""All particles of an image, assembled from its levels; and which of them count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from autoseg.heads import Head
from autoseg.images.resizing import resized
from autoseg.models.scoring import Scoring
from autoseg.segmentation.adaptation import as_seen
from autoseg.segmentation.instances.filters import select_labels
from autoseg.segmentation.instances.finding import InstanceOptions, keep_instances
from autoseg.segmentation.joining import join
from autoseg.segmentation.plausibility import measure_plausibility
from autoseg.segmentation.pyramid import Found, Level, bring_labels_back, find_in


@dataclass(frozen=True, eq=False)
class Assembly:
    """What was found in an image, plausible or not, in its pixels."""

    found: Found
    probability: dict[str, np.ndarray] = field(repr=False)
    "float32 (rows, columns) by channel: of the level in which each particle was found; elsewhere of the finest."

    @property
    def drawn(self) -> int:
        """How many letters and scale bars were found among the particles."""
        return int(np.sum((self.found.scores == 0) & (self.found.areas > 0)))

    @property
    def plausibility(self) -> float | None:
        """Of all of it; None where there is nothing."""
        areas = self.found.areas
        return measure_plausibility(self.found.scores, areas) if areas.any() else None

    def keep(self, minimum_score: float, options: InstanceOptions, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The labels of particles that count, numbered in reading order, and the score of each."""
        plausible = select_labels(self.found.labels, np.array([False, *(self.found.scores >= minimum_score)]))
        labels = keep_instances(plausible, options, image)
        kept = (labels > 0) & (plausible > 0)  # not what fills a hole
        _, first = np.unique(labels[kept], return_index=True)
        return labels, self.found.scores[plausible[kept][first] - 1]

    def count_below(self, minimum_score: float, smallest: int) -> int:
        """How many particles are large enough, but have a lower score."""
        return int(np.sum((self.found.scores < minimum_score) & (self.found.areas >= smallest)))


def assemble(
    levels: Sequence[Level],
    head: Head,
    options: InstanceOptions,
    given: set[str],
    scoring: Scoring,
    drawn: np.ndarray,
) -> Assembly:
    """The particles of an image from its levels, finest first; `given` names options set by the user.

    `drawn` is a mask, as large as the image, of what is no part of the picture: what lies there is no particle.
    """
    shape = drawn.shape
    several = []
    for number, level in enumerate(levels):
        found = find_in(level, head, as_seen(options, level.magnification, given, finest=number == 0), scoring)
        several.append(Found(bring_labels_back(found.labels, shape), found.scores).without(drawn))
    joined, origins = join(several)
    probability = _channels(levels[0], head, shape)
    for number, level in enumerate(levels[1:], start=1):
        if not (origins == number).any():
            continue
        here = np.array([False, *(origins == number)])[joined.labels]
        for name, channel in _channels(level, head, shape).items():
            probability[name][here] = channel[here]
    return Assembly(joined, probability)


def _channels(level: Level, head: Head, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """The channels that tell of particles, by name, in pixels of an image of this shape."""
    return {
        name: np.clip(resized(channel, shape), 0, 1).astype(np.float32, copy=True)
        for name, channel in head.named(level.outputs).items()
    }
