"""What a network says about each pixel, by name, checked before anything is computed from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autoseg.errors import ImageError

CHANNELS = ("foreground", "contact", "distance")
"What a network with a contact head says, in the order of its channels; one without says the first alone."

Probability = np.ndarray | Mapping[str, np.ndarray]
"Numbers from 0 to 1: an array (rows, columns[, channels]), or arrays (rows, columns) by the name of the channel."


def named_channels(probability: Probability, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The channels of these names, each float32 (rows, columns).

    >>> channels = named_channels(np.ones((4, 5, 3)), ["foreground", "distance"])
    >>> channels["distance"].shape, channels["distance"].dtype
    ((4, 5), dtype('float32'))
    """
    if isinstance(probability, Mapping):
        given = {name: np.asarray(channel) for name, channel in probability.items()}
        said = " and ".join(f"{name} {channel.shape}" for name, channel in given.items()) or "an empty mapping"
    else:
        given, said = _unstacked(np.asarray(probability)), f"an array of shape {np.shape(probability)}"
    shapes = {channel.shape for channel in given.values()}
    known = set(names) <= set(given) <= set(CHANNELS)
    if not known or len(shapes) > 1 or len(min(shapes)) != 2 or 0 in min(shapes):
        raise ImageError(f"a probability needs {_wanted(names)}, but this one is {said}")
    return {name: _checked(given[name], name) for name in names}


def _unstacked(stack: np.ndarray) -> dict[str, np.ndarray]:
    """The channels of a stack by their names; none where their number is neither 1 nor that of a contact head."""
    planes = np.moveaxis(stack, -1, 0) if stack.ndim == 3 else stack[None]
    return dict(zip(CHANNELS, planes, strict=False)) if len(planes) in (1, len(CHANNELS)) else {}


def _wanted(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"1 channel of shape (rows, columns), {names[0]}, or the {len(CHANNELS)} {', '.join(CHANNELS)}"
    return f"{len(names)} channels, each of shape (rows, columns): {', '.join(names)}"


def _checked(channel: np.ndarray, name: str) -> np.ndarray:
    """The channel as contiguous float32, if it holds probabilities."""
    if channel.dtype.kind not in "biuf":
        raise ImageError(f"the channel {name} holds {channel.dtype}, not numbers from 0 to 1")
    lowest, highest = channel.min(), channel.max()
    if not (lowest >= 0 and highest <= 1):  # also where they are NaN
        raise ImageError(f"the channel {name} reaches from {lowest:g} to {highest:g}, not from 0 to 1")
    return np.ascontiguousarray(channel, np.float32)
