"""Gwyddion files (.gwy), with gwyfile: several channels, as Gwyddion shows them."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.picture import Picture
from autoseg.images.readers.scans import Frame, Trace, nanometres, package, picture_of, without_direction

_FIELD = re.compile(r"/(\d+)/data")


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one channel of a Gwyddion file."""
    content = package("gwyfile", "Gwyddion").load(str(path))
    numbers = sorted(int(found[1]) for found in map(_FIELD.fullmatch, content) if found)
    traces = [
        _trace(content.get(f"/{number}/data/title", f"{number}"), content[f"/{number}/data"]) for number in numbers
    ]
    if not traces:
        raise ImageError("holds no channel", advice="Save it with its channels.")
    return picture_of(traces, wanted)


def _trace(title: str, field: Any) -> Trace:
    across = _unit(field.si_unit_xy)
    width, height = nanometres(field.xreal, across), nanometres(field.yreal, across)
    frame = Frame(width, height, "Gwyddion file: size of the channel")
    return Trace(*without_direction(title), _unit(field.si_unit_z), frame, partial(np.array, field.data))


def _unit(unit: Any) -> str:
    return unit.get("unitstr", "") if unit else ""


FAMILY = Family(name="Gwyddion", endings=(".gwy",), starts=(b"GWYP",), read=read, scan=True)
