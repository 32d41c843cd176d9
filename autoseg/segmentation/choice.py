"""Which view of an image to trust: the one in which what the network says agrees best with itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from autoseg.images.distance import relative_distance
from autoseg.segmentation.channels import CHANNELS
from autoseg.segmentation.instances import InstanceOptions, find_instances
from autoseg.segmentation.view import View

MAGNIFICATIONS = (2.0, 4.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)
"Tried where particles of an image as it is are not of the sizes that the model knows, or not convincing."
SMALLEST_EDGE = 96
"No image is reduced to fewer pixels than that: too little is left to judge by."
FRAME = 4
"What comes as near as so many pixels to an edge reaches it: networks are less sure there."
HARDLY_PARTED = 0.8
"Prominence at which particles that touch still part, but not the ground where it is narrow between particles."
CONVINCING, POSSIBLE = 0.65, 0.55
"""From these plausibilities on, particles of a size that the model knows need no further look, and may be worth another
magnification. Noise, texture and gaps between particles mostly stay below, particles that a network knows above."""
PER_DOUBLING = 0.02
"So much more plausible must particles be for each time that the image is magnified or reduced by 2."


@dataclass(frozen=True)
class Look:
    """What a first look at an image found."""

    view: View
    plausibility: float
    "From 0 to 1."
    diameter: float | None
    "Typical diameter of the particles in pixels that the network saw; None where there are none."


def judge(probability: np.ndarray, view: View, options: InstanceOptions) -> Look:
    """How plausible the particles are that a network with three channels (rows, columns, 3) sees in a view.

    From the particles it finds follow distances to their rims, and it predicts such distances, too. Where they are
    particles the two agree; where they are the ground between particles, or fragments, they do not. Plausibility is
    what they have in common, relative to what either says, times the square of how sure the foreground is.

    >>> judge(np.zeros((32, 32, 3), np.float32), View("bright"), InstanceOptions())
    Look(view=View(polarity='bright', magnification=1.0), plausibility=0.0, diameter=None)
    """
    every = options.changed(
        minimum_size=1, maximum_size=None, exclude_edge=False, li_factor=None, lines=False
    )  # crumbs and cut particles count, as it is the network that is judged
    labels = find_instances(probability, every)
    labels[_find_ground(find_instances(probability, every.changed(prominence=HARDLY_PARTED)))] = 0
    foreground, said = probability[..., 0], probability[..., CHANNELS.index("distance")]
    found = relative_distance(labels)
    either = float(np.maximum(said, found).sum())
    agreement = float(np.minimum(said, found).sum()) / either if either else 0.0
    sureness = float(np.abs(2 * foreground - 1).mean())
    return Look(view, agreement * sureness**2, typical_diameter(labels))


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


def choose_view(
    look: Callable[[float], Iterable[Look]],
    shape: tuple[int, int],
    diameters: tuple[float, float] | None,
    magnification: float = 1.0,
) -> View:
    """The view of an image of this shape in which particles are most plausible.

    `look` tries a magnification, in each polarity that is possible, the most probable one first. Other magnifications
    than this one are tried only if typical diameters, in pixels, that the model knows are given, and particles are not
    of these, or not convincing; and one is taken only where particles are of these, and the more plausible for it.
    """
    best = max(look(magnification), key=lambda one: one.plausibility)
    if diameters is None or _is_known(best, diameters, CONVINCING):
        return best.view
    tried = [other for other in MAGNIFICATIONS if other * min(shape) >= SMALLEST_EDGE]
    found = [one for other in tried for one in look(other) if _is_known(one, diameters, POSSIBLE)]
    return max([best, *found], key=_worth).view


def _is_known(look: Look, diameters: tuple[float, float], plausibility: float) -> bool:
    """Whether there are particles at least as plausible as that, of a size that the model knows."""
    return (
        look.plausibility >= plausibility
        and look.diameter is not None
        and diameters[0] <= look.diameter <= diameters[1]
    )


def _worth(look: Look) -> float:
    return look.plausibility - PER_DOUBLING * abs(math.log2(look.view.magnification))


def _find_ground(labels: np.ndarray) -> np.ndarray:
    """Pixels of what reaches all four edges of an image, or nearly so: it is no particle in it."""
    frame = labels[:FRAME], labels[-FRAME:], labels[:, :FRAME], labels[:, -FRAME:]
    top, *others = (set(np.unique(strip).tolist()) for strip in frame)
    return (labels > 0) & np.isin(labels, list(top.intersection(*others)))
