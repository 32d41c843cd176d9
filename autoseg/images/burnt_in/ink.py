"""What may have been drawn into an image: regions of black, and of white."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

TOLERANCES = 0.03, 0.08, 0.2
"Of the range of grey values: so much may ink differ from black or white. Resampling and JPEG change it."
CONTRAST = 0.12
"Between ink and what lies beside it, of the range of grey values and beyond the tolerance."
LEFT, TOP, WIDTH, HEIGHT, AREA = range(5)
_SMALLEST_IMAGE = 128


@dataclass(frozen=True, eq=False)
class Ink:
    """The regions of an image that are black, or white, within a tolerance."""

    distance: np.ndarray
    "From black, or white, in 0..1 (rows, columns)."
    tolerance: float
    regions: np.ndarray
    "Numbers of regions (rows, columns); 0 is no ink."
    boxes: np.ndarray
    "For each number left, top, width, height and area in pixels."

    def place(self, number: int) -> tuple[slice, slice]:
        """Where a region lies."""
        left, top, width, height, _ = self.boxes[number].tolist()
        return slice(top, top + height), slice(left, left + width)


def inks(pixels: np.ndarray) -> Iterator[Ink]:
    """What may be black and white ink in a grey image (rows, columns), with each tolerance."""
    lowest, highest = float(pixels.min()), float(pixels.max())
    if min(pixels.shape) < _SMALLEST_IMAGE or lowest == highest:
        return
    brightness = (pixels.astype(np.float32) - lowest) / np.float32(highest - lowest)
    for distance in (brightness, 1 - brightness):
        for tolerance in TOLERANCES:
            near = (distance < tolerance).view(np.uint8)
            _, regions, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
            boxes[0] = 0  # what is no ink
            yield Ink(distance, tolerance, regions, boxes)
