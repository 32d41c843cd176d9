"""Files of DigitalMicrograph (.dm3, .dm4): a tree of tags, of which numbers are read only where they are wanted.

Lengths and counts of the tree are written with the high byte first, values as the file says. Nothing is believed that
reaches beyond the end of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.picture import Picture, check_size, chosen_page, grey
from autoseg.images.readers.transmission import in_nanometres, picture_of

_DEEPEST, _MOST_TAGS, _LONGEST_TEXT = 40, 200_000, 200
_GROUP, _VALUE = 20, 21
_STRUCT, _STRING, _ARRAY = 15, 18, 20
_KINDS = {2: "i2", 3: "i4", 4: "u2", 5: "u4", 6: "f4", 7: "f8", 8: "u1", 9: "i1", 10: "u1", 11: "i8", 12: "u8"}
_PIXELS = {1: "i2", 2: "f4", 6: "u1", 7: "i4", 9: "i1", 10: "u2", 11: "u4", 12: "f8", 14: "u1", 39: "i8", 40: "u8"}
"NumPy's names of kinds of pixels, by DataType; 3 and 13 are complex, 23 has four bytes of colour."
_COMPLEX, _COLOUR = (3, 13), 23


@dataclass(frozen=True)
class _Stored:
    """Numbers that lie in the file."""

    offset: int
    kind: str
    count: int
    text: str = ""
    "What they spell, if they are few: most texts are arrays of 16-bit numbers."


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one page of the image of the file, which is not the thumbnail."""
    with path.open("rb") as stream:
        tree = _Tree(stream, path.stat().st_size).read()
        image = _image(tree)["ImageData"]
        sides = list(_group(image, "Dimensions").values())
        if len(sides) < 2 or not all(isinstance(side, int) and side > 0 for side in sides):
            raise ImageError("holds a spectrum, and no image", advice="Choose a file of an image.")
        columns, rows, *further = sides
        check_size((rows, columns), wanted.max_pixels)
        notes: list[str] = []
        pages = int(np.prod(further, dtype=object)) if further else 1
        page = chosen_page(wanted.page, pages, notes)
        pixels = _pixels(stream, image, (rows, columns), page, notes)
    _tell_brightness(image, notes)
    return picture_of(pixels, _pixel_sides(image, notes), "DigitalMicrograph: Calibrations", page, pages, notes)


