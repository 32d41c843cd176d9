"""Adaptations of an image to what a network knows that are tried, and which of them makes particles most plausible."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.plausibility import measure_plausibility
from autoseg.segmentation.pyramid import Found

REDUCTIONS, SMALLEST_EDGE = 4, 48
"An image is halved at most so often, and never to fewer pixels each way: too little is left to judge by."
ENLARGEMENTS = (2.0, 4.0)
"Tried where particles of an image are smaller than those that the model knows, or where there seem to be none."
SEEN = 0.02
"If particles of an image are less plausible, there seem to be none."
DOUBTFUL = 0.5
"Particles of a magnified image that are less plausible are looked at still closer."
PER_DOUBLING = 0.02
"So much more plausible must particles be for each doubling, which takes four times as long."


@dataclass(frozen=True)
class Candidate:
    """An adaptation that was tried, and what was found with it."""

    adaptation: Adaptation
    plausibility: float
    "From 0 to 1."
    diameter: float | None
    "Typical diameter in pixels, as the network saw them, of particles that are more probably some than not."


def assess(found: Found, adaptation: Adaptation) -> Candidate:
    """How plausible particles are that were found in the only level of an adaptation.

    >>> from autoseg.images.polarity import Polarity
    >>> assess(Found(np.zeros((32, 32), int), np.zeros(0)), Adaptation(Polarity.BRIGHT)).plausibility
    0.0
    """
    plausible = found.areas[found.scores > 0.5]
    return Candidate(adaptation, measure_plausibility(found.scores, found.areas), typical_diameter(plausible))


def typical_diameter(areas: np.ndarray) -> float | None:
    """The median equivalent diameter in pixels, each particle counting as much as its diameter; None without any.

    So neither do many crumbs decide, nor a single giant.

    >>> round(typical_diameter(np.array([1, 1, 1, 400])), 2)
    22.57
    """
    diameters = np.sort(np.sqrt(4 / np.pi * areas[areas > 0]))
    if not diameters.size:
        return None
    summed = np.cumsum(diameters)
    return float(diameters[np.searchsorted(summed, summed[-1] / 2)])


def count_reductions(shape: tuple[int, int]) -> int:
    """How often an image of this shape is halved.

    >>> count_reductions((500, 90)), count_reductions((5000, 5000))
    (0, 4)
    """
    return int(np.clip(np.log2(min(shape) / SMALLEST_EDGE), 0, REDUCTIONS))


def choose_adaptation(
    examine: Callable[[float], Iterable[Candidate]], shape: tuple[int, int], smallest: float | None
) -> Adaptation:
    """The adaptation of an image of this shape with which particles are most plausible.

    `examine` tries a magnification, in each polarity that is possible, the most probable one first. It is magnified
    only if typical diameters are below the `smallest`, in pixels, that the model knows, or nothing plausible is seen;
    and once more while its particles are doubtful. Reduced levels decide on it, too: only they show large particles.
    Without a `smallest`, only the polarity is chosen.
    """
    reductions = 0 if smallest is None else count_reductions(shape)
    tried = [one for step in range(reductions + 1) for one in examine(0.5**step)]
    best = max(tried, key=lambda one: one.plausibility)
    if smallest is None:
        return best.adaptation
    finest = 1.0
    for magnification in ENLARGEMENTS:
        needed = DOUBTFUL if finest > 1 else SEEN
        diameter = best.diameter if best.plausibility >= needed else None
        if diameter is not None and (best.adaptation.magnification < finest or diameter >= smallest):
            break
        best = max([best, *examine(magnification)], key=_worth)
        finest = max(finest, best.adaptation.magnification)
    return Adaptation(best.adaptation.polarity, finest, reductions + round(np.log2(finest)))


def _worth(candidate: Candidate) -> float:
    return candidate.plausibility - PER_DOUBLING * max(np.log2(candidate.adaptation.magnification), 0)
