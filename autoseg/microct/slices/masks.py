"""Masks of grains in slices: painted ones, those of two values, and classes of which some are grains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from skimage.filters import threshold_otsu

from autoseg.errors import ImageError, enumerate_briefly
from autoseg.images.decoding import decode
from autoseg.images.readers.picture import finished
from autoseg.options import Options

LARGEST = 4_000_000_000

Kind = Literal["auto", "painted"]


class MaskOptions(Options):
    """What a mask says."""

    grains: Kind | Annotated[tuple[int, ...], Field(min_length=1)] = "auto"
    """Which values of a mask are grains: numbers; painted: those up to the threshold after Otsu, as of slices in which
    grains were painted over darkly; auto: painted if values are no whole numbers, else the larger of two values."""


def read_mask(path: Path, options: MaskOptions | None = None) -> np.ndarray:
    """Where grains are in the mask in an image or .npy file, bool (rows, columns).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/a.npy", np.array([[0, 0, 1], [0, 2, 2]]))
    ...     read_mask(Path(folder) / "a.npy", MaskOptions(grains=(1,))).tolist()
    [[False, False, True], [False, False, False]]
    """
    options = options or MaskOptions()
    values = read_values(path)
    present = np.unique(values)
    if isinstance(options.grains, tuple):
        return np.isin(values, options.grains)
    whole = values.dtype.kind in "biu" or bool((present == np.rint(present)).all())
    if options.grains == "painted" or not whole:
        if len(present) == 1:
            raise ImageError("holds one value, so that nothing is painted in it", file=path, advice="Paint the grains.")
        return values <= threshold_otsu(values)
    if len(present) > 2:
        shown = enumerate_briefly(present.tolist())
        advice = 'Say which are grains, such as grains = [1]; or grains = "painted", if they were painted over darkly.'
        raise ImageError(f"holds {len(present)} values ({shown})", file=path, advice=advice)
    return values > 0 if len(present) == 1 else values == present[1]


def read_values(path: Path) -> np.ndarray:
    """The values of an image, or of an array that NumPy saved, (rows, columns), as they were stored."""
    if path.suffix.lower() != ".npy":
        return decode(path, None, LARGEST, as_stored=True).pixels
    try:
        values = np.squeeze(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError):
        raise ImageError("is no array that NumPy saved", file=path, advice="Save it with numpy.save.") from None
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise ImageError(f"is {values.dtype} of shape {values.shape}, and no slice", file=path)
    try:
        return finished(values)
    except ImageError as error:
        raise ImageError(error.problem, file=path, advice=error.advice) from None
