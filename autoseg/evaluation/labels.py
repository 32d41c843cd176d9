"""Label images: integers (height, width) in which 0 is background and every other number is one particle."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage

from autoseg.errors import ImageError, OptionsError

Connectivity = Literal[4, 8]


def label(mask: np.ndarray, connectivity: Connectivity = 4) -> np.ndarray:
    """Number the connected regions of a mask (height, width): int32 labels from 1, background 0.

    Masks in which lines of one pixel part touching particles are meant to be read with connectivity 4: pixels that
    share only a corner are then not connected.

    >>> diagonal = np.eye(3, dtype=bool)
    >>> label(diagonal).tolist(), label(diagonal, connectivity=8).tolist()
    ([[1, 0, 0], [0, 2, 0], [0, 0, 3]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    """
    if connectivity not in (4, 8):
        raise OptionsError(f"connectivity is 4 or 8, not {connectivity!r}")
    structure = ndimage.generate_binary_structure(2, 1 if connectivity == 4 else 2)
    return ndimage.label(np.asarray(mask) != 0, structure)[0]


def to_labels(image: np.ndarray, role: str = "segmentation") -> np.ndarray:
    """The image as integer labels (height, width), none above its number of pixels; a boolean mask is labelled first.

    >>> to_labels(np.array([[0, 4_000_000_000, 7]])).tolist()
    [[0, 2, 1]]
    """
    image = np.asarray(image)
    if image.ndim != 2:
        raise ImageError(f"the {role} has shape {image.shape}", advice="A label image has a height and a width.")
    if image.dtype == bool:
        return label(image)
    if image.dtype.kind not in "iu":
        raise ImageError(f"the {role} is of type {image.dtype}", advice="Give integer labels or a boolean mask.")
    if image.size and image.min() < 0:
        raise ImageError(f"the {role} has the negative label {image.min()}", advice="Labels begin at 1.")
    highest = int(image.max(initial=0))
    if highest == 255 and np.isin(image, (0, 255)).all():
        raise ImageError(f"the {role} has no labels but 0 and 255: it is a mask", advice="Give `mask > 0` instead.")
    if highest > image.size:
        values, inverse = np.unique(image, return_inverse=True)
        return inverse.reshape(image.shape) + (values[0] != 0)
    return image


def check_shapes(image: np.ndarray, truth: np.ndarray, role: str = "segmentation") -> None:
    """Raise an error unless both images have one shape."""
    if np.shape(image) != np.shape(truth):
        raise ImageError(
            f"the {role} has shape {np.shape(image)}, the truth {np.shape(truth)}",
            advice="Both must show the same pixels: crop the info bar off both, or off none.",
        )
