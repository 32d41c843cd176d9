"""Series of TIA, FEI's older program (.ser): by RosettaSciIO, where the user has it (its licence is the GPL)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.packages import package
from autoseg.images.readers.picture import Picture, check_size, chosen_page
from autoseg.images.readers.transmission import in_nanometres, picture_of


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one image of the series."""
    signals = package("rsciio.tia", "TIA", None, install="rosettasciio").file_reader(str(path))
    images = [one for one in signals if np.ndim(one["data"]) >= 2]
    if not images:
        raise ImageError("holds spectra, and no image", advice="Choose a file of an image.")
    data, axes, notes = np.asarray(images[0]["data"]), images[0]["axes"], list[str]()
    check_size(data.shape[-2:], wanted.max_pixels)
    stack = data.reshape(-1, *data.shape[-2:])
    page = chosen_page(wanted.page, len(stack), notes)
    height, width = (_side(axis) for axis in axes[-2:])
    return picture_of(stack[page - 1], (height, width), "TIA: axes of the image", page, len(stack), notes)


def _side(axis: dict[str, Any]) -> float | None:
    return in_nanometres(float(axis.get("scale") or 0), str(axis.get("units") or ""))


FAMILY = Family(name="TIA", endings=(".ser",), starts=(b"II\x97\x01",), read=read)
