"""The files NAME_seg.npy of cellpose, of which only the label image is taken."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import AutosegError, ImageError
from autoseg.images.labels import as_labels

ENDING = "_seg.npy"
_HARMLESS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
}
"All that arrays in dictionaries, lists and numbers are made of."


class _Unpickler(pickle.Unpickler):
    """Makes arrays, and calls nothing else that a file asks for."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no array")
        return super().find_class(module, name)


def is_cellpose(path: Path) -> bool:
    """By its name.

    >>> is_cellpose(Path("a_seg.npy")), is_cellpose(Path("a.npy"))
    (True, False)
    """
    return path.name.lower().endswith(ENDING)


def read_cellpose(path: Path) -> np.ndarray:
    """Labels, uint16 or uint32 of shape (rows, columns): what cellpose calls masks. No code in the file is run."""
    try:
        with path.open("rb") as file:
            major, _ = np.lib.format.read_magic(file)
            read_header = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}[major]
            shape, _, dtype = read_header(file)
            if shape != () or not dtype.hasobject:
                raise ValueError("it is an array, and not cellpose's dictionary")
            content = _Unpickler(file).load()
        masks = np.asarray(content.item()["masks"])
    except Exception as error:  # damaged pickles fail in countless ways
        advice = "Save the masks anew in cellpose, as PNG or TIFF."
        raise ImageError(f"cannot be read as a file of cellpose: {error}", file=path, advice=advice) from None
    if masks.ndim != 2:
        problem = f"holds masks of shape {masks.shape}, and not of one image"
        raise ImageError(problem, file=path, advice="Save each plane as a label image.")
    try:
        return as_labels(masks)
    except AutosegError as error:
        raise ImageError(error.problem, file=path, advice=error.advice) from None
