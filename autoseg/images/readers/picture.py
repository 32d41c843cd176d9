"""What every reader makes of a file: grey pixels, or heights, and what had to be done to get them."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

import numpy as np

from autoseg.errors import ImageError


@dataclass(frozen=True, eq=False)
class Scale:
    """What a scan says of itself, where a micrograph's metadata need to be searched."""

    pixel_size: float | None
    "Edge length of a pixel in nm."
    pixel_size_source: str
    unit: str | None
    "Unit of the values: nm for heights."
    channels: tuple[str, ...] = ()
    "All that the file holds."


@dataclass(frozen=True, eq=False)
class Picture:
    """One page of a file: grey pixels, shape (rows, columns), and what had to be done to get them."""

    pixels: np.ndarray
    page: int
    pages: int
    notes: tuple[str, ...]
    scale: Scale | None = None


class MissingPageError(ImageError):
    """A file has no page of that number; how many it has is known before any pixels are read."""

    def __init__(self, number: int, pages: int, file: str | PathLike[str] | None = None):
        self.number, self.pages = number, pages
        super().__init__(f"has no page {number}", file=file, advice=f"Choose a page from 1 to {pages}.")


def chosen_page(wanted: int | None, pages: int, notes: list[str]) -> int:
    """The page to read, counted from 1, with a note where there are more and none was asked for."""
    if wanted is None and pages > 1:
        notes.append(f"Page 1 of {pages} was read; choose another with page=2.")
    number = wanted or 1
    if number > pages:
        raise MissingPageError(number, pages)
    return number


def check_size(shape: tuple[int, ...], max_pixels: int) -> None:
    """Refuse an image without pixels, or with too many."""
    rows, columns = shape[:2]
    if rows * columns == 0:
        raise ImageError("has no pixels", advice="Export it again.")
    if rows * columns > max_pixels:
        problem = f"has {columns} x {rows} pixels, more than max_pixels = {max_pixels}"
        raise ImageError(problem, advice="Raise it if the image is really that large.")


def refuse_complex(kind: np.dtype) -> None:
    """Refuse numbers that have two parts, of which nobody said which one is the picture."""
    if kind.kind == "c":
        raise ImageError("holds complex numbers", advice="Save the magnitude, or the real part, of them.")


def grey(samples: np.ndarray, channels: int, notes: list[str]) -> np.ndarray:
    """One grey channel out of `channels` of the last axis."""
    if samples.shape[2] > channels:
        notes.append("The alpha channel was ignored.")
    if channels == 1:
        return samples[..., 0]
    red, green, blue = np.moveaxis(samples[..., :3], -1, 0)
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return red
    notes.append("Colours were converted to grey (Rec. 601 luminance).")
    return luminance(red, green, blue)


def luminance(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> np.ndarray:
    """Rec. 601 luminance in the channels' own type: rounded, never wrapped, and exact where the three are equal."""
    grey = np.float64(0.299) * red + np.float64(0.587) * green + np.float64(0.114) * blue
    return (grey if red.dtype.kind == "f" else np.rint(grey)).astype(red.dtype)


def finished(pixels: np.ndarray) -> np.ndarray:
    """Contiguous, read-only pixels of a type that the rest of the package computes with."""
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise ImageError("holds values that are not finite (NaN or infinite)", advice="Replace them and save it again.")
    dtype = np.float32 if pixels.dtype == np.float16 else pixels.dtype.newbyteorder("=")
    pixels = np.ascontiguousarray(pixels, dtype)
    pixels.setflags(write=False)
    return pixels
