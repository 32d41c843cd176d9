"""MRC files (.mrc, .st), by mrcfile: images and stacks, the first row on top as programs in Python show them."""

from __future__ import annotations

import math
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.packages import package
from autoseg.images.readers.picture import Picture, check_size, chosen_page
from autoseg.images.readers.transmission import in_nanometres, picture_of

_HEADER, _SIDES, _EXTENDED, _STAMP = 1024, (0, 4, 8), 92, 212
"Bytes of the header, and where it tells columns, rows and sections, bytes of a further header, and the byte order."


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one image of the file; of a stack it is looked up, not read whole."""
    mrcfile: Any = package("mrcfile", "an MRC file", "tem")
    _refuse_impossible_sizes(path)
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities of the header, which it reads over
        with mrcfile.mmap(path, mode="r", permissive=True) as file:
            if file.data is None:
                raise ImageError("lacks a part of its pixels", advice="Copy or export it again.")
            shape = file.data.shape
            check_size(shape[-2:], wanted.max_pixels)
            stack = file.data.reshape(-1, *shape[-2:])
            page = chosen_page(wanted.page, len(stack), notes)
            pixels = np.array(stack[page - 1])
            sides = tuple(in_nanometres(float(file.voxel_size[axis]), "å") for axis in ("y", "x"))
    return picture_of(pixels, (sides[0], sides[1]), "MRC: cell and sampling", page, len(stack), notes)


def _refuse_impossible_sizes(path: Path) -> None:
    """What the header counts must lie in the file: mrcfile would ask for as much memory as it says."""
    with path.open("rb") as stream:
        header = stream.read(_HEADER)
    if len(header) < _HEADER:
        raise ImageError("lacks a part of its content", advice="Copy or export it again.")
    order = ">" if header[_STAMP] == 0x11 else "<"
    *sides, extended = (struct.unpack_from(f"{order}i", header, place)[0] for place in (*_SIDES, _EXTENDED))
    room = path.stat().st_size - _HEADER - extended
    if min(sides) < 1 or extended < 0 or math.prod(sides) > 2 * room:  # two pixels of four bits are a byte
        raise ImageError("lacks a part of its content", advice="Copy or export it again.")


FAMILY = Family(name="MRC", endings=(".mrc", ".st"), starts=(b"",), read=read, needs_ending=True)
