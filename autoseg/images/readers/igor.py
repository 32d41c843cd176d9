"""Igor binary waves (.ibw), as the microscopes of Asylum Research write them, with igor2."""

from __future__ import annotations

import logging
import math
import re
import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.packages import package
from autoseg.images.readers.picture import Picture, refuse_complex
from autoseg.images.readers.scans import Frame, Trace, is_topography, nanometres, picture_of, without_direction

_HEADERS = 400  # bytes, at least as many as both headers of any version have
_COUNTS = {
    1: ((2,), ()),
    2: ((2, 6, 10), (58,)),
    3: ((2, 6, 10, 14), (62,)),
    5: (tuple(range(4, 64, 4)), (132, 136, 140, 144)),
}
"By the version of a file: where its header counts bytes, and where that of the wave counts points."

# What igor2 finds odd about a file becomes our error; without a handler it would print to the terminal.
logging.getLogger("igor2").addHandler(logging.NullHandler())


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one layer of a wave, whose first axis runs to the right and whose second one runs up."""
    library = package("igor2.binarywave", "Igor", "stm")
    _refuse_impossible_sizes(path)
    wave = library.load(str(path))["wave"]
    values = wave["wData"]
    if values.ndim not in (2, 3):
        problem = f"is a wave of {values.size} points, and no image"
        raise ImageError(problem, advice="Give a wave with rows and columns.")
    refuse_complex(values.dtype)
    frame = _frame(wave, values.shape)
    layers = values.reshape(*values.shape[:2], -1)
    names = _names(wave, layers.shape[2])
    data_unit = _text(wave.get("data_units")) or _text(wave["wave_header"]["dataUnits"])
    traces = []
    for layer, title in enumerate(names):
        name, direction = without_direction(title)
        unit = data_unit if len(names) == 1 or is_topography(name) else ""  # the others' are not stored
        traces.append(Trace(name, direction, unit, frame, partial(_as_the_surface_lies, layers[..., layer])))
    return picture_of(traces, wanted)


def _refuse_impossible_sizes(path: Path) -> None:
    """What a header counts must lie in the file: igor2 would ask for as much memory as it says."""
    with path.open("rb") as stream:
        start = stream.read(_HEADERS)
    order = "<" if start[0] else ">"
    (version,) = struct.unpack_from(f"{order}h", start)
    sizes, points = _COUNTS.get(version, ((), ()))
    counts = [struct.unpack_from(f"{order}i", start, place)[0] for place in (*sizes, *points)]
    length = path.stat().st_size
    voxels = math.prod(max(count, 1) for count in counts[len(sizes) :])
    if min(counts, default=0) < 0 or sum(counts[: len(sizes)]) > length or voxels > length:
        raise ImageError("lacks a part of its content", advice="Copy or export it again.")


def _as_the_surface_lies(layer: np.ndarray) -> np.ndarray:
    return layer.T[::-1]


def _frame(wave: Any, shape: tuple[int, ...]) -> Frame:
    header = wave["wave_header"]
    units = [_text(unit) for unit in header["dimUnits"][:2]]
    extended = wave.get("dimension_units") or [b"", b""]
    units = [unit or _text(long) for unit, long in zip(units, extended, strict=False)]
    width, height = (nanometres(float(header["sfA"][axis]) * shape[axis], units[axis]) for axis in (0, 1))
    angle = re.search(r"ScanAngle: *(-?[\d.]+(?:e[-+]?\d+)?)", _text(wave.get("note")))
    return Frame(width, height, "Igor wave: scale of its axes", float(angle[1]) if angle else 0.0)


def _names(wave: Any, count: int) -> list[str]:
    """The names of the layers, which stand after one for them all."""
    labels = (wave.get("labels") or [])[2:3]
    names = [_text(label) for label in labels[0][1:]] if labels else []
    own = _text(wave["wave_header"]["bname"]) or "Layer"
    if len(names) == count and all(names):
        return names
    return [own] if count == 1 else [f"{own} {layer + 1}" for layer in range(count)]


def _text(value: Any) -> str:
    content = b"".join(np.ravel(value).tolist()) if isinstance(value, np.ndarray) else value or b""
    return content.decode("latin-1").strip("\0 ") if isinstance(content, bytes) else str(content)


FAMILY = Family(
    name="Igor",
    endings=(".ibw",),
    starts=(b"\5\0", b"\0\5", b"\2\0", b"\0\2", b"\3\0", b"\0\3", b"\1\0", b"\0\1"),  # versions, in either byte order
    read=read,
    needs_ending=True,
    scan=True,
)
