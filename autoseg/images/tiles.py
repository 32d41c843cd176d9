"""Pad images by reflection, cut them into overlapping tiles, and join tiles without seams.

Arrays are (height, width) or (height, width, channels), of any dtype.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Literal, get_args

import numpy as np

from autoseg.errors import ImageError, OptionsError

Overlap = Literal["blend", "mean", "maximum", "crop"]


def mirrored(indices: np.ndarray, length: int) -> np.ndarray:
    """Fold any integer indices into 0..length-1 by reflection at the first and last pixel, which are not repeated.

    >>> mirrored(np.arange(-3, 6), 3).tolist()
    [1, 2, 1, 0, 1, 2, 1, 0, 1]
    """
    if length < 1:
        raise ImageError("the image has no pixels")
    period = max(2 * (length - 1), 1)
    folded = indices % period
    return np.minimum(folded, period - folded)


def pad_to(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Reflect `image` at its bottom and right edge until it has at least this height and width in pixels."""
    for axis, wanted in enumerate((height, width)):
        length = image.shape[axis]
        if length < wanted:
            beyond = mirrored(np.arange(length, wanted), length)
            image = np.concatenate([image, image.take(beyond, axis)], axis)
    return image


def pad_to_multiple(image: np.ndarray, multiple: int) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Reflect `image` at its bottom and right edge until height and width are multiples of `multiple` pixels.

    Returned with the slices that crop an array of the padded size, whatever its channels, back to the image's size.
    Nothing is added at the top and left: a pixel has the same coordinates before and after.

    >>> padded, crop = pad_to_multiple(np.arange(6).reshape(2, 3), 4)
    >>> padded.tolist()
    [[0, 1, 2, 1], [3, 4, 5, 4], [0, 1, 2, 1], [3, 4, 5, 4]]
    >>> padded[crop].tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    if multiple < 1:
        raise OptionsError(f"images are padded to a multiple of at least 1 pixel, not {multiple}")
    height, width = image.shape[:2]
    padded = pad_to(image, height + -height % multiple, width + -width % multiple)
    return padded, (slice(height), slice(width))


