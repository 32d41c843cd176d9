"""Gwyddion Simple Field files (.gsf): lines of text, filled up with zeros to four bytes, and numbers of 32 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.picture import Picture, check_size
from autoseg.images.readers.scans import Frame, Trace, nanometres, picture_of, without_direction

_MAGIC = b"Gwyddion Simple Field 1.0\n"


def read(path: Path, wanted: Wanted) -> Picture:
    """Read the one field of the file."""
    content = path.read_bytes()
    end = content.index(b"\0")
    lines = content[len(_MAGIC) : end].decode("utf-8").splitlines()
    entries = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    shape = int(entries["YRes"]), int(entries["XRes"])
    check_size(shape, wanted.max_pixels)
    offset = end + 4 - end % 4
    if len(content) - offset < 4 * shape[0] * shape[1]:
        raise ImageError("lacks a part of its pixels", advice="Copy or export it again.")
    values = np.frombuffer(content, "<f4", shape[0] * shape[1], offset).reshape(shape).astype(np.float32)
    across = entries.get("XYUnits", "")
    width, height = (nanometres(float(entries.get(key, 1)), across) for key in ("XReal", "YReal"))
    frame = Frame(width, height, "Gwyddion Simple Field: XReal / XRes")
    name, direction = without_direction(entries.get("Title", "Field"))
    return picture_of([Trace(name, direction, entries.get("ZUnits", ""), frame, lambda: values)], wanted)


FAMILY = Family(name="Gwyddion", endings=(".gsf",), starts=(_MAGIC,), read=read, scan=True)
