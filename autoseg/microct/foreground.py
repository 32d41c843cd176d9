"""Where grains are, slice by slice: as a network predicts it, or as a mask says."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.volumes.volume import Volume

Predict = Callable[[np.ndarray], np.ndarray]
"The probability, float32 in 0..1, of each pixel of a slice (rows, columns) to be of a grain."
Looked = tuple[np.ndarray, np.ndarray | None]
"Grey values of a slice, and its probability; None where it was passed over."
SlicesTo = Callable[[int, np.ndarray, np.ndarray], None]
"Takes the number of a slice, its grey values, and its probability."


class Foreground:
    """The foreground of a volume, once: slice after slice, while what passes by is handed on.

    Slices that cannot be used are errors; or, with `pass_over`, empty, and listed.

    >>> volume = Volume.of_array(np.eye(3)[None])
    >>> foreground = Foreground(volume, lambda pixels: pixels.astype(np.float32), threshold=0.5)
    >>> [int(inside.sum()) for inside in foreground], foreground.shares.tolist()
    ([3], [0.3333333333333333])
    """

    def __init__(
        self, volume: Volume, predict: Predict, threshold: float, pass_over: bool = False, smoothing: float = 0.0
    ):
        self.volume, self.predict, self.threshold, self.pass_over = volume, predict, threshold, pass_over
        self.smoothing = smoothing
        self.shares = np.full(len(volume), np.nan)
        "(slices,): which part of each slice is foreground; not a number where it was passed over."
        self.failures: list[ImageError] = []
        "Why slices were passed over."
        self.listeners: list[SlicesTo] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        """Booleans (rows, columns)."""
        slices = map(self._look_at, range(len(self.volume)))
        for number, (grey, probability) in enumerate(smoothed(slices, self.smoothing)):
            if probability is None:
                probability = np.zeros(self.volume.shape[1:], np.float32)
            else:
                self.shares[number] = float((probability > self.threshold).mean())
            inside = probability > self.threshold
            for listener in self.listeners:
                listener(number, grey, probability)
            yield inside

    def _look_at(self, number: int) -> Looked:
        try:
            grey = self.volume.slice(number)
        except ImageError as error:
            if not self.pass_over:
                raise
            self.failures.append(error)
            return np.zeros(self.volume.shape[1:], np.float32), None
        return grey, self.predict(grey)


def smoothed(slices: Iterable[Looked], width: float) -> Iterator[Looked]:
    """Slices one by one, their probabilities averaged with those of the slices around them by a Gaussian.

    `width` is its standard deviation in slices. Ends, and slices without a probability, leave their weight to others.

    >>> flat = ((np.zeros(1), np.full(1, value)) for value in (0.0, 1.0, 0.0))
    >>> [round(float(probability[0]), 2) for _, probability in smoothed(flat, 0.5)]
    [0.12, 0.79, 0.12]
    """
    reach = math.ceil(3 * width)
    weights = [math.exp(-((step / width) ** 2) / 2) if step else 1.0 for step in range(-reach, reach + 1)]
    window: deque[Looked | None] = deque([None] * reach, maxlen=2 * reach + 1)
    for one in chain(slices, [None] * reach):
        window.append(one)
        if len(window) == 2 * reach + 1 and (middle := window[reach]) is not None:
            grey, probability = middle
            yield grey, None if probability is None else _mean(window, weights)


def _mean(window: Iterable[Looked | None], weights: Sequence[float]) -> np.ndarray:
    known = [(weight, one[1]) for weight, one in zip(weights, window, strict=True) if one and one[1] is not None]
    shares = np.array([weight for weight, _ in known], np.float32)
    first, *others = (share * probability for share, (_, probability) in zip(shares / shares.sum(), known, strict=True))
    for other in others:
        first += other
    return first


def as_mask(pixels: np.ndarray) -> np.ndarray:
    """The probability of a slice that is a mask: 1 wherever it is not 0.

    >>> as_mask(np.array([[0, 255]], np.uint8)).tolist()
    [[0.0, 1.0]]
    """
    return (pixels != 0).astype(np.float32)
