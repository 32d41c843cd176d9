"""The surface that a simulated mask stands for: how high particles rise, and which of them lie on others."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy import ndimage

from autoseg.simulation.particles.masks import SimulatedMask

HIDDEN = 0.02
"A particle of which a smaller share is covered counts as touched only."
SUPPORT = 0.3
"An upper particle that covers this share of a lower one lies a whole level above it."


@dataclass(frozen=True, eq=False)
class Relief:
    """What is known about the surface of particles; arrays with n + 1 values have one for the background first."""

    depth: np.ndarray = field(repr=False)
    "float32 (height, width): distance in pixels to the rim of the particle seen there; 0 on the background."
    dome: np.ndarray = field(repr=False)
    "float32 (height, width): 0 at the rim of the particle to 1 in its middle, as on an ellipsoid."
    thickness: np.ndarray = field(repr=False)
    "float32 (height, width): how thick in pixels all particles are there together, the hidden ones included."
    radii: np.ndarray = field(repr=False)
    "float32 (n + 1,): radius in pixels of the largest disc in each particle."
    levels: np.ndarray = field(repr=False)
    "float32 (n + 1,): 0 for what lies on the ground, and about 1 more for each particle that lies below."
    centres: np.ndarray = field(repr=False)
    "float32 (n + 1, 2): row and column of the middle of what is visible."

    def elevation(self, labels: np.ndarray) -> np.ndarray:
        """Height in pixels above the ground (height, width) of the surface seen, given the labels of the mask."""
        # A particle's silhouette is its widest part, which lies half as high as its top.
        base = self.levels * self.typical_radius + 0.5 * self.radii
        return np.take(base, labels) + np.take(0.5 * self.radii, labels) * self.dome

    @property
    def typical_radius(self) -> float:
        """The median radius in pixels; 1 if there are no particles."""
        return float(np.median(self.radii[1:])) if len(self.radii) > 1 else 1.0


def build_relief(simulated: SimulatedMask) -> Relief:
    """The relief of a simulated mask: each particle's surface rises from its own rim, not from where others cover it.

    >>> labels = np.zeros((40, 40), np.int32)
    >>> labels[10:31, 10:31] = 1
    >>> relief = build_relief(SimulatedMask(255 * (labels > 0).astype(np.uint8), labels, np.ones(1)))
    >>> relief.depth[20, 9:14].tolist(), float(relief.radii[1])
    ([0.0, 0.5, 1.5, 2.5, 3.5], 10.5)
    """
    labels = simulated.labels
    count = len(simulated.visible) + 1
    depth, dome, thickness = (np.zeros(labels.shape, np.float32) for _ in range(3))
    radii, levels, centres = np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros((count, 2), np.float32)
    for label, box in enumerate(ndimage.find_objects(labels, count - 1), start=1):
        if box is None:  # it is hidden by others
            continue
        hidden_share = 1 / simulated.visible[label - 1] - 1
        window = _enlarged(box, hidden_share, labels.shape)
        seen = labels[window] == label
        hidden = _hidden_part(labels[window], seen, label, hidden_share)
        own_depth = _depth(seen | hidden)
        radii[label] = own_depth.max()
        own_dome = np.sqrt(np.maximum(1 - (1 - own_depth / radii[label]) ** 2, 0))
        np.copyto(depth[window], own_depth, where=seen)
        np.copyto(dome[window], own_dome, where=seen)
        thickness[window] += 2 * radii[label] * own_dome
        centres[label] = [(side.start + side.stop - 1) / 2 for side in box]
        if hidden.any():
            _lift(levels, label, labels[window][hidden], int(np.count_nonzero(seen | hidden)))
    return Relief(depth, dome, thickness, radii, levels, centres)


def _enlarged(box: tuple[slice, slice], hidden_share: float, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """The particle's box with a pixel more all around, and with room for what is hidden of the particle."""
    area = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
    more = 1 + int(np.sqrt(hidden_share * area))
    return tuple(
        slice(max(side.start - more, 0), min(side.stop + more, length)) for side, length in zip(box, shape, strict=True)
    )


def _hidden_part(labels: np.ndarray, seen: np.ndarray, label: int, share: float) -> np.ndarray:
    """Where a particle probably goes on under others: as many of their pixels as are hidden, the nearest ones."""
    above = labels > label
    wanted = int(share * np.count_nonzero(seen))
    if share < HIDDEN or wanted < 1 or not above.any():
        return np.zeros_like(seen)
    distance = cv2.distanceTransform((~seen).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    distances = distance[above]
    reach = np.partition(distances, wanted - 1)[wanted - 1] if wanted < len(distances) else np.inf
    return above & (distance <= reach)


def _depth(shape: np.ndarray) -> np.ndarray:
    """The distance of a particle's pixels to its rim, which runs along the edges of pixels; 0 outside.

    The edge of the image is no rim of the particle.
    """
    if shape.all():
        return np.full(shape.shape, max(shape.shape), np.float32)
    depth = cv2.distanceTransform(shape.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.maximum(depth - 0.5, 0)


def _lift(levels: np.ndarray, label: int, covering: np.ndarray, area: int) -> None:
    """Raise the upper particles, whose labels lie over a lower one; labels rise from the ground to the top."""
    upper, pixels = np.unique(covering, return_counts=True)
    support = np.minimum(pixels / (SUPPORT * area), 1)
    levels[upper] = np.maximum(levels[upper], levels[label] + support)
