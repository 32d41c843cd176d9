"""The channels of a prediction, by name, checked before anything is computed from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autoseg.errors import ImageError
from autoseg.heads import FOREGROUND

Probability = np.ndarray | Mapping[str, np.ndarray]
"Numbers from 0 to 1: arrays (rows, columns) by the names of their channels; a single array is the foreground."


def named_channels(probability: Probability, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The channels of these names, each float32 (rows, columns).

    >>> channels = named_channels({"foreground": np.ones((4, 5)), "distance": np.zeros((4, 5))}, ["distance"])
    >>> channels["distance"].shape, channels["distance"].dtype
    ((4, 5), dtype('float32'))
    """
    given = probability if isinstance(probability, Mapping) else {FOREGROUND: probability}
    channels = {name: np.asarray(channel) for name, channel in given.items()}
    shapes = {channel.shape for channel in channels.values()}
    if not set(names) <= set(channels) or len(shapes) > 1 or len(min(shapes)) != 2 or 0 in min(shapes):
        found = " and ".join(f"{name} {channel.shape}" for name, channel in channels.items()) or "nothing"
        wanted = f"{len(names)} channel{'s' if len(names) > 1 else ''} of shape (rows, columns): {', '.join(names)}"
        raise ImageError(f"a probability needs {wanted}, but this one is {found}")
    return {name: _checked(channels[name], name) for name in names}


def _checked(channel: np.ndarray, name: str) -> np.ndarray:
    """The channel as contiguous float32, if it holds probabilities."""
    if channel.dtype.kind not in "biuf":
        raise ImageError(f"the channel {name} holds {channel.dtype}, not numbers from 0 to 1")
    lowest, highest = channel.min(), channel.max()
    if not (lowest >= 0 and highest <= 1):  # also where they are NaN
        raise ImageError(f"the channel {name} reaches from {lowest:g} to {highest:g}, not from 0 to 1")
    return np.ascontiguousarray(channel, np.float32)
