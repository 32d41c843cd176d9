"""How unsure a network is, pixel by pixel."""

from __future__ import annotations

import numpy as np

from autoseg.segmentation.channels import Probability, named_channels


def entropy(probability: Probability) -> np.ndarray:
    """The entropy of the foreground in bits, float32 (rows, columns): 0 where the network is sure, 1 where p is 0.5.

    `probability` is (rows, columns[, channels]), foreground first, or the channels by name.

    >>> entropy(np.array([[0.0, 0.5, 1.0]])).tolist()
    [[0.0, 1.0, 0.0]]
    """
    foreground = named_channels(probability, ["foreground"])["foreground"]
    return _part(foreground) + _part(1 - foreground)


def _part(probability: np.ndarray) -> np.ndarray:
    """-p log p, which is 0 at 0."""
    return probability * -np.log2(np.maximum(probability, np.finfo(np.float32).tiny))
