"""Draws that several parts of a scene share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from autoseg.errors import OptionsError

Name = TypeVar("Name", bound=str)


def choose(weights: Mapping[Name, float], rng: np.random.Generator) -> Name:
    """One of the names; one of twice the weight is chosen twice as often.

    >>> choose({"a": 0, "b": 1}, np.random.default_rng(0))
    'b'
    """
    names, values = list(weights), np.array(list(weights.values()), float)
    if not values.sum() > 0:
        raise OptionsError("there is nothing to choose from", advice="Give at least one of the names a weight above 0.")
    return names[int(rng.choice(len(names), p=values / values.sum()))]
