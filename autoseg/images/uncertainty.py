"""How unsure a network is, pixel by pixel."""

from __future__ import annotations

import numpy as np

from autoseg.errors import ImageError


def entropy(probability: np.ndarray) -> np.ndarray:
    """The entropy in bits of a probability of foreground: 0 where the network is sure, 1 where p is 0.5.

    `probability` is (rows, columns), such as the `foreground` of a segmentation; the result float32 of the same shape.

    >>> entropy(np.array([[0.0, 0.5, 1.0]])).tolist()
    [[0.0, 1.0, 0.0]]
    """
    if probability.ndim != 2 or probability.dtype.kind not in "biuf":
        given = f"{probability.dtype} of shape {probability.shape}"
        raise ImageError(f"a probability of foreground is an image of numbers from 0 to 1, not {given}")
    foreground = _checked(probability.astype(np.float32))
    return _part(foreground) + _part(1 - foreground)


def class_entropy(probability: np.ndarray) -> np.ndarray:
    """The entropy in bits of class probabilities: 0 where the network is sure, log2(classes) where all are equal.

    `probability` is (rows, columns, classes); the result float32 (rows, columns).

    >>> class_entropy(np.array([[[0.0, 1.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]])).tolist()
    [[0.0, 1.0, 2.0]]
    """
    if probability.ndim != 3 or probability.dtype.kind not in "biuf":
        given = f"{probability.dtype} of shape {probability.shape}"
        raise ImageError(f"a probability of classes has rows, columns and classes, and is not {given}")
    total = np.zeros(probability.shape[:2], np.float32)
    for number in range(probability.shape[2]):
        total += _part(_checked(probability[..., number].astype(np.float32)))
    return total


def _checked(probability: np.ndarray) -> np.ndarray:
    if not ((probability >= 0) & (probability <= 1)).all():  # also where one is NaN
        raise ImageError(f"a probability is from 0 to 1, not from {probability.min():g} to {probability.max():g}")
    return probability


def _part(probability: np.ndarray) -> np.ndarray:
    """-p log p, which is 0 at 0."""
    return probability * -np.log2(np.maximum(probability, np.finfo(np.float32).tiny))
