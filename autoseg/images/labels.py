"""Label images and probability maps as TIFF files that ImageJ and autoseg open with their pixel size."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tifffile import RESUNIT, imwrite

from autoseg.errors import AutosegError, ImageError
from autoseg.files import written_whole
from autoseg.images.micrograph import read

_LEVELS = {"f": 1}
"Effort of zlib by kind of numbers: more of it takes 1.7 times as long, and makes maps of floats 1 % smaller."
_LARGEST = 2**24  # what ImageJ, which turns 32-bit integers into float32, still holds exactly


def write_labels(path: str | os.PathLike[str], labels: np.ndarray, pixel_size: float | None = None) -> None:
    """Write labels, shape (rows, columns), as a zlib-compressed TIFF: uint16, or uint32 above 65535 particles.

    `pixel_size` in nm goes into the tags as ImageJ writes it: pixels per nm and the unit "nm". ImageJ shows 32-bit
    integers as float32, which is exact up to 16777216; larger labels are refused.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_labels(f"{folder}/a_labels.tif", np.array([[0, 1], [2, 2]]), pixel_size=7.344)
    ...     read_labels(f"{folder}/a_labels.tif")
    array([[0, 1], [2, 2]], dtype=uint16)
    """
    labels = as_labels(labels)
    write_tiff(path, labels, pixel_size, brightest=max(1, int(labels.max())))


def write_probability(path: str | os.PathLike[str], probability: np.ndarray, pixel_size: float | None = None) -> None:
    """Write a map of finite numbers, shape (rows, columns), as a float32 TIFF; `pixel_size` in nm."""
    if probability.ndim != 2 or probability.size == 0 or not np.isfinite(probability).all():
        raise AutosegError(f"a probability map is an image of finite numbers, not {probability.shape}", file=path)
    write_tiff(path, probability.astype(np.float32), pixel_size, brightest=1)


def write_probabilities(
    path: str | os.PathLike[str], probability: np.ndarray, names: Sequence[str], pixel_size: float | None = None
) -> None:
    """Write maps of finite numbers, shape (rows, columns, names), as a float32 TIFF with a page for each name.

    The names are a line of the description; `pixel_size` is in nm.
    """
    if probability.ndim != 3 or probability.size == 0 or not np.isfinite(probability).all():
        raise AutosegError(f"probability maps are images of finite numbers, not {probability.shape}", file=path)
    pages = np.moveaxis(probability, -1, 0).astype(np.float32)
    write_tiff(path, pages, pixel_size, brightest=1, note=f"autoseg_pages={json.dumps(list(names))}")


def read_labels(path: str | os.PathLike[str]) -> np.ndarray:
    """Labels, shape (rows, columns), of an image file: uint16, or uint32 above 65535.

    Whole numbers saved as float32, as ImageJ does with 32-bit labels, are taken; colours are not.
    """
    micrograph = read(path, info_bar="none")
    if any(note.startswith("Colours") for note in micrograph.notes):
        raise ImageError("is a colour image, not labels", file=Path(path), advice="Export the labels as a grey TIFF.")
    labels = micrograph.pixels
    if labels.dtype.kind == "f" and (labels == np.rint(labels)).all():
        labels = labels.astype(np.int64)
    try:
        return as_labels(labels)
    except AutosegError as error:
        raise ImageError(error.problem, file=Path(path), advice=error.advice) from None


def as_labels(labels: np.ndarray) -> np.ndarray:
    """The labels in the smallest type for files, uint16 or uint32; refuse what is no label image."""
    if labels.ndim != 2 or labels.size == 0 or labels.dtype.kind not in "ui":
        problem = f"labels are an image of whole numbers, not {labels.dtype} of shape {labels.shape}"
        raise AutosegError(problem, advice="Give one number to each particle, and 0 to the background.")
    if labels.min() < 0 or labels.max() > _LARGEST:
        raise AutosegError(f"labels below 0 or above {_LARGEST} cannot be stored", advice="Number them from 1.")
    return labels.astype(np.uint16 if labels.max() < 2**16 else np.uint32)


def write_tiff(
    path: str | os.PathLike[str],
    pixels: np.ndarray,
    pixel_size: float | None,
    brightest: int,
    colours: np.ndarray | None = None,
    note: str = "",
) -> None:
    """Write pixels, shape (rows, columns), as a zlib-compressed TIFF that ImageJ shows from 0 to the `brightest` value.

    Those of shape (pages, rows, columns) become a stack. `colours`, uint16 of shape (3, 256), are the palette of 8-bit
    pixels; a `note` is a line more in the description.
    """
    if pixel_size is not None and not 0 < pixel_size < np.inf:
        raise AutosegError(f"a pixel cannot be {pixel_size} nm wide", file=path, advice="Give a size above 0, or None.")
    # tifffile's own ImageJ mode refuses uint32; ImageJ itself needs no more than this description.
    unit = "" if pixel_size is None else "unit=nm\n"
    count = f"images={len(pixels)}\nslices={len(pixels)}\n" if pixels.ndim == 3 else "images=1\n"
    per_nm = 1 if pixel_size is None else 1 / pixel_size
    with written_whole(path) as partial:
        imwrite(
            partial,
            pixels,
            photometric="minisblack" if colours is None else "palette",
            colormap=colours,
            compression="zlib",
            compressionargs={"level": _LEVELS.get(pixels.dtype.kind, 6)},
            description=f"ImageJ=1.11a\n{count}{unit}min=0.0\nmax={brightest}.0\n" + (note and f"{note}\n"),
            metadata=None,
            resolution=(per_nm, per_nm),
            resolutionunit=RESUNIT.NONE,
            software="autoseg",
        )
