"""The chunks of a PNG file, each checked against its checksum."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from autoseg.ellipsometry.errors import MapError

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_chunks(content: bytes, path: Path) -> Iterator[tuple[bytes, memoryview]]:
    """Name and content of each chunk, up to IEND; a file that is cut off or damaged is named.

    >>> list(read_chunks(SIGNATURE + write_chunk(b"tEXt", b"a") + write_chunk(b"IEND", b""), Path("a.png")))[0][0]
    b'tEXt'
    """
    if not content.startswith(SIGNATURE):
        raise MapError("is not a PNG file", file=path, advice="Copy the maps anew as the instrument wrote them.")
    view, place = memoryview(content), len(SIGNATURE)
    while True:
        if place + 12 > len(view):
            raise _cut_off(path)
        length, name = struct.unpack_from(">I4s", view, place)
        end = place + 8 + length
        if end + 4 > len(view):
            raise _cut_off(path)
        if zlib.crc32(view[place + 4 : end]) != struct.unpack_from(">I", view, end)[0]:
            raise MapError(f"is damaged in its part {name.decode('latin-1')}", file=path, advice="Copy it anew.")
        yield name, view[place + 8 : end]
        if name == b"IEND":
            return
        place = end + 4


def write_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _cut_off(path: Path) -> MapError:
    return MapError("is cut off before its end", file=path, advice="Copy it anew; the disk may have been full.")
