"""One map: a PNG whose pixels are a preview, and whose text chunks hold what was measured."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from autoseg.ellipsometry.errors import MapError
from autoseg.ellipsometry.reading.content import content_of
from autoseg.ellipsometry.reading.png import read_chunks

RAW, KIND, GEOMETRY, MOTORS = ".ACCURION_RAWDATA", "Map", "IMAGE_GEOCORR_FACTOR", "MOTOR_DATA"
"Keywords of the text chunks that are read; the first one begins with a dot."
KINDS = ("Delta", "Psi", "Pmin", "Amin", "Cmin", "Image", "Image_float", "RT", "MM", "Other")
"What a map can be, in the order of its numbers in the file."
_BANDWIDTH = 15  # its place among the positions of the motors


@dataclass(frozen=True, eq=False)
class MapFile:
    """What a file holds. Whatever it does not tell is None."""

    path: Path
    values: np.ndarray
    "float32, shape (rows, columns), in degrees; NaN where nothing was measured."
    raw: bool
    "Whether these are the values measured; else those of the preview, in whole degrees."
    kind: str | None = None
    "One of KINDS."
    wavelength: float | None = None
    "In nm."
    angle: float | None = None
    "Of incidence, in degrees."
    binning: int | None = None
    "How many pixels of the camera make one of the map, along rows as along columns."
    row_step: float | None = None
    "The distance of rows in units of that of columns."
    bandwidth: float | None = None
    "In nm."


def read_map(path: Path, content: bytes | None = None) -> MapFile:
    """Read a map, and check its parts against each other; `content` is that of the file, if it is known already."""
    content = content_of(path) if content is None else content
    header, texts, significant = b"", {}, None
    for name, data in read_chunks(content, path):
        if name == b"IHDR":
            header = bytes(data)
        elif name == b"tEXt":
            keyword, _, value = _parted(data)
            texts[keyword] = value
        elif name == b"sBIT" and data:
            significant = data[0]
    if len(header) != 13:
        raise MapError("does not tell its size", file=path, advice="Copy it anew.")
    columns, rows = struct.unpack(">II", header[:8])
    values = _raw_values(texts, (rows, columns), path)
    known = _described(texts, path)
    if values is None:
        return MapFile(path, _preview_values(content, significant, path), False, **known)
    return MapFile(path, values, True, **known)


def _parted(data: memoryview) -> tuple[str, str, memoryview]:
    """Keyword, separator and value of a text chunk, without a copy of the value."""
    end = bytes(data[:80]).find(b"\0")
    return bytes(data[: max(end, 0)]).decode("latin-1"), "\0", data[end + 1 :]


def _content(texts: Mapping[str, memoryview], keyword: str, path: Path) -> memoryview | None:
    """What follows the type descriptor and the byte count of a text chunk; None where there is no such chunk."""
    if keyword not in texts:
        return None
    value = texts[keyword]
    begin = int.from_bytes(value[:2], "big")  # the descriptor counts itself
    count = int.from_bytes(value[begin : begin + 4], "big")
    content = value[begin + 4 :]
    if begin < 2 or len(value) < begin + 4 or count != len(content):
        problem = f"says that {keyword} has {count} bytes, and there are {len(content)}"
        raise MapError(problem, file=path, advice="Copy the file anew.")
    return content


def _raw_values(texts: Mapping[str, memoryview], shape: tuple[int, int], path: Path) -> np.ndarray | None:
    content = _content(texts, RAW, path)
    if content is None:
        return None
    told = struct.unpack(">II", content[:8]) if len(content) >= 8 else (0, 0)
    if told != shape or len(content) != 8 + 4 * shape[0] * shape[1]:
        problem = (
            f"disagrees with itself: {shape[0]} x {shape[1]} pixels, "
            f"{told[0]} x {told[1]} values in {len(content) - 8} bytes"
        )
        raise MapError(problem, file=path, advice="Copy it anew as the instrument wrote it.")
    values = np.frombuffer(content, ">f4", offset=8).astype(np.float32).reshape(shape)
    values[np.isinf(values)] = np.nan
    return values


def _described(texts: Mapping[str, memoryview], path: Path) -> dict:
    known: dict = {}
    if (content := _content(texts, KIND, path)) is not None and len(content) >= 28:
        kind, wavelength, angle, _, binning = struct.unpack(">HdddH", content[:28])
        if kind >= len(KINDS):
            raise MapError(f"is a map of the unknown kind {kind}", file=path, advice="Only Delta and Psi are read.")
        known |= {"kind": KINDS[kind], "binning": binning + 1}
        known |= {"wavelength": _finite(wavelength), "angle": _finite(angle)}
    if (content := _content(texts, GEOMETRY, path)) is not None and len(content) >= 17:
        across, down, resampled = struct.unpack(">ddB", content[:17])
        if not (across > 0 and down > 0 and np.isfinite(across * down)):
            raise MapError(f"has pixels of {across} x {down}", file=path, advice="Copy the file anew.")
        known["row_step"] = 1.0 if resampled else down / across
    if (content := _content(texts, MOTORS, path)) is not None and len(content) >= 8 * (_BANDWIDTH + 1):
        known["bandwidth"] = _finite(struct.unpack_from(">d", content, 8 * _BANDWIDTH)[0])
    return known


def _finite(value: float) -> float | None:
    """None for NaN, which stands where the instrument does not know a number."""
    return value if math.isfinite(value) else None


def _preview_values(content: bytes, significant: int | None, path: Path) -> np.ndarray:
    """Grey values; where fewer bits are significant than there are, without the others."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MapError(f"cannot be decoded ({error})", file=path, advice="Copy it anew.") from None
    depths: dict[str, Literal[8, 16]] = {"L": 8, "I;16": 16, "I;16B": 16, "I": 16}
    if picture.mode not in depths:
        advice = "Give the maps as the instrument wrote them, not pictures of them."
        raise MapError("is a colour picture without measured values", file=path, advice=advice)
    values = np.asarray(picture).astype(np.int64)
    spare = depths[picture.mode] - (significant or depths[picture.mode])
    return (values >> max(spare, 0)).astype(np.float32)
