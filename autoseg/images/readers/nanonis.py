"""Nanonis scans (.sxm), with nanonispy2: lines in the order they were scanned, backward lines mirrored."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Direction, Family, Wanted
from autoseg.images.readers.packages import package
from autoseg.images.readers.picture import Picture
from autoseg.images.readers.scans import Frame, Trace, nanometres, picture_of

_DIRECTIONS: tuple[Direction, ...] = ("forward", "backward")


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one channel of a Nanonis scan."""
    scan = _opened(path)
    header = scan.header
    up = header["scan_dir"].strip().lower() == "up"
    units = dict(zip(header["data_info"]["Name"], header["data_info"]["Unit"], strict=True))
    width, height = (nanometres(float(side), "m") for side in header["scan_range"])
    frame = Frame(width, height, "Nanonis header: SCAN_RANGE / SCAN_PIXELS", float(header["scan_angle"]))
    traces = [
        Trace(name, direction, units[name], frame, partial(_as_the_surface_lies, signals[direction], direction, up))
        for name, signals in scan.signals.items()
        for direction in _DIRECTIONS
    ]
    return picture_of(traces, wanted)


def _opened(path: Path) -> Any:
    library = package("nanonispy2", "Nanonis", "stm")
    if path.suffix != ".sxm":  # the only ending that nanonispy2 takes
        raise ImageError("is a scan of Nanonis under another name", advice="Rename it, so that it ends in .sxm.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about letters in comments that are not UTF-8
        header = library.read.NanonisFile(str(path)).header_raw
        little = "LSBFIRST" in header.partition(":SCANIT_TYPE:")[2][:100]
        try:
            return library.read.Scan(str(path), data_format=f"{'little' if little else 'big'} endian float 32")
        except ValueError as error:
            problem = "is cut off, or holds channels that were scanned in one direction only"
            raise ImageError(problem, advice="Copy it again, or save both directions of all channels.") from error


def _as_the_surface_lies(stored: np.ndarray, direction: Direction, up: bool) -> np.ndarray:
    lines = stored[::-1] if up else stored
    return (lines[:, ::-1] if direction == "backward" else lines).astype(np.float32)


FAMILY = Family(name="Nanonis", endings=(".sxm",), starts=(b":NANONIS_VERSION:",), read=read, scan=True)