@dataclass(frozen=True)
class Tiling:
    """The fewest tiles, evenly spread, that cover an image with at least `overlap` pixels between neighbours.

    An image smaller than a tile is padded by reflection. Tiles come row by row, from the top left.

    >>> image = np.random.default_rng(0).random((700, 1000))
    >>> tiling = Tiling(image.shape, tile=384, overlap=32)
    >>> len(tiling), tiling.tiles(image).shape
    (6, (6, 384, 384))
    >>> halved = tiling.stitch(tile / 2 for tile in tiling.stream(image))
    >>> np.allclose(halved, image / 2)
    True
    """

    size: tuple[int, ...]
    "Height and width of the image in pixels; further numbers, as in `image.shape`, are ignored."
    tile: int | tuple[int, int]
    "Height and width of a tile in pixels, or one number for both."
    overlap: int = 0
    "Pixels that neighbouring tiles share at least."
    multiple: int = 1
    "Tiles begin at multiples of this; tile, overlap, and an image larger than a tile must be multiples."

    def __post_init__(self) -> None:
        """Refuse what cannot be tiled."""
        object.__setattr__(self, "size", tuple(self.size[:2]))
        if min(self.size) < 1:
            raise ImageError("the image has no pixels")
        if not 0 <= self.overlap < min(self.tile_size):
            height, width = self.tile_size
            raise OptionsError(
                f"tiles of {height} x {width} pixels cannot overlap by {self.overlap} pixels",
                advice="Let the overlap be at least 0 and smaller than the tile.",
            )
        spans = (length - tile for length, tile in zip(self.size, self.tile_size, strict=True) if length > tile)
        if self.multiple < 1 or any(length % self.multiple for length in (*self.tile_size, self.overlap, *spans)):
            raise OptionsError(f"tiles, their overlap and the image are no multiples of {self.multiple} pixels")

    @property
    def tile_size(self) -> tuple[int, int]:
        """Height and width of a tile in pixels."""
        height, width = np.broadcast_to(self.tile, 2).tolist()
        return height, width

    @cached_property
    def positions(self) -> list[tuple[int, int]]:
        """Row and column of each tile's first pixel."""
        return list(product(*self._starts))

    def __len__(self) -> int:
        """How many tiles there are."""
        return len(self.positions)

    def tiles(self, image: np.ndarray) -> np.ndarray:
        """All tiles of `image` in one array, (tiles, height, width[, channels])."""
        return np.stack(list(self.stream(image)))

    def stream(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """The tiles of `image` one by one, without copying it."""
        if image.shape[:2] != self.size:
            raise ImageError(f"the tiling is for images of {self.size} pixels, not {image.shape[:2]}")
        height, width = self.tile_size
        padded = pad_to(image, height, width)
        for top, left in self.positions:
            yield padded[top : top + height, left : left + width]

    def stitch(self, tiles: Iterable[np.ndarray], mode: Overlap = "blend") -> np.ndarray:
        """Join tiles, in order and perhaps streamed, to an array of the image's height and width.

        Where tiles overlap, `mode` decides: "blend" weighs each tile less and less towards its edge, "mean" weighs
        all alike, "maximum" takes the largest value, "crop" cuts each overlap in its middle. The first two
        give floating-point numbers, the last two keep the tiles' dtype.
        """
        if mode not in get_args(Overlap):
            raise OptionsError(f'"{mode}" is not a way to join tiles', advice=f"Choose one of {get_args(Overlap)}.")
        height, width = self.tile_size
        shares = product(_shares(self._starts[0], height, mode), _shares(self._starts[1], width, mode))
        canvas = np.empty(0)
        for number, ((top, left), (rows, columns), tile) in enumerate(zip(self.positions, shares, tiles, strict=True)):
            if tile.shape[:2] != (height, width):
                raise ImageError(f"tile {number} has {tile.shape[:2]} pixels instead of {(height, width)}")
            if number == 0:
                canvas = self._canvas(tile, mode)
            share = np.expand_dims(rows[:, None] * columns, tuple(range(2, tile.ndim)))
            _add(canvas[top : top + height, left : left + width], tile, share, mode)
        return canvas[: self.size[0], : self.size[1]]

    @cached_property
    def _starts(self) -> tuple[list[int], list[int]]:
        height, width = self.size
        tile_height, tile_width = self.tile_size
        unit = self.multiple
        rows = _spread(height // unit, tile_height // unit, self.overlap // unit)
        columns = _spread(width // unit, tile_width // unit, self.overlap // unit)
        return [unit * row for row in rows], [unit * column for column in columns]

    def _canvas(self, tile: np.ndarray, mode: Overlap) -> np.ndarray:
        """What the tiles are added to: as large as the padded image."""
        shape = tuple(np.maximum(self.size, self.tile_size)) + tile.shape[2:]
        if mode == "maximum":
            return np.full(shape, _lowest(tile.dtype), tile.dtype)
        return np.zeros(shape, tile.dtype if mode == "crop" else np.result_type(tile.dtype, np.float32))


def _spread(length: int, tile: int, overlap: int) -> list[int]:
    """First pixels of the tiles along one axis."""
    span = max(length - tile, 0)
    steps = -(-span // (tile - overlap))
    # Rounding down keeps each step at most ceil(span / steps) <= tile - overlap, so no overlap gets too small.
    return [span * step // max(steps, 1) for step in range(steps + 1)]


def _shares(starts: list[int], tile: int, mode: Overlap) -> np.ndarray:
    """What each tile gives to its pixels along one axis, (tiles, pixels); the shares in a pixel add up to one."""
    pixels = np.add.outer(starts, np.arange(tile))
    if mode == "crop":
        cuts = [0, *((left + tile + right) // 2 for left, right in pairwise(starts)), starts[-1] + tile]
        return (pixels >= np.array(cuts[:-1])[:, None]) & (pixels < np.array(cuts[1:])[:, None])
    weights = np.ones(pixels.shape)
    if mode == "blend":
        weights[:] = np.sin(np.pi * (np.arange(tile) + 0.5) / tile) ** 2
        # The image's own borders are no seams.
        weights[0, : tile // 2] = weights[-1, tile // 2 :] = 1
    return weights / np.bincount(pixels.ravel(), weights.ravel())[pixels]


def _add(canvas: np.ndarray, tile: np.ndarray, share: np.ndarray, mode: Overlap) -> None:
    """Add one tile in place to the part of the canvas it covers."""
    match mode:
        case "maximum":
            np.maximum(canvas, tile, out=canvas)
        case "crop":
            np.copyto(canvas, tile, where=share)
        case _:
            canvas += tile * share


def _lowest(dtype: np.dtype) -> float | int | bool:
    """The lowest value of this dtype."""
    if dtype.kind == "b":
        return False
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)
