"""Random flips, turns, rotations, scales and crops, drawn once and applied alike to an image and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import AfterValidator, Field

from autoseg.errors import ImageError, OptionsError
from autoseg.images.tiles import mirrored
from autoseg.options import Options, Share


def ordered(limits: tuple[float, float]) -> tuple[float, float]:
    """Refuse a range of an option whose limits are swapped."""
    if limits[0] > limits[1]:
        raise ValueError("must be the lowest and the highest value, in this order")
    return limits


Factors = Annotated[tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]], AfterValidator(ordered)]
"The lowest and the highest of a range of positive factors."
Shares = Annotated[tuple[Share, Share], AfterValidator(ordered)]
"The lowest and the highest of a range in 0..1."


def draw_factor(rng: np.random.Generator, factors: Factors) -> float:
    """A random factor of the range: doubling is as likely as halving.

    >>> draw_factor(np.random.default_rng(0), (1.0, 1.0))
    1.0
    """
    return float(np.exp(rng.uniform(*np.log(factors))))


def draw_spread(rng: np.random.Generator, deviation: float, count: int) -> np.ndarray:
    """Random factors around 1, whose logarithms have this standard deviation; none is further off than two of them.

    >>> draw_spread(np.random.default_rng(0), 0.0, 2)
    array([1., 1.])
    """
    return np.exp(rng.normal(0, deviation, count).clip(-2 * deviation, 2 * deviation))


class GeometryOptions(Options):
    """Which geometries are drawn; by default the image itself and its three flips."""

    flip: bool = True
    "Flip top to bottom and left to right, each in half of the views."
    quarter_turns: bool = False
    "Turn by a random multiple of 90 degrees."
    rotation: float = Field(0.0, ge=0, le=180)
    "Turn by a random angle of at most this many degrees, either way."
    scale: Factors = (1.0, 1.0)
    "Magnify by a random factor between these two. Far below 1, fine detail aliases: nothing is smoothed before."
    jitter: float = Field(0.5, ge=0, le=0.5)
    "How far off the centre of a crop its foreground pixel may lie, as a fraction of the crop: 0.5 is anywhere."


@dataclass(frozen=True)
class Geometry:
    """Where each pixel of a view comes from. Pixel centres have integer coordinates, row first.

    >>> left_half = Geometry(size=(2, 4), shape=(2, 2), matrix=((1, 0, 0), (0, 1, 0)))
    >>> left_half.apply(np.arange(8).reshape(2, 4)).tolist()
    [[0, 1], [4, 5]]
    """

    size: tuple[int, int]
    "Height and width in pixels of the images it applies to."
    shape: tuple[int, int]
    "Height and width of the view in pixels."
    matrix: tuple[tuple[float, ...], tuple[float, ...]]
    "Row and column in the image, each as factors of the row and the column in the view and a constant."

    def apply(self, image: np.ndarray, order: Literal["linear", "nearest"] = "linear") -> np.ndarray:
        """The view of an array (height, width[, channels]) of any dtype, mirrored where it exceeds the image.

        "nearest" makes no new values: use it for labels and masks. "linear" computes in float32 and rounds for
        integers. Flips, quarter turns and crops alone are exact in both.
        """
        if image.shape[:2] != self.size:
            raise ImageError(f"the view is for images of {self.size} pixels, not {image.shape[:2]}")
        if order not in ("linear", "nearest"):
            raise OptionsError(f'"{order}" is not an order of interpolation', advice="Choose linear or nearest.")
        if order == "linear" and not self._lands_on_pixels:
            return self._interpolated(image)
        rows, columns = (np.rint(line).astype(np.intp) for line in self._coordinates())
        return _pick(image, rows, columns)

    @property
    def _lands_on_pixels(self) -> bool:
        return all(float(number).is_integer() for line in self.matrix for number in line)

    def _coordinates(self) -> list[np.ndarray]:
        """Row and column in the image of all pixels of the view, as arrays that broadcast to its shape."""
        rows, columns = np.ogrid[: self.shape[0], : self.shape[1]]
        # A product with 0 would only spread a vector over the plane: flips, turns and crops stay two vectors.
        return [
            np.asarray(start + (by_row * rows if by_row else 0) + (by_column * columns if by_column else 0))
            for by_row, by_column, start in self.matrix
        ]

    def _interpolated(self, image: np.ndarray) -> np.ndarray:
        """One linear resampling of only that part of the image the view needs, mirrored beforehand."""
        matrix = np.array(self.matrix)
        bottom, right = np.subtract(self.shape, 1)
        corners = matrix @ [[0, 0, bottom, bottom], [0, right, 0, right], [1, 1, 1, 1]]
        first, last = np.floor(corners.min(1)).astype(int), np.ceil(corners.max(1)).astype(int)
        rows, columns = (np.arange(*ends) for ends in zip(first, last + 1, strict=True))
        matrix[:, 2] -= first
        view = cv2.warpAffine(
            _pick(image, rows[:, None], columns).astype(np.float32),
            matrix[::-1, [1, 0, 2]],  # OpenCV names columns first
            self.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ).reshape(self.shape + image.shape[2:])
        return (view if image.dtype.kind == "f" else np.rint(view)).astype(image.dtype, copy=False)


def draw_geometry(
    rng: np.random.Generator,
    options: GeometryOptions,
    size: Sequence[int],
    crop: int | tuple[int, int] | None = None,
    foreground: np.ndarray | None = None,
) -> Geometry:
    """Draw the geometry of a view of images of `size` (height, width) pixels.

    Without `crop` (height, width or one number for both) the view is of the whole image. A crop lies anywhere in it,
    or, where a mask `foreground` of the same size is given and not empty, so that it shows a random pixel of that.
    It exceeds the image no more than it must.

    >>> image = np.random.default_rng(0).random((768, 1024))
    >>> geometry = draw_geometry(np.random.default_rng(1), GeometryOptions(rotation=180), image.shape, crop=192)
    >>> geometry.apply(image).shape, geometry.apply(image > 0.5, order="nearest").dtype
    ((192, 192), dtype('bool'))
    """
    height, width = size[:2]
    if foreground is not None and foreground.shape != (height, width):
        raise ImageError(f"the mask has {foreground.shape} pixels, but its image {(height, width)}")
    quarters = _draw_quarters(rng, options)
    linear = _draw_rotation(rng, options) @ quarters
    if crop is None:
        shape = np.abs(quarters) @ (height, width)
        offset = (np.subtract((height, width), 1) - linear @ (shape - 1)) / 2
    else:
        shape = np.broadcast_to(crop, 2)
        if shape.min() < 1:
            raise OptionsError(f"a view has at least 1 x 1 pixels, not {shape[0]} x {shape[1]}")
        offset = _draw_offset(rng, options.jitter, linear, shape, foreground, (height, width))
    by_rows, by_columns = np.column_stack([linear, offset]).tolist()
    return Geometry((height, width), (int(shape[0]), int(shape[1])), (tuple(by_rows), tuple(by_columns)))


def _draw_quarters(rng: np.random.Generator, options: GeometryOptions) -> np.ndarray:
    """Flips and quarter turns as a matrix of whole numbers, from view to image."""
    signs = rng.choice([-1, 1], 2) if options.flip else [1, 1]
    turns = int(rng.integers(4)) if options.quarter_turns else 0
    return np.diag(signs) @ np.linalg.matrix_power(np.array([[0, 1], [-1, 0]]), turns)


def _draw_rotation(rng: np.random.Generator, options: GeometryOptions) -> np.ndarray:
    """Rotation and scale as a matrix from view to image."""
    angle = np.deg2rad(rng.uniform(-options.rotation, options.rotation))
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, sine], [-sine, cosine]]) / draw_factor(rng, options.scale)


def _draw_offset(
    rng: np.random.Generator,
    jitter: float,
    linear: np.ndarray,
    shape: np.ndarray,
    foreground: np.ndarray | None,
    size: tuple[int, int],
) -> np.ndarray:
    """Where in the image the first pixel of a crop lies."""
    last = shape - 1
    reach = np.abs(linear) @ last
    inset = (reach - linear @ last) / 2  # of the first pixel in the upright box around the crop
    room = np.floor(np.subtract(size, 1) - reach).astype(int)
    limits = np.minimum(room, 0), np.maximum(room, 0)  # of the box's corner
    candidates = np.flatnonzero(() if foreground is None else foreground)
    if not candidates.size:
        return rng.integers(*limits, endpoint=True) + inset
    pixel = np.array(divmod(int(rng.choice(candidates)), size[1]))
    shown_at = np.rint(last * rng.uniform(0.5 - jitter, 0.5 + jitter, 2))
    offset = np.clip(pixel - linear @ shown_at - inset, *limits) + inset
    # Moved into the image, a rotated crop may have lost the pixel: move it back by as little as shows it.
    shown_at = np.clip(np.linalg.solve(linear, pixel - offset), 0, last)
    return pixel - linear @ shown_at


def _pick(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The pixels at these rows and columns, mirrored where they exceed the image."""
    return image[mirrored(rows, image.shape[0]), mirrored(columns, image.shape[1])]
