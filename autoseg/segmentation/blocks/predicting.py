"""A level of an image's pyramid, predicted block by block into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from skimage.filters import threshold_otsu

from autoseg.heads import FOREGROUND, Head
from autoseg.images.normalization import find_range, scale
from autoseg.models.config import Preprocessing
from autoseg.segmentation.adaptation import prepare
from autoseg.segmentation.blocks.grid import Window, cut
from autoseg.segmentation.blocks.scratch import Stored

Run = Callable[[np.ndarray], Mapping[str, np.ndarray]]
"The network on an image (rows, columns) that is normalised as it expects: outputs by name."
BINS = 256
"Of the histogram from which Otsu's threshold is taken, as in scikit-image."


class Channels:
    """What a network predicts for a level, by the names of the head's channels, in a file."""

    def __init__(self, stored: Stored, names: tuple[str, ...]):
        self.stored, self.names = stored, names

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the level."""
        return self.stored.shape[0], self.stored.shape[1]

    def at(self, window: Window) -> dict[str, np.ndarray]:
        """The channels within a window, each float32 (rows, columns)."""
        found = self.stored[window]
        return {name: np.ascontiguousarray(found[..., number]) for number, name in enumerate(self.names)}

    def threshold(self) -> float:
        """Otsu's threshold of the whole foreground; of a constant one it is that constant."""
        place = self.names.index(FOREGROUND)
        ends = np.array([(band.min(), band.max()) for band in self._foreground(place)])
        low, high = ends[:, 0].min(), ends[:, 1].max()
        if low == high:
            return float(low)
        counts = np.zeros(BINS, np.int64)
        for band in self._foreground(place):
            found, edges = np.histogram(band, BINS, (low, high))
            counts += found
        return float(threshold_otsu(hist=(counts, (edges[:-1] + edges[1:]) / 2)))

    def _foreground(self, place: int) -> Iterator[np.ndarray]:
        return (band[..., place].ravel() for _, band in self.stored.passing())


def predict_level(
    field: np.ndarray,
    magnification: float,
    settings: Preprocessing,
    head: Head,
    run: Run,
    edge: int,
    halo: int,
    multiple: int,
    path: Path,
) -> Channels:
    """The channels of a level, predicted in blocks of this edge with a halo as wide as the network sees.

    Grey values are normalised by the percentiles of the whole level. Blocks begin at multiples of what the network
    reduces by, so that it sees each pixel as it would in the whole image.
    """
    show, shape = _showing(field, magnification, settings)
    channels: Channels | None = None
    for block in cut(shape, edge, halo, multiple):
        named = head.named({name: output[block.inner] for name, output in run(show(block.seen)).items()})
        if channels is None:
            channels = Channels(Stored(path, (*shape, len(named)), np.float32), tuple(named))
        channels.stored[block.core] = np.stack(list(named.values()), axis=-1)
    assert channels is not None  # an image has a pixel at least
    return channels


def _showing(
    field: np.ndarray, magnification: float, settings: Preprocessing
) -> tuple[Callable[[Window], np.ndarray], tuple[int, int]]:
    """A function that shows a window of the level, and the shape of the level."""
    if magnification != 1:
        prepared = prepare(field, magnification, settings)
        return prepared.__getitem__, (prepared.shape[0], prepared.shape[1])
    ends = find_range(field, settings.percentiles)
    return lambda window: scale(field[window], ends, clip=settings.clip), (field.shape[0], field.shape[1])
