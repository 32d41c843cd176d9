"""How many defects a network finds of those that are planted into the user's own scan."""

from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np

from autoseg.stm.classes import DEFECTS, LEGEND, ROWS
from autoseg.stm.counts import corrected_count, share_interval
from autoseg.stm.lattice import NETWORK_SPACING
from autoseg.stm.segmenter import SurfaceMap, SurfaceSegmenter
from autoseg.stm.simulation.cell import WIDTH
from autoseg.stm.simulation.signatures import draw_signature

_AROUND = 2.5
"Distances of rows that a planted defect keeps from others, and from the rim."
_TOGETHER = 12
"At most so many are planted at once."


@dataclasses.dataclass(frozen=True)
class Recovery:
    """Of each class, how many defects were planted, and how many were found as such."""

    planted: dict[int, int]
    found: dict[int, int]

    def rows(self, counts: dict[int, int]) -> list[dict[str, Any]]:
        """For each class the efficiency, and the count that it corrects, with the ends of 95 % intervals."""
        return [self._row(kind, counts[kind]) for kind in DEFECTS]

    def _row(self, kind: int, count: int) -> dict[str, Any]:
        found, planted = self.found[kind], self.planted[kind]
        row: dict[str, Any] = {"class": LEGEND[kind].name, "planted": planted, "recovered": found}
        if planted:
            low, high = share_interval(found, planted)
            value, interval = corrected_count(count, found, planted)
            row |= {"efficiency": found / planted, "efficiency_low": low, "efficiency_high": high}
            row |= {"corrected_count": value, "corrected_low": interval.low, "corrected_high": interval.high}
        return row


def measure_recovery(segmenter: SurfaceSegmenter, known: SurfaceMap, count: int, rng: np.random.Generator) -> Recovery:
    """Plant about `count` defects into a scan, away from those found in it and from each other, and look for them.

    They lie on rows, where the network tells these, and along them; each changes the corrugation of the scan as a
    defect of its class does. One counts as found if half of its pixels are part of a defect of its class. Scans
    without rows get none.
    """
    planted, found = dict.fromkeys(DEFECTS, 0), dict.fromkeys(DEFECTS, 0)
    if known.lattice is None:
        return Recovery(planted, found)
    magnification = NETWORK_SPACING / known.lattice.spacing
    for first in range(0, count, _TOGETHER):
        heights = known.micrograph.field.astype(np.float32)
        places = draw_places(known, min(_TOGETHER, count - first), rng)
        tries = []
        for place in places:
            kind = DEFECTS[sum(planted.values()) % len(DEFECTS)]
            mask = plant(heights, place, draw_signature(kind, rng), known.lattice.angle, magnification)
            tries.append((kind, mask))
            planted[kind] += 1
        again = segmenter(dataclasses.replace(known.micrograph, pixels=heights, unit=None))
        assert isinstance(again, SurfaceMap)  # what such a segmenter makes
        for kind, mask in tries:
            found[kind] += int((again.classes[mask] == kind).mean() >= 0.5)
        if not places:
            break
    return Recovery(planted, found)


def draw_places(known: SurfaceMap, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Up to `count` pixels (row, column) on rows, away from the rim, from all defects and from each other."""
    assert known.lattice is not None  # see measure_recovery
    apart = round(_AROUND * known.lattice.spacing)
    free = np.pad(known.classes[apart:-apart, apart:-apart] * 0 + 1, apart)
    near = cv2.dilate((known.classes > 0).astype(np.uint8), np.ones((2 * apart + 1,) * 2, np.uint8))
    free = (free > 0) & (near == 0)
    if ROWS in known.also:
        free &= _middles(known.also[ROWS][..., 0], known.lattice.spacing)
    places: list[tuple[int, int]] = []
    while len(places) < count and free.any():
        row, column = divmod(int(rng.choice(np.flatnonzero(free))), free.shape[1])
        places.append((row, column))
        free[max(0, row - 2 * apart) : row + 2 * apart, max(0, column - 2 * apart) : column + 2 * apart] = False
    return places


def plant(
    heights: np.ndarray, place: tuple[int, int], factors: np.ndarray, angle: float, magnification: float
) -> np.ndarray:
    """Change heights (rows, columns) around a pixel as a defect with these factors does, and tell where: bool.

    The factors apply to what lies above the lowest height nearby, as on a made-up surface whose troughs are black.
    `angle`: of the rows, in degrees counter-clockwise from the horizontal; `magnification`: of the scan, to 18 px per
    row.
    """
    turn = np.deg2rad(angle)
    along = np.array([-np.sin(turn), np.cos(turn)])  # down, right
    across = np.array([along[1], -along[0]])
    down, right = np.ogrid[: heights.shape[0], : heights.shape[1]]
    offsets = down - place[0], right - place[1]
    y, x = ((offsets[0] * one[0] + offsets[1] * one[1]) * magnification for one in (along, across))
    centre = (len(factors) - 1) / 2, (WIDTH - 1) / 2
    coordinates = (x + centre[1]).astype(np.float32), (y + centre[0]).astype(np.float32)
    local = cv2.remap(factors.astype(np.float32) - 1, *coordinates, cv2.INTER_LINEAR, borderValue=0)
    reach = max(3, round(NETWORK_SPACING / magnification)) | 1
    lowest = cv2.GaussianBlur(cv2.erode(heights, np.ones((reach, reach), np.uint8)), (0, 0), reach / 2)
    heights[:] = lowest + (heights - lowest) * np.maximum(1 + local, 0)
    return np.abs(local) > max(0.05, 0.35 * float(np.abs(local).max()))


def _middles(rows: np.ndarray, spacing: float) -> np.ndarray:
    """Where a pixel is in the middle of a row: bool, from the probabilities of rows."""
    inside = cv2.distanceTransform((rows > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return inside > 0.18 * spacing
