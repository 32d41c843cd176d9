"""Gwyddion files (.gwy): nested objects of named components, several channels as Gwyddion shows them.

Read by own hand, because gwyfile never returns from some damaged files.
"""

from __future__ import annotations

import re
import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.picture import Picture
from autoseg.images.readers.scans import Frame, Trace, nanometres, picture_of, without_direction

_MAGIC = b"GWYP"
_FIELD = re.compile(r"/(\d+)/data")
_NUMBERS = {"b": "<?", "i": "<i", "q": "<q", "d": "<d"}
_ARRAYS = {"C": "<i1", "I": "<i4", "Q": "<i8", "D": "<f8"}


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one channel of a Gwyddion file."""
    content = _Cursor(path.read_bytes(), len(_MAGIC)).object()
    numbers = sorted(int(found[1]) for found in map(_FIELD.fullmatch, content) if found)
    traces = [_trace(content.get(f"/{n}/data/title", f"{n}"), content[f"/{n}/data"]) for n in numbers]
    if not traces:
        raise ImageError("holds no channel", advice="Save it with its channels.")
    return picture_of(traces, wanted)


def _trace(title: str, field: dict[str, Any]) -> Trace:
    across = _unit(field, "si_unit_xy")
    width, height = (nanometres(field.get(side, 1.0), across) for side in ("xreal", "yreal"))
    frame = Frame(width, height, "Gwyddion file: size of the channel")
    values = field["data"].reshape(field["yres"], field["xres"])
    return Trace(*without_direction(title), _unit(field, "si_unit_z"), frame, partial(np.array, values))


def _unit(field: dict[str, Any], name: str) -> str:
    return field.get(name, {}).get("unitstr", "")


class _Cursor:
    """Reads one thing after another; each step moves on, and none beyond the end."""

    def __init__(self, content: bytes, place: int) -> None:
        self.content, self.place = content, place

    def object(self) -> dict[str, Any]:
        """The components of an object by their names."""
        self.text()
        end = self.number("<I") + self.place
        components = {}
        while self.place < end:
            name, kind = self.text(), self.number("<c").decode()
            components[name] = self.component(kind)
        return components

    def component(self, kind: str) -> Any:
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == "c":  # as gwyfile writes texts of one letter
            return self.number("<c").decode("latin-1")
        if kind == "s":
            return self.text()
        if kind == "o":
            return self.object()
        count = self.number("<I")
        if kind in _ARRAYS:
            return self.array(_ARRAYS[kind], count)
        one = {"S": self.text, "O": self.object}[kind]
        return [one() for _ in range(count)]

    def number(self, layout: str) -> Any:
        (value,) = struct.unpack_from(layout, self.content, self.place)
        self.place += struct.calcsize(layout)
        return value

    def text(self) -> str:
        end = self.content.index(b"\0", self.place)
        text, self.place = self.content[self.place : end].decode("utf-8"), end + 1
        return text

    def array(self, dtype: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.content, dtype, count, self.place)
        self.place += values.nbytes
        return values


FAMILY = Family(name="Gwyddion", endings=(".gwy",), starts=(_MAGIC,), read=read, scan=True)
