"""Small synthetic files that carry the metadata each vendor writes, and files that no library would write."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile

BYTE, ASCII, SBYTE = 1, 2, 6


def saved(path: Path, pixels: np.ndarray, **keywords) -> Path:
    """A TIFF file without anybody's metadata."""
    tifffile.imwrite(path, pixels, **keywords)
    return path


def tiff(path: Path, pixels: np.ndarray, tag: int, content: bytes, kind: int = ASCII, **keywords) -> Path:
    """A TIFF file with one private tag."""
    tifffile.imwrite(path, pixels, extratags=[(tag, kind, len(content), content, True)], metadata=None, **keywords)
    return path


def zeiss(path: Path, pixels: np.ndarray, size: str | None = "7.344 nm", colormap: np.ndarray | None = None) -> Path:
    """SmartSEM: unnamed numbers, then a line with the key and one with name, value and unit."""
    lines = ["0", "7.34375e-009", "50000", "AP_PIXEL_SIZE", "Pixel Size = 99.9 nm", "DP_SEM", "Sem = Supra 40"]
    if size is not None:
        lines += ["AP_IMAGE_PIXEL_SIZE", f"Image Pixel Size = {size}"]
    colours = {} if colormap is None else {"photometric": "palette", "colormap": colormap}
    return tiff(path, pixels, 34118, "\r\n".join([*lines, ""]).encode("cp1252"), **colours)


def zeiss_colormap() -> np.ndarray:
    """A grey ramp with two colours for drawings, and white at 243; shape (3, 256), 16 bits."""
    colours = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))
    colours[:, 9] = 65535, 0, 0
    colours[:, 18] = 0, 65535, 0
    colours[:, 243] = 65535
    return colours


def fei(path: Path, pixels: np.ndarray, **sections: dict[str, object]) -> Path:
    """xT: an INI text."""
    lines = [line for name, entries in sections.items() for line in (f"[{name}]", *ini(entries), "")]
    return tiff(path, pixels, 34682, "\r\n".join(lines).encode())


def tescan(path: Path, pixels: np.ndarray, kind: int = BYTE, **entries: object) -> Path:
    """Blocks of a length, a type and content: a JPEG thumbnail (1), lines of text (2), and the end (0)."""
    lines = "\r\n".join(ini({"AccFrames": 1, **entries, "UserName": "Bänfer"})).encode("latin-1")
    blocks = [(1, b"\xff\xd8\xff\xe0JFIF\0\xff\xd9"), (2, lines), (0, b"")]
    content = b"".join(struct.pack("<IH", len(block) + 2, number) + block for number, block in blocks)
    return tiff(path, pixels, 50431, content, kind)


def tescan_header(path: Path, **entries: object) -> Path:
    path.write_text("\n".join(["[MAIN]", *ini(entries), "[SEM]", "HV=5000.0"]), encoding="utf-8")
    return path


def jeol_text(path: Path, marker: str = "1um", bar: object = 100, size: str = "128 96") -> Path:
    lines = ["$CM_FORMAT JEOL/SEM", f"$CM_FULL_SIZE {size}", f"$$SM_MICRON_BAR {bar}", f"$$SM_MICRON_MARKER {marker}"]
    path.write_text("\r\n".join(lines), encoding="latin-1")
    return path


def hitachi_text(path: Path, pixel_size: object = "9.921875", size: str = "128x96", encoding: str = "utf-8") -> Path:
    lines = ["[SemImageFile]", "InstructName=SU8000", f"DataSize={size}", f"PixelSize={pixel_size}", "SignalName=SE(U)"]
    path.write_text("\r\n".join(lines), encoding=encoding)
    return path


def imagej(path: Path, pixels: np.ndarray, unit: str, per_pixel: float, down: float | None = None) -> Path:
    resolution = (1 / per_pixel, 1 / (down or per_pixel))
    tifffile.imwrite(path, pixels, imagej=True, resolution=resolution, metadata={"unit": unit})
    return path


def ome(path: Path, pixels: np.ndarray, *sizes: str) -> Path:
    """OME-TIFF with one Pixels element for each of `sizes`, its attributes."""
    images = "".join(f'<Image ID="Image:{n}"><Pixels {size}/></Image>' for n, size in enumerate(sizes))
    xml = f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{images}</OME>'
    tifffile.imwrite(path, pixels, description=xml, metadata=None)
    return path


def ini(entries: dict[str, object]) -> list[str]:
    return [f"{key}={value}" for key, value in entries.items()]


def png(path: Path, columns: int, rows: int, depth: int, colour: int, lines: bytes = b"") -> Path:
    """A PNG file from its header and its raw lines, each of which begins with the filter type 0."""
    header = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks))
    return path


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
