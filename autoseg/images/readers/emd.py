"""Electron-microscopy datasets (.emd), HDF5: of Velox, and of NCEM (openNCEM, Prismatic, py4DSTEM)."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.picture import Picture, check_size, chosen_page
from autoseg.images.readers.transmission import in_nanometres, picture_of

_LONGEST = 5_000_000  # bytes of a frame's metadata
_DEEPEST, _MOST = 5, 1000  # groups in groups, and how many of them are looked at
_PACKED = 100  # no image of a microscope is compressed further than by this factor


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one frame of the first image of the file."""
    with h5py.File(path) as file:
        images = file.get("Data/Image")
        return _velox(images, wanted) if isinstance(images, h5py.Group) and len(images) else _ncem(file, wanted)


def _velox(images: h5py.Group, wanted: Wanted) -> Picture:
    """Images lie as (rows, columns, frames), each with JSON of what was set, a column a frame."""
    notes: list[str] = []
    group = images[sorted(images)[0]]
    if len(images) > 1:
        notes.append(f"The first of {len(images)} images was read.")
    data = _dataset(group, "Data", dimensions=(2, 3))
    check_size(data.shape, wanted.max_pixels)
    frames = data.shape[2] if data.ndim == 3 else 1
    page = chosen_page(wanted.page, frames, notes)
    pixels = data[..., page - 1] if data.ndim == 3 else data[()]
    metadata = _json(group, page - 1)
    size = metadata.get("BinaryResult", {}).get("PixelSize", {})
    unit = metadata.get("BinaryResult", {}).get("PixelUnitX", "m")
    sides = tuple(in_nanometres(float(size.get(side, 0)), str(unit)) for side in ("height", "width"))
    return picture_of(pixels, (sides[0], sides[1]), "Velox: BinaryResult.PixelSize", page, frames, notes)


def _json(group: h5py.Group, frame: int) -> dict[str, Any]:
    """What was set for a frame; nothing where it is not told."""
    told = group.get("Metadata")
    if not isinstance(told, h5py.Dataset) or told.ndim != 2 or told.shape[0] > _LONGEST or told.dtype.kind not in "iu":
        return {}
    text = told[:, min(frame, told.shape[1] - 1)].astype(np.uint8).tobytes().split(b"\0")[0]
    found = json.loads(text or b"{}")
    return found if isinstance(found, dict) else {}


def _ncem(file: h5py.File, wanted: Wanted) -> Picture:
    """Data of an `emd_group_type`: the last two axes are rows and columns, and `dim1`, `dim2`, ... tell places."""
    group = _first_dataset(file)
    data, notes = _dataset(group, "data", dimensions=(2, 3, 4)), list[str]()
    check_size(data.shape[-2:], wanted.max_pixels)
    pages = int(np.prod(data.shape[:-2]))
    page = chosen_page(wanted.page, pages, notes)
    pixels = data[np.unravel_index(page - 1, data.shape[:-2])] if data.ndim > 2 else data[()]
    sides = tuple(_spacing(group.get(f"dim{data.ndim - step}")) for step in (1, 0))
    return picture_of(pixels, (sides[0], sides[1]), "EMD: dim vectors", page, pages, notes)


def _first_dataset(file: h5py.File) -> h5py.Group:
    """The first group that calls itself a dataset and holds an image; not by visiting all, which may not end."""
    level: list[h5py.Group] = [file]
    for _ in range(_DEEPEST):
        for group in level:
            if "emd_group_type" in group.attrs and isinstance(group.get("data"), h5py.Dataset):
                return group
        inside = (group.get(name) for group in level for name in islice(group, _MOST))
        level = [item for item in islice(inside, _MOST) if isinstance(item, h5py.Group)]
    raise ImageError("holds no image that Velox or NCEM would have written", advice="Export it as TIFF.")


def _dataset(group: h5py.Group, name: str, dimensions: tuple[int, ...]) -> h5py.Dataset:
    data = group.get(name)
    if not isinstance(data, h5py.Dataset) or data.ndim not in dimensions or data.dtype.kind not in "biufc":
        raise ImageError("holds no image of rows and columns", advice="Export the image as TIFF.")
    if data.external or data.is_virtual:
        raise ImageError("points to other files for its pixels", advice="Save a copy with all in one file.")
    if data.nbytes > _PACKED * data.id.get_storage_size():  # what is not there, HDF5 fills up with zeros
        raise ImageError("lacks a part of its pixels", advice="Copy or export it again.")
    return data


def _spacing(axis: Any) -> float | None:
    """The distance of neighbouring places on an axis in nm, where these are told."""
    if not isinstance(axis, h5py.Dataset) or axis.ndim != 1 or len(axis) < 2 or axis.dtype.kind not in "iuf":
        return None
    unit = axis.attrs.get("units", "")
    return in_nanometres(abs(float(axis[1]) - float(axis[0])), unit.decode() if isinstance(unit, bytes) else str(unit))


FAMILY = Family(name="EMD", endings=(".emd",), starts=(b"\x89HDF\r\n\x1a\n",), read=read, needs_ending=True)
