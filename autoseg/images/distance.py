"""Distance of each pixel of a mask, or of a particle, to its rim."""

from __future__ import annotations

import cv2
import numpy as np

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def distance_inside(mask: np.ndarray) -> np.ndarray:
    """Euclidean distance in pixels, float32, from each pixel of a boolean mask to the nearest one outside of it.

    >>> distance_inside(np.array([[0, 1, 1, 1], [0, 1, 1, 1]], bool))[0].tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance = np.minimum(distance, sum(mask.shape))  # where nothing is outside, OpenCV's are too large to be squared
    # The last digits of OpenCV's square roots depend on the image's place in memory; the squares are whole numbers.
    return np.sqrt(np.rint(distance * distance))


def relative_distance(labels: np.ndarray) -> np.ndarray:
    """Distance of each pixel to its particle's rim, float32, as a fraction of the largest in that particle.

    `labels` are whole numbers (rows, columns) below 2^24; 0 is background, and its distance 0.

    >>> [round(float(fraction), 2) for fraction in relative_distance(np.array([[0, 1, 1, 1, 2]]))[0]]
    [0.0, 0.33, 1.0, 0.33, 1.0]
    """
    # OpenCV has no morphology for integers of 32 bits; float32 holds labels exactly.
    values, foreground = labels.astype(np.float32), labels > 0
    rim = foreground & (cv2.dilate(values, _CROSS) != cv2.erode(values, _CROSS))
    if not rim.any():  # nothing but background, or one particle that fills the image
        return foreground.astype(np.float32)
    # The rim runs along the edges of pixels: half a pixel beyond the centres of the outermost ones.
    distance = distance_inside(~rim) + 0.5
    distance[~foreground] = 0
    largest = np.zeros(int(labels.max()) + 1, np.float32)
    largest[0] = 1
    np.maximum.at(largest, labels.ravel(), distance.ravel())
    return distance / largest[labels]
