"""Images, and predictions for them, at another magnification."""

from __future__ import annotations

import math

import cv2
import numpy as np


def magnified(image: np.ndarray, factor: float) -> np.ndarray:
    """An image (rows, columns[, channels]) as float32, larger by a factor, or smaller; never less than a pixel wide.

    >>> magnified(np.array([[1, 3, 8, 8]]), 0.5).tolist()
    [[2.0, 8.0]]
    """
    rows, columns = (max(1, round(length * factor)) for length in image.shape[:2])
    return resized(image, (rows, columns))


def resized(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """An image (rows, columns[, channels]) as float32 of this shape; the image itself if it has it already.

    Where it gets smaller, its pixels are averaged, as fine detail would alias. Where it gets larger, cubics run through
    them, which may leave the range of its values by a little.

    >>> resized(np.eye(2), (4, 4)).shape
    (4, 4)
    """
    if image.shape[:2] == shape:
        return image
    smaller = math.prod(shape) < math.prod(image.shape[:2])
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    values = np.ascontiguousarray(image, np.float32)
    return cv2.resize(values, shape[::-1], interpolation=method).reshape(*shape, *image.shape[2:])


def sampled(labels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A label image (rows, columns) of this shape: each pixel has the label in its middle, and none is made up.

    >>> sampled(np.array([[1, 2, 3, 4]]), (1, 2)).tolist(), sampled(np.array([[1, 2]]), (1, 4)).tolist()
    ([[2, 4]], [[1, 1, 2, 2]])
    """
    rows, columns = (
        ((np.arange(length) + 0.5) * whole / length).astype(int)
        for length, whole in zip(shape, labels.shape, strict=True)
    )
    return labels[np.ix_(rows, columns)]
