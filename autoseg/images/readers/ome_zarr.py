"""OME-Zarr (.zarr, .ome.zarr), versions 0.4 and 0.5, by zarr: the full resolution of an image; what comes before its
rows and columns (time, channels, depth) are pages. These files are folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.ome_zarr import axis_lengths, find_multiscales, zarr_package
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.picture import Picture, check_size, chosen_page
from autoseg.images.readers.transmission import picture_of


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one plane; of the others nothing is loaded."""
    root = zarr_package(path).open(str(path), mode="r")
    scales = {} if hasattr(root, "shape") else find_multiscales(dict(root.attrs))
    if scales is None:
        raise ImageError("holds no image, by OME's metadata", advice="Give the folder of the image within it.")
    finest: dict[str, Any] = scales["datasets"][0] if scales else {}
    array = root[finest["path"]] if finest else root
    _refuse_impossible(array, wanted.max_pixels)
    notes: list[str] = []
    before = array.shape[:-2]
    pages = int(np.prod(before, dtype=float))
    page = chosen_page(wanted.page, pages, notes)
    pixels = np.asarray(array[np.unravel_index(page - 1, before)] if before else array[:])
    height, width = axis_lengths(scales, finest, 2)
    return picture_of(pixels, (height, width), "OME-Zarr coordinate transformation", page, pages, notes)


def _refuse_impossible(array: Any, max_pixels: int) -> None:
    """Refuse what would fill the memory, and what was never written or copied: Zarr takes it for zeros."""
    if len(array.shape) < 2:
        raise ImageError(
            f"has the shape {tuple(array.shape)}, and an image rows and columns", advice="Export an image."
        )
    check_size(array.shape[-2:], max_pixels)
    check_size((int(np.prod(array.chunks, dtype=float)), 1), max(max_pixels, 2**28))
    if array.nchunks_initialized == 0:
        raise ImageError("lacks all of its pixels", advice="Copy or export it again.")


FAMILY = Family(name="OME-Zarr", endings=(".zarr",), starts=(), read=read)
