"""How far each pixel of a mask lies from where the mask ends."""

from __future__ import annotations

import cv2
import numpy as np


def distance_inside(mask: np.ndarray) -> np.ndarray:
    """Euclidean distance in pixels, float32, from each pixel of a boolean mask to the nearest one outside of it.

    >>> distance_inside(np.array([[0, 1, 1, 1], [0, 1, 1, 1]], bool))[0].tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # The last digits of OpenCV's roots depend on where in memory an image lies. What they are roots of is whole.
    return np.sqrt(np.rint(distance * distance))
