"""Where grains are, slice by slice: as a network predicts it, or as a mask says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.volumes.volume import Volume

Predict = Callable[[np.ndarray], np.ndarray]
"The probability, float32 in 0..1, of each pixel of a slice (rows, columns) to be of a grain."
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

    def __init__(self, volume: Volume, predict: Predict, threshold: float, pass_over: bool = False):
        self.volume, self.predict, self.threshold, self.pass_over = volume, predict, threshold, pass_over
        self.shares = np.full(len(volume), np.nan)
        "(slices,): which part of each slice is foreground; not a number where it was passed over."
        self.failures: list[ImageError] = []
        "Why slices were passed over."
        self.listeners: list[SlicesTo] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        """Booleans (rows, columns)."""
        for number in range(len(self.volume)):
            grey, probability = self._look_at(number)
            inside = probability > self.threshold
            for listener in self.listeners:
                listener(number, grey, probability)
            yield inside

    def _look_at(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        try:
            grey = self.volume.slice(number)
        except ImageError as error:
            if not self.pass_over:
                raise
            self.failures.append(error)
            empty = np.zeros(self.volume.shape[1:], np.float32)
            return empty, empty
        probability = self.predict(grey)
        self.shares[number] = float((probability > self.threshold).mean())
        return grey, probability


def as_mask(pixels: np.ndarray) -> np.ndarray:
    """The probability of a slice that is a mask: 1 wherever it is not 0.

    >>> as_mask(np.array([[0, 255]], np.uint8)).tolist()
    [[0.0, 1.0]]
    """
    return (pixels != 0).astype(np.float32)
