"""MRC files (.mrc, .st), by mrcfile: images and stacks, the first row on top as programs in Python show them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.packages import package
from autoseg.images.readers.picture import Picture, check_size, chosen_page
from autoseg.images.readers.transmission import in_nanometres, picture_of


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one image of the file; of a stack it is looked up, not read whole."""
    mrcfile: Any = package("mrcfile", "an MRC file", "tem")
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


FAMILY = Family(name="MRC", endings=(".mrc", ".st"), starts=(b"",), read=read, needs_ending=True)
