"""Grey images on their way between stages: uint8 in files, -1..1 in generators; and sheets of them to be looked at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tifffile

from autoseg.errors import ImageError
from autoseg.files import written_whole

GAP = 2  # pixels between the images of a sheet


def write_grey(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Write an image (height, width) of values in 0..1 as a TIFF file of 8 bits."""
    with written_whole(path) as partial:
        tifffile.imwrite(partial, to_bytes(image), compression="zlib")


def read_grey(path: str | os.PathLike[str]) -> np.ndarray:
    """An image (height, width), uint8, that an earlier stage wrote."""
    image = tifffile.imread(path)
    if image.ndim != 2 or image.dtype != np.uint8:
        raise ImageError(f"is no grey image of 8 bits, but {image.dtype} of shape {image.shape}", file=path)
    return image


def to_bytes(image: np.ndarray) -> np.ndarray:
    """Values in 0..1 as uint8.

    >>> to_bytes(np.array([0.0, 0.5, 1.2])).tolist()
    [0, 128, 255]
    """
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def to_signed(image: np.ndarray) -> np.ndarray:
    """uint8 as float32 in -1..1, as generators read it, with a last axis for its one channel.

    >>> to_signed(np.array([[0, 255]], np.uint8)).tolist()
    [[[-1.0], [1.0]]]
    """
    return (image.astype(np.float32) / 127.5 - 1)[..., np.newaxis]


def from_signed(image: np.ndarray) -> np.ndarray:
    """Values in -1..1 (height, width, 1), as generators make them, as (height, width) in 0..1."""
    return (image[..., 0] + 1) / 2


def numbered_files(folder: Path, ending: str = ".tif") -> list[Path]:
    """The files 00000.tif, 00001.tif and so on that an earlier stage wrote."""
    return sorted(folder.glob(f"[0-9]*{ending}"))


def sheet(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Rows of images (height, width[, 3]) in uint8, side by side on white.

    >>> sheet([[np.zeros((4, 4), np.uint8), np.zeros((4, 6), np.uint8)]]).shape
    (8, 18, 3)
    """
    height = max(image.shape[0] for row in rows for image in row)
    width = max(image.shape[1] for row in rows for image in row)
    columns = max(len(row) for row in rows)
    picture = np.full((len(rows) * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            top, left = GAP + i * (height + GAP), GAP + j * (width + GAP)
            coloured = image if image.ndim == 3 else image[..., np.newaxis]
            picture[top : top + image.shape[0], left : left + image.shape[1]] = coloured
    return picture
