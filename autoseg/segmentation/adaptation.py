"""How an image is adapted to what a network knows: inverted or not, magnified or reduced; and its prediction back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autoseg.images.normalization import normalize
from autoseg.images.polarity import Polarity
from autoseg.images.resizing import magnified, resized
from autoseg.models.config import Preprocessing
from autoseg.segmentation.instances.finding import InstanceOptions

CRUMBS = 20
"In reduced levels, what has fewer pixels is no particle."


@dataclass(frozen=True)
class Adaptation:
    """What particles are taken for, and by which factors the image is magnified before the network sees it."""

    polarity: Polarity
    magnification: float = 1.0
    "The largest factor."
    reductions: int = 0
    "So often the network sees the image anew, each time half as large: large particles are of a size it knows there."

    @property
    def magnifications(self) -> tuple[float, ...]:
        """All factors, the largest first.

        >>> Adaptation(Polarity.DARK, 2.0, reductions=2).magnifications
        (2.0, 1.0, 0.5)
        """
        return tuple(self.magnification / 2**step for step in range(self.reductions + 1))


def prepare(image: np.ndarray, magnification: float, settings: Preprocessing, edge: int | None = None) -> np.ndarray:
    """The network's input, float32, for a field of view (rows, columns) whose particles are what the model expects.

    With `edge`, it is no more than a window of so many pixels each way, out of the liveliest part of the image.

    >>> prepare(np.eye(64), 0.5, Preprocessing(), edge=16).shape
    (16, 16)
    """
    # Percentiles are those of the whole image as the network sees it: reduction takes away noise.
    reduced = magnified(image, min(magnification, 1.0))
    prepared = normalize(reduced, settings.percentiles, clip=settings.clip)
    if edge is not None:
        prepared = prepared[find_liveliest(prepared, max(1, round(edge / max(magnification, 1.0))))]
    if magnification <= 1:
        return prepared
    enlarged = magnified(prepared, magnification)
    return np.clip(enlarged, 0, 1) if settings.clip else enlarged


def bring_back(output: np.ndarray, shape: tuple[int, int], bounded: bool = True) -> np.ndarray:
    """A predicted output (rows, columns, channels) in the pixels of the field of view of this shape.

    Bounded ones are probabilities, and stay within 0 and 1.

    >>> bring_back(np.ones((3, 5, 1), np.float32), (6, 10)).shape
    (6, 10, 1)
    """
    found = resized(output, shape)
    return np.clip(found, 0, 1) if bounded else found  # what rounding and interpolation add


def find_liveliest(image: np.ndarray, edge: int) -> tuple[slice, slice]:
    """The window of at most so many rows and columns in which grey values (rows, columns) vary most.

    >>> image = np.zeros((8, 8))
    >>> image[7, 1] = 1
    >>> find_liveliest(image, 4)
    (slice(4, 8, None), slice(0, 4, None))
    """
    starts = [_starts(length, edge) for length in image.shape]
    windows = [(slice(row, row + edge), slice(column, column + edge)) for row in starts[0] for column in starts[1]]
    return max(windows, key=lambda window: float(image[window].std()))


def _starts(length: int, edge: int) -> list[int]:
    """Where windows begin that overlap by half, the last one at the end."""
    return sorted({*range(0, max(length - edge, 0), max(edge // 2, 1)), max(length - edge, 0)})


def as_seen(options: InstanceOptions, magnification: float, given: set[str], finest: bool) -> InstanceOptions:
    """Options for finding particles, in pixels of a level of the pyramid.

    What is `given` is meant in pixels of the image, and so is which particles count; all else is meant for what the
    network sees. But in reduced levels of an image that was seen as it is, crumbs tell nothing.

    >>> as_seen(InstanceOptions(minimum_core=12), 2.0, {"minimum_core"}, finest=True).minimum_core
    48
    """
    values = {
        name: max(least, round(getattr(options, name) * magnification**2))
        for name, least in {"minimum_core": 1, "pinhole_size": 0, "minimum_size": 1}.items()
        if name in given or name == "minimum_size"
    }
    if not finest:
        values["minimum_size"] = max(values["minimum_size"], CRUMBS)
    return options.changed(**values)
