"""Small synthetic scanning-probe files, each as the program of its microscope writes it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

HEADER = """:NANONIS_VERSION:
2
:SCANIT_TYPE:
              FLOAT            MSBFIRST
:REC_DATE:
 01.02.2020
:ACQ_TIME:
 12.5
:SCAN_PIXELS:
 {columns} {rows}
:SCAN_TIME:
 1E-1 1E-1
:SCAN_RANGE:
 {width:E} {height:E}
:SCAN_OFFSET:
 0E+0 0E+0
:SCAN_ANGLE:
 {angle:E}
:SCAN_DIR:
{way}
:BIAS:
 1E+0
:DATA_INFO:
\tChannel\tName\tUnit\tDirection\tCalibration\tOffset
{channels}

:SCANIT_END:
"""


def nanonis(path: Path, channels: dict[str, tuple[str, np.ndarray, np.ndarray]], way: str = "down", **frame) -> Path:
    """A scan of channels: name -> unit, forward and backward values as the surface lies, top row first."""
    rows, columns = next(iter(channels.values()))[1].shape
    frame = {"width": 20e-9, "height": 20e-9 * rows / columns, "angle": 0.0, **frame}
    table = [f"\t{n}\t{name}\t{unit}\tboth\t1E+0\t0E+0" for n, (name, (unit, *_)) in enumerate(channels.items())]
    text = HEADER.format(rows=rows, columns=columns, way=way, channels="\n".join(table), **frame)
    lines = slice(None, None, -1 if way == "up" else 1)
    stored = [part[lines] for _, ahead, back in channels.values() for part in (ahead, back[:, ::-1])]
    content = b"".join(part.astype(">f4").tobytes() for part in stored)
    path.write_bytes(text.encode() + b"\n\n\x1a\x04" + content)
    return path


def simple_field(path: Path, values: np.ndarray, **entries: object) -> Path:
    """A Gwyddion Simple Field."""
    rows, columns = values.shape
    lines = ["Gwyddion Simple Field 1.0", f"XRes = {columns}", f"YRes = {rows}"]
    text = "\n".join([*lines, *(f"{key} = {value}" for key, value in entries.items()), ""]).encode()
    path.write_bytes(text + bytes(4 - len(text) % 4) + values.astype("<f4").tobytes())
    return path


def gwyddion(path: Path, channels: dict[str, np.ndarray], unit: str = "m", **size: float) -> Path:
    """A Gwyddion file with a channel for each title."""
    from gwyfile.objects import GwyContainer, GwyDataField

    content = GwyContainer()
    for number, (title, values) in enumerate(channels.items()):
        content[f"/{number}/data/title"] = title
        content[f"/{number}/data"] = GwyDataField(values.astype(float), si_unit_xy="m", si_unit_z=unit, **size)
    content.tofile(str(path))
    return path


def igor(path: Path, layers: dict[str, np.ndarray], side: float = 2e-9, note: str = "") -> Path:
    """An Igor wave of version 5; its layers are given as the surface lies, top row first."""
    values = np.stack([layer[::-1].T for layer in layers.values()], axis=2).astype("<f4")
    unit, data, labels = (
        b"m\0\0\0",
        values.tobytes("F"),
        b"".join(name.encode().ljust(32, b"\0") for name in ["", *layers]),
    )
    wave = struct.pack("<4Ih", 0, 0, 0, values.size, 2) + bytes(10) + b"scan".ljust(32, b"\0") + bytes(8)
    wave += np.array([*values.shape, 0], "<i4").tobytes() + struct.pack("<8d", side, side, 1, 1, 0, 0, 0, 0)
    wave = (wave + unit * 3).ljust(320, b"\0")
    sizes = [len(wave) + len(data), 0, len(note), 0, *(0, 0, 0, 0), *(0, 0, len(labels), 0), 0, 0, 0]
    path.write_bytes(struct.pack("<hh15i", 5, 0, *sizes) + wave + data + note.encode() + labels)
    return path


def omicron(folder: Path, passes: dict[str, np.ndarray], side: float = 2e-9, name: str = "a--1_1.Z_mtrx") -> Path:
    """A scan and its settings: traces such as "forward/up", as the surface lies, scanned line by line."""
    rows, columns = passes["forward/up"].shape
    down = "forward/down" in passes
    stored = [_lines(passes, "up", -1)] + ([_lines(passes, "down", 1)] if down else [])
    counts = np.rint(np.concatenate(stored) / 1e-12).astype("<i4")
    scan = bytes(20) + struct.pack("<ii", counts.size, counts.size)
    inner = _block("CSED", scan) + _block("ATAD", counts.tobytes())
    blocks = bytes(12) + inner
    path = folder / name
    path.write_bytes(b"ONTMATRX0101" + b"TLKB" + struct.pack("<I", len(blocks) - 8) + blocks)
    settings = _settings(rows, columns, down, side, name)
    (folder / f"{name.partition('--')[0]}_0001.mtrx").write_bytes(settings)
    return path


def _lines(passes: dict[str, np.ndarray], way: str, step: int) -> np.ndarray:
    """Lines in the order of scanning: forward, then back."""
    ahead, back = passes[f"forward/{way}"][::step], passes[f"backward/{way}"][::step, ::-1]
    return np.stack([ahead, back], axis=1).ravel()


def _settings(rows: int, columns: int, down: bool, side: float, name: str) -> bytes:
    entries = {
        "X_Retrace": ("LOOB", struct.pack("<I", 1)),
        "Y_Retrace": ("LOOB", struct.pack("<I", down)),
        "Points": ("GNOL", struct.pack("<i", columns)),
        "Lines": ("GNOL", struct.pack("<i", rows)),
        "Angle": ("GNOL", struct.pack("<i", 30)),
        **{key: ("BUOD", struct.pack("<d", side * n)) for key, n in (("Width", columns), ("Height", rows))},
        **{key: ("BUOD", struct.pack("<d", 0)) for key in ("X_Offset", "Y_Offset")},
    }
    scanner = b"".join(
        _string(key) + _string("m") + bytes(4) + kind.encode() + data for key, (kind, data) in entries.items()
    )
    numbers = struct.pack("<I", 1) + _string("XYScanner") + struct.pack("<I", len(entries)) + scanner
    channel = bytes(4) + struct.pack("<I", 5) + bytes(8) + _string("Z") + _string("m")
    names = bytes(8) + struct.pack("<I", 0) + struct.pack("<I", 1) + channel + struct.pack("<I", 0)
    factors = [("Offset", 0.0), ("Factor", 1e12)]
    transfer = bytes(4) + struct.pack("<I", 5) + _string("TFF_Linear1D") + _string("m") + struct.pack("<I", 2)
    transfer += b"".join(_string(key) + b"BUOD" + struct.pack("<d", value) for key, value in factors)
    return b"".join(
        [
            b"ONTMATRX0101",
            _stamped("APEE", bytes(4) + numbers),
            _block("TCID", names),
            _block("REFX", transfer),
            _stamped("FERB", bytes(4) + _string(name)),
        ]
    )


def _block(kind: str, content: bytes) -> bytes:
    return kind.encode() + struct.pack("<I", len(content)) + content


def _stamped(kind: str, content: bytes) -> bytes:
    return kind.encode() + struct.pack("<I", len(content)) + bytes(8) + content


def _string(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
