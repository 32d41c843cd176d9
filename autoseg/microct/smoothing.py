"""Slices, averaged with those around them: a network that sees one alone takes noise for what it is looking for."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

Looked = tuple[np.ndarray, np.ndarray | None]
"Grey values of a slice, and what is averaged: these, or its probability; None where it was passed over."
Smoothing = Literal["auto"] | Annotated[float, Field(ge=0, le=20)]
"How many slices wide, a Gaussian's standard deviation; auto: as the slices themselves suggest."
WIDTHS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"In slices: those that are tried."
LOOKED_AT = 16
"So many slices in the middle of a volume suggest the width."
_PIXELS = 250_000  # of a slice that are compared at most


def smoothed(slices: Iterable[Looked], width: float, own: float = 1.0) -> Iterator[Looked]:
    """Slices one by one, their probabilities, or grey values, averaged with those around them by a Gaussian.

    `width` is its standard deviation in slices, `own` the weight of a slice itself. Ends, and slices without a
    probability, leave their weight to others.

    >>> flat = ((np.zeros(1), np.full(1, value)) for value in (0.0, 1.0, 0.0))
    >>> [round(float(probability[0]), 2) for _, probability in smoothed(flat, 0.5)]
    [0.12, 0.79, 0.12]
    """
    reach = math.ceil(3 * width)
    weights = [math.exp(-((step / width) ** 2) / 2) if step else own for step in range(-reach, reach + 1)]
    window: deque[Looked | None] = deque([None] * reach, maxlen=2 * reach + 1)
    for one in chain(slices, [None] * reach):
        window.append(one)
        if len(window) == 2 * reach + 1 and (middle := window[reach]) is not None:
            grey, probability = middle
            yield grey, None if probability is None else _mean(window, weights)


def smooths_grey_values(width: float) -> bool:
    """Whether slices have so much in common that the network is shown their means: then it sees far more in noise.

    Where less than a slice on each side tells of the same, means would blur what changes from one to the next.

    >>> smooths_grey_values(0.7), smooths_grey_values(1.0)
    (False, True)
    """
    return width >= 1


def choose_width(slices: Sequence[Looked]) -> float:
    """The width with which the slices around each one tell best what it says itself; 0 if they tell nothing of it.

    What is alike in neighbouring slices is told by them, noise of each alone is not: so it needs no truth to be known
    how much of them to take in (Batson and Royer 2019). Slices far apart are hardly smoothed, noisy ones of large
    grains much.

    >>> rng = np.random.default_rng(0)
    >>> alike = [(np.zeros(1), np.linspace(0, 1, 100) + rng.normal(0, 0.1, 100)) for _ in range(12)]
    >>> unlike = [(np.zeros(1), rng.random(100)) for _ in range(12)]
    >>> choose_width(alike), choose_width(unlike)
    (4.0, 0.0)
    """
    thinned = [(grey, None if probability is None else _thin(probability)) for grey, probability in slices]
    known = [probability for _, probability in thinned if probability is not None]
    if len(known) < 3:
        return 0.0
    errors = {width: _error(thinned, width) for width in WIDTHS}
    best = min(errors, key=errors.__getitem__)
    return best if errors[best] < float(np.var(known)) else 0.0


def _error(slices: Sequence[Looked], width: float) -> float:
    """How far slices are from the mean of those around them, squared."""
    pairs = zip(slices, smoothed(slices, width, own=0.0), strict=True)
    found = [
        float(np.mean((own - around) ** 2)) for (_, own), (_, around) in pairs if own is not None and around is not None
    ]
    return float(np.mean(found))


def _thin(probability: np.ndarray) -> np.ndarray:
    """Every second pixel, or third, ..., of rows and columns: enough to compare slices."""
    step = max(1, math.ceil(math.sqrt(probability.size / _PIXELS)))
    return probability[(slice(None, None, step),) * probability.ndim]


def _mean(window: Iterable[Looked | None], weights: Sequence[float]) -> np.ndarray:
    known = [(weight, one[1]) for weight, one in zip(weights, window, strict=True) if one and one[1] is not None]
    shares = np.array([weight for weight, _ in known], np.float32)
    total = max(float(shares.sum()), 1e-12)  # 0 where a slice stands alone and does not count itself
    first, *others = (share / total * probability for share, (_, probability) in zip(shares, known, strict=True))
    for other in others:
        first += other
    return first
