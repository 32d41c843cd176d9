"""Maps as a folder of files in the formats that imaging ellipsometers write: for demonstrations and tests."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

import numpy as np

from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.reading.map_file import GEOMETRY, KIND, KINDS, MOTORS, RAW
from autoseg.ellipsometry.reading.png import SIGNATURE, write_chunk

Style = Literal["nulling", "rce"]
"How files are named and columns ordered: by the older software, or by the newer one."
_COLUMNS = {
    "nulling": "lambda bandwidth AOI zone time X_pos Y_pos Theta_pos Delta Psi",
    "rce": "ROIidx AOI Lambda Bandwidth ExposureTime ROI_x ROI_y Delta Psi",
}
_UNITS = {"lambda": "nm", "bandwidth": "nm", "time": "s", "exposuretime": "s", "x_pos": "mm", "y_pos": "mm"}
_VALUES = {"bandwidth": "NaN", "zone": "0", "time": "0.185", "x_pos": "2.5", "y_pos": "2.5", "theta_pos": "NaN"}


def write_maps(maps: MapSet, folder: str | os.PathLike[str], style: Style = "nulling") -> Path:
    """Write the index, the information and a PNG for each map; the path of the index."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    end = "\n" if style == "nulling" else "\r\n"
    columns = _COLUMNS[style].split()
    units = [
        "deg" if one.lower() in ("aoi", "delta", "psi", "theta_pos") else _UNITS.get(one.lower(), "-")
        for one in columns
    ]
    lines = ["#" + "\t".join(columns), "#" + "\t".join(units)]
    for place, wavelength in enumerate(maps.wavelengths):
        names = _names(maps.name, place, style)
        for kind, name, stack in zip(("Delta", "Psi"), names, (maps.delta, maps.psi), strict=True):
            (folder / name).write_bytes(encode_map(stack[place], kind, wavelength, maps))
        values = {**_VALUES, "lambda": f"{wavelength:.1f}", "aoi": f"{maps.angle:.3f}" if maps.angle else "NaN"}
        values |= {"delta": names[0], "psi": names[1]}
        lines.append("\t".join(values.get(one.lower(), "0") for one in columns))
    index = folder / f"{maps.name}.ds.dat"
    index.write_bytes((end.join(lines) + end).encode("latin-1"))
    (folder / f"{maps.name}.dsinfo.xml").write_bytes(_info(maps).encode("latin-1"))
    return index


def encode_map(values: np.ndarray, kind: str, wavelength: float, maps: MapSet) -> bytes:
    """A PNG: a grey preview, and the values, what they are, and the shape of their pixels in text chunks."""
    rows, columns = values.shape
    raw = struct.pack(">II", rows, columns) + values.astype(">f4").tobytes()
    about = struct.pack(">HdddH", KINDS.index(kind), wavelength, maps.angle or np.nan, 0.185, 0)
    positions = np.zeros(32)
    positions[[1, 14, 15]] = maps.angle or np.nan, wavelength, maps.bandwidth or np.nan
    texts = {
        RAW: _text("Image Pixels (Float)", raw),
        KIND: _text("MapData", about),
        GEOMETRY: _text("GeometricCorrectionData", struct.pack(">ddB", 1.0, maps.row_step, 0)),
        MOTORS: _text("MOTOR_DATA", positions.astype(">f8").tobytes()),
    }
    preview = np.nan_to_num(np.clip(values, 0, 255)).astype(np.uint8)
    lines = np.pad(preview, ((0, 0), (1, 0))).tobytes()  # each begins with the number of its filter: none
    return b"".join(
        [
            SIGNATURE,
            write_chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)),
            *(write_chunk(b"tEXt", keyword.encode() + b"\0" + text) for keyword, text in texts.items()),
            write_chunk(b"IDAT", zlib.compress(lines, 1)),
            write_chunk(b"IEND", b""),
        ]
    )


def _text(name: str, content: bytes) -> bytes:
    """A descriptor of the type, which counts its own bytes; their number; the bytes."""
    named = struct.pack(">HHB", 0x4040, 1, len(name)) + name.encode() + b"\0"
    return struct.pack(">H", len(named) + 2) + named + struct.pack(">I", len(content)) + content


def _names(name: str, place: int, style: Style) -> tuple[str, str]:
    if style == "nulling":
        return f"{name}_{2 * place + 1:03d}.png", f"{name}_{2 * place + 2:03d}.png"
    return f"{name}_Delta_{place + 1:04d}.png", f"{name}_Psi_{place + 1:04d}.png"


def _info(maps: MapSet) -> str:
    wrapping = "0-360\N{DEGREE SIGN}" if maps.wrapping == "0-360" else "+/-180\N{DEGREE SIGN}"
    told = {"method": "simulation", "objective": "none", "delta_wrapping": wrapping}
    keys = "\n".join(f"  <keys>{escape(key)}</keys>" for key in told)
    values = "\n".join(f"  <values>{escape(value)}</values>" for value in told.values())
    head = f"  <tag>{escape(maps.name)}</tag>\n  <type>Delta|Psi::Map::Lambda_Spectrum</type>\n"
    comment = "  <comment>Made up by autoseg: nothing was measured.</comment>"
    return f"<DS_info_out>\n{head}{comment}\n{keys}\n{values}\n</DS_info_out>\n"
