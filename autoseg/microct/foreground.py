"""Where grains are, slice by slice: as a network predicts it, or as a mask says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.volumes.volume import Volume
from autoseg.microct.smoothing import LOOKED_AT, Looked, Smoothing, choose_width, smoothed, smooths_grey_values

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

    def __init__(
        self, volume: Volume, predict: Predict, threshold: float, pass_over: bool = False, smoothing: Smoothing = 0.0
    ):
        self.volume, self.predict, self.threshold, self.pass_over = volume, predict, threshold, pass_over
        self.smoothing = smoothing
        "A number once slices were looked at."
        self.shares = np.full(len(volume), np.nan)
        "(slices,): which part of each slice is foreground; not a number where it was passed over."
        self._failures: dict[int, ImageError] = {}
        self.listeners: list[SlicesTo] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        """Booleans (rows, columns)."""
        ahead: dict[int, Looked] = {}
        if self.smoothing == "auto":
            first = max(0, (len(self.volume) - LOOKED_AT) // 2)
            ahead = {number: self._look_at(number) for number in range(len(self.volume))[first : first + LOOKED_AT]}
            self.smoothing = choose_width(list(ahead.values()))
        for number, (grey, probability) in enumerate(smoothed(self._looked(ahead, self.smoothing), self.smoothing)):
            if probability is None:
                probability = np.zeros(self.volume.shape[1:], np.float32)
            else:
                self.shares[number] = float((probability > self.threshold).mean())
            inside = probability > self.threshold
            for listener in self.listeners:
                listener(number, grey, probability)
            yield inside

    def _looked(self, ahead: dict[int, Looked], width: float) -> Iterator[Looked]:
        """All slices and their probabilities; for the network, too, slices are averaged that have much in common."""
        numbers = range(len(self.volume))
        if smooths_grey_values(width):
            for grey, around in smoothed(map(self._read, numbers), width):
                yield grey, None if around is None else self.predict(around)
        else:
            yield from (ahead.pop(number) if number in ahead else self._look_at(number) for number in numbers)

    @property
    def failures(self) -> tuple[ImageError, ...]:
        """Why slices were passed over."""
        return tuple(error for _, error in sorted(self._failures.items()))

    def _look_at(self, number: int) -> Looked:
        grey, usable = self._read(number)
        return grey, None if usable is None else self.predict(usable)

    def _read(self, number: int) -> Looked:
        """The grey values of a slice, twice; once where they cannot be used."""
        try:
            grey = self.volume.slice(number)
        except ImageError as error:
            if not self.pass_over:
                raise
            self._failures[number] = error
            return np.zeros(self.volume.shape[1:], np.float32), None
        return grey, grey


def as_mask(pixels: np.ndarray) -> np.ndarray:
    """The probability of a slice that is a mask: 1 wherever it is not 0.

    >>> as_mask(np.array([[0, 255]], np.uint8)).tolist()
    [[0.0, 1.0]]
    """
    return (pixels != 0).astype(np.float32)