class _Tree:
    """The tags of a file, group in group."""

    def __init__(self, stream: BinaryIO, length: int):
        self.stream, self.length, self.tags = stream, length, 0

    def read(self) -> dict[str, Any]:
        (version,) = self._numbers(">i")
        self.count = ">q" if version == 4 else ">i"
        self._numbers(self.count)  # how long the file is: programs that cut it do not tell so here
        (little,) = self._numbers(">i")
        self.order = "<" if little else ">"
        self.has_lengths = version == 4
        return self._group(0)

    def _group(self, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise ImageError("has tags that are nested too deep", advice="Export it again.")
        _, _, count = self._numbers(">bb" + self.count[1])
        found: dict[str, Any] = {}
        for number in range(count):
            self.tags += 1
            if self.tags > _MOST_TAGS:
                raise ImageError("has more tags than an image needs", advice="Export it again.")
            kind, length = self._numbers(">BH")
            name = self._bytes(length).decode("latin-1") or str(number)
            if self.has_lengths:
                self._numbers(">q")
            if kind == _GROUP:
                found[name] = self._group(depth + 1)
            elif kind == _VALUE:
                found[name] = self._value()
            else:
                raise ValueError(f"a tag is of kind {kind}")
        return found

    def _value(self) -> Any:
        if self._bytes(4) != b"%%%%":
            raise ValueError("a value does not begin as one")
        (count,) = self._numbers(self.count)
        if not 0 < count < 1000:
            raise ValueError(f"a value is described by {count} numbers")
        about = list(self._numbers(f">{count}{self.count[1]}"))
        if about[0] == _STRUCT:
            return [self._one(kind) for kind in about[4::2]]
        if about[0] == _STRING:
            return self._text(about[1])
        if about[0] != _ARRAY:
            return self._one(about[0])
        length, begin = about[-1], self.stream.tell()
        kind = "u1" if about[1] == _STRUCT else _KINDS[about[1]]
        if about[1] == _STRUCT:  # several numbers each, such as complex ones
            length *= sum(np.dtype(_KINDS[part]).itemsize for part in about[5:-1:2])
        self._skip(length * np.dtype(kind).itemsize)
        stored = _Stored(begin, self.order + kind, length)
        if kind != "u2" or length > _LONGEST_TEXT:
            return stored
        self.stream.seek(begin)
        return replace(stored, text=self._text(length))

    def _one(self, kind: int) -> int | float:
        (value,) = np.frombuffer(self._bytes(np.dtype(_KINDS[kind]).itemsize), self.order + _KINDS[kind])
        return value.item()

    def _text(self, length: int) -> str:
        return self._bytes(2 * length).decode("utf-16-le" if self.order == "<" else "utf-16-be", "replace")

    def _numbers(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self._bytes(struct.calcsize(form)))

    def _bytes(self, count: int) -> bytes:
        self._refuse_beyond(count)
        return self.stream.read(count)

    def _skip(self, count: int) -> None:
        self._refuse_beyond(count)
        self.stream.seek(count, 1)

    def _refuse_beyond(self, count: int) -> None:
        if count < 0 or self.stream.tell() + count > self.length:
            raise ImageError("lacks a part of its content", advice="Copy or export it again.")


def _group(tags: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = tags.get(name)
    return found if isinstance(found, dict) else {}


def _image(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The image: the first in the list that no thumbnail points to."""
    images = [one for one in _group(tree, "ImageList").values() if isinstance(one, dict)]
    pointed = {one.get("ImageIndex") for one in _group(tree, "Thumbnails").values() if isinstance(one, dict)}
    usable = [(number, one) for number, one in enumerate(images) if isinstance(_data(one), _Stored)]
    if not usable:
        raise ImageError("holds no image", advice="Save one in it.")
    return next((one for number, one in usable if number not in pointed), usable[-1][1])


def _data(image: Mapping[str, Any]) -> Any:
    return _group(image, "ImageData").get("Data")


def _pixels(
    stream: BinaryIO, image: Mapping[str, Any], shape: tuple[int, int], page: int, notes: list[str]
) -> np.ndarray:
    stored: _Stored = image["Data"]
    kind = int(image.get("DataType", 0))
    if kind in _COMPLEX:
        raise ImageError("holds complex numbers", advice="Save the magnitude, or the real part, of them.")
    colour = kind == _COLOUR
    if not colour and kind not in _PIXELS:
        raise ImageError(f"has pixels of a kind (DataType {kind}) that is not known", advice="Export it as TIFF.")
    dtype = np.dtype("u1") if colour else np.dtype(stored.kind[0] + _PIXELS[kind])
    count = shape[0] * shape[1] * (4 if colour else 1)
    begin, end = ((page - step) * count * dtype.itemsize for step in (1, 0))
    if end > stored.count * np.dtype(stored.kind).itemsize:
        raise ImageError("has fewer pixels than it tells", advice="Export it again.")
    stream.seek(stored.offset + begin)
    values = np.frombuffer(stream.read(end - begin), dtype)
    if not colour:
        return values.reshape(shape)
    return grey(values.reshape(*shape, 4)[..., 2::-1], 3, notes)  # blue, green, red, nothing


def _pixel_sides(image: Mapping[str, Any], notes: list[str]) -> tuple[float | None, float | None]:
    """Height and width of a pixel in nm, where they are told."""
    axes = list(_group(_group(image, "Calibrations"), "Dimension").values())[:2]
    axes = [axis for axis in axes if isinstance(axis, dict)]
    units = [_text(axis.get("Units")) for axis in axes]
    if any("/" in unit for unit in units):
        notes.append(f"The file tells the size of a pixel in {units[0]}: it is no image of the specimen itself.")
    sides = [in_nanometres(float(axis.get("Scale", 0)), unit) for axis, unit in zip(axes, units, strict=False)]
    return (sides[1], sides[0]) if len(sides) == 2 else (None, None)


def _text(value: Any) -> str:
    return value.text if isinstance(value, _Stored) else str(value or "")


def _tell_brightness(image: Mapping[str, Any], notes: list[str]) -> None:
    """Grey values are as stored; what they mean is told where the file says more of it."""
    told = _group(_group(image, "Calibrations"), "Brightness")
    origin, scale, unit = told.get("Origin", 0.0), told.get("Scale", 1.0), _text(told.get("Units"))
    if origin or scale not in (0, 1):
        meant = f"{scale:g} x (value - {origin:g}) {unit}".strip()
        notes.append(f"Grey values are as stored; by the file, they stand for {meant}.")


FAMILY = Family(
    name="DigitalMicrograph",
    endings=(".dm3", ".dm4"),
    starts=(b"\0\0\0\x03", b"\0\0\0\x04"),
    read=read,
    needs_ending=True,
)
