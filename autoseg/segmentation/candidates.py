"""Adaptations of an image to what a network knows that are tried, and which of them makes particles most plausible."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.segmentation.plausibility import measure_plausibility

MAGNIFICATIONS = (2.0, 4.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)
"Tried where particles of an image as it is are not of the sizes that the model knows, or not convincing."
SMALLEST_EDGE = 96
"No image is reduced to fewer pixels than that: too little is left to judge by."
FRAME = 4
"What comes as near as so many pixels to an edge reaches it: networks are less sure there."
HARDLY_PARTED = 0.8
"Prominence at which particles that touch still part, but not the ground where it is narrow between particles."
CONVINCING, POSSIBLE = 0.65, 0.55
"""From these plausibilities on, particles of a size that the model knows need no further trial, and may be worth
another magnification. Noise, texture and gaps between particles mostly stay below, known particles above."""
PER_DOUBLING = 0.02
"So much more plausible must particles be for each time that the image is magnified or reduced by 2."


@dataclass(frozen=True)
class Candidate:
    """An adaptation that was tried, and what was found with it."""

    adaptation: Adaptation
    plausibility: float
    "From 0 to 1."
    diameter: float | None
    "Typical diameter of the particles in pixels, as the network saw them; None where there are none."


def assess(probability: Mapping[str, np.ndarray], adaptation: Adaptation, options: InstanceOptions) -> Candidate:
    """How plausible the particles are that a network with the head "instances" predicts (rows, columns by channel).

    What reaches all four edges is the ground between particles, and counts as nothing.

    >>> from autoseg.images.polarity import Polarity
    >>> nothing = dict.fromkeys(("foreground", "contact", "distance"), np.zeros((32, 32), np.float32))
    >>> assess(nothing, Adaptation(Polarity.BRIGHT), InstanceOptions()).plausibility
    0.0
    """
    every = options.changed(
        minimum_size=1, maximum_size=None, exclude_edge=False, li_factor=None, lines=False
    )  # crumbs and cut particles count, as it is the network that is judged
    labels = find_instances(probability, every)
    labels[_find_ground(find_instances(probability, every.changed(prominence=HARDLY_PARTED)))] = 0
    plausibility = measure_plausibility(probability, labels)
    return Candidate(replace(adaptation, plausibility=plausibility), plausibility, typical_diameter(labels))


def typical_diameter(labels: np.ndarray) -> float | None:
    """The median equivalent diameter in pixels, each particle counting as much as its diameter; None without any.

    So neither do many crumbs decide, nor a single giant.

    >>> round(typical_diameter(np.repeat([0, 1, 2, 3, 4], [50, 1, 1, 1, 400])[None]), 2)
    22.57
    """
    areas = np.bincount(labels.ravel())[1:]
    diameters = np.sort(np.sqrt(4 / np.pi * areas[areas > 0]))
    if not diameters.size:
        return None
    summed = np.cumsum(diameters)
    return float(diameters[np.searchsorted(summed, summed[-1] / 2)])


def choose_adaptation(
    examine: Callable[[float], Iterable[Candidate]],
    shape: tuple[int, int],
    diameters: tuple[float, float] | None,
    magnification: float = 1.0,
) -> Adaptation:
    """The adaptation of an image of this shape with which particles are most plausible.

    `examine` tries a magnification, in each polarity that is possible, the most probable one first. Others than this
    magnification are tried only if typical diameters, in pixels, that the model knows are given, and particles are not
    of these, or not convincing; and one is taken only where particles are of these, and the more plausible for it.
    """
    best = max(examine(magnification), key=lambda one: one.plausibility)
    if diameters is None or _is_known(best, diameters, CONVINCING):
        return best.adaptation
    tried = [other for other in MAGNIFICATIONS if other * min(shape) >= SMALLEST_EDGE]
    found = [one for other in tried for one in examine(other) if _is_known(one, diameters, POSSIBLE)]
    return max([best, *found], key=_worth).adaptation


def _is_known(candidate: Candidate, diameters: tuple[float, float], plausibility: float) -> bool:
    """Whether there are particles at least as plausible as that, of a size that the model knows."""
    return (
        candidate.plausibility >= plausibility
        and candidate.diameter is not None
        and diameters[0] <= candidate.diameter <= diameters[1]
    )


def _worth(candidate: Candidate) -> float:
    return candidate.plausibility - PER_DOUBLING * abs(math.log2(candidate.adaptation.magnification))


def _find_ground(labels: np.ndarray) -> np.ndarray:
    """Pixels of what reaches all four edges of an image, or nearly so: it is no particle in it."""
    frame = labels[:FRAME], labels[-FRAME:], labels[:, :FRAME], labels[:, -FRAME:]
    top, *others = (set(np.unique(strip).tolist()) for strip in frame)
    return (labels > 0) & np.isin(labels, list(top.intersection(*others)))
