"""Small synthetic files of transmission microscopes, each written from the description of its format."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np

KINDS = {"i2": 2, "i4": 3, "u2": 4, "u4": 5, "f4": 6, "f8": 7, "u1": 10, "i1": 9, "i8": 11, "u8": 12}
PIXELS = {"i2": 1, "f4": 2, "u1": 6, "i4": 7, "i1": 9, "u2": 10, "u4": 11, "f8": 12, "c8": 3}
DIM = {"Origin": 0.0, "Scale": 0.25, "Units": "nm"}


class Micrographs:
    """Writes the tags of DigitalMicrograph: numbers, texts, arrays, lists of numbers (structs) and groups."""

    def __init__(self, version: int = 3, little: bool = True):
        self.version, self.count, self.order = version, ">q" if version == 4 else ">i", "<" if little else ">"

    def file(self, tree: dict[str, Any]) -> bytes:
        body = self._group(tree)
        start = struct.pack(">i", self.version) + struct.pack(self.count, len(body))
        return start + struct.pack(">i", self.order == "<") + body + bytes(8)

    def _group(self, tags: dict[str, Any]) -> bytes:
        written = [self._tag("" if name.isdigit() else name, value) for name, value in tags.items()]
        return struct.pack(">bb" + self.count[1], 1, 0, len(tags)) + b"".join(written)

    def _tag(self, name: str, value: Any) -> bytes:
        inside = self._group(value) if isinstance(value, dict) else self._value(value)
        length = struct.pack(">q", len(inside)) if self.version == 4 else b""
        kind = 20 if isinstance(value, dict) else 21
        return struct.pack(">BH", kind, len(name)) + name.encode("latin-1") + length + inside

    def _value(self, value: Any) -> bytes:
        if isinstance(value, str):
            value = np.frombuffer(value.encode("utf-16-le"), "<u2")
        if isinstance(value, np.ndarray):
            if value.dtype.kind == "c":
                about, content = [20, 15, 0, 2, 0, 6, 0, 6, value.size], value.astype(np.complex64).tobytes()
            else:
                about = [20, KINDS[value.dtype.str[1:]], value.size]
                content = value.astype(value.dtype.newbyteorder(self.order)).tobytes()
        elif isinstance(value, list):
            about = [15, 0, len(value), *(part for _ in value for part in (0, 3))]
            content = np.array(value, self.order + "i4").tobytes()
        else:
            kind = "f4" if isinstance(value, float) else "u4"
            about, content = [KINDS[kind]], np.array(value, self.order + kind).tobytes()
        return b"%%%%" + struct.pack(f"{self.count}{len(about)}{self.count[1]}", len(about), *about) + content


def dm_image(pixels: np.ndarray, dims: tuple[dict, ...] = (DIM, DIM), brightness: dict | None = None) -> dict[str, Any]:
    """An image as a list of tags; colour where the last of three axes has four bytes."""
    colour = pixels.ndim == 3 and pixels.shape[2] == 4
    shape = pixels.shape[:2] if colour else pixels.shape
    kind = 23 if colour else PIXELS[pixels.dtype.str[1:]]
    told = {"Dimension": {str(n): dim for n, dim in enumerate(dims)}, "Brightness": brightness or {}}
    return {
        "ImageData": {
            "Calibrations": told,
            "Data": pixels.ravel(),
            "DataType": kind,
            "Dimensions": {str(n): side for n, side in enumerate(reversed(shape))},
            "PixelDepth": pixels.dtype.itemsize,
        },
        "ImageTags": {},
        "Name": "image",
    }


def digital_micrograph(path: Path, pixels: np.ndarray, version: int = 3, little: bool = True, **known: Any) -> Path:
    """A file with a thumbnail before the image, as DigitalMicrograph writes it."""
    thumbnail = dm_image(np.zeros((4, 5, 4), np.uint8))
    tree = {
        "ApplicationBounds": [0, 0, 1000, 1500],
        "ImageList": {"0": thumbnail, "1": dm_image(pixels, **known)},
        "Thumbnails": {"0": {"ImageIndex": 0}},
    }
    path.write_bytes(Micrographs(version, little).file(tree))
    return path


def velox(path: Path, frames: np.ndarray, size: float = 2e-10, height: float | None = None) -> Path:
    """Frames (rows, columns, frames)."""
    told = {"BinaryResult": {"PixelSize": {"width": str(size), "height": str(height or size)}, "PixelUnitX": "m"}}
    text = np.frombuffer(json.dumps(told).encode().ljust(300, b"\0"), np.uint8)
    with h5py.File(path, "w") as file:
        group = file.create_group("Data/Image/0a1b")
        group["Data"] = frames
        group["Metadata"] = np.repeat(text[:, None], frames.shape[2], axis=1)
    return path


def ncem(path: Path, pixels: np.ndarray, step: float = 0.5, unit: str = "[n_m]") -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        group = file.create_group("data/sample")
        group.attrs["emd_group_type"] = 1
        group["data"] = pixels
        for number, length in enumerate(pixels.shape, start=1):
            group[f"dim{number}"] = step * np.arange(length)
            group[f"dim{number}"].attrs["units"] = unit
    return path
