"""What the instrument tells about a measurement, `*.dsinfo.xml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from autoseg.ellipsometry.errors import MapError, SpectraError
from autoseg.ellipsometry.reading.content import content_of

ENDING = ".dsinfo.xml"
_CROP = re.compile(r'Event = "crop".*?DataByteString = "((?:[^"\\]|\\.)*)"', re.DOTALL)


class Crop(NamedTuple):
    """The part of the camera's image that the maps show, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Info:
    """What the file tells; free texts are the user's own, and may be wrong."""

    path: Path
    tag: str = ""
    type: str = ""
    comment: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    "By the labels of columns."
    values: Mapping[str, str] = field(default_factory=dict)
    "Settings by their names: objective, method, delta_wrapping, ..."
    crop: Crop | None = None

    @property
    def wrapping(self) -> str | None:
        """Where Delta is cut, as "0-360" or "-180-180"; None if it is not told."""
        told = self.values.get("delta_wrapping", "").replace("\N{DEGREE SIGN}", "").replace(" ", "")
        return {"0-360": "0-360", "-180-180": "-180-180", "+/-180": "-180-180", "-180-+180": "-180-180"}.get(told)


def read_info(path: Path) -> Info:
    """Read the file. It has no XML declaration, but is latin-1: it is decoded before it is parsed."""
    content = content_of(path)
    declared = content.startswith(b"\xef\xbb\xbf") or re.match(rb"<\?xml[^>]*utf-8", content, re.IGNORECASE)
    text = content.decode("utf-8-sig" if declared else "latin-1", errors="replace")
    try:
        root = fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        advice = "Copy it anew, or remove it: the maps can be read without it."
        raise MapError(f"is not well-formed XML ({type(error).__name__})", file=path, advice=advice) from None
    info = _info(root, path)
    if info.type and "::map::" not in f"::{info.type.lower()}::":
        problem = f"describes a measurement of another kind: {info.type}"
        raise SpectraError(problem, file=path, advice="Give the folder of a measurement of maps.")
    return info


def _info(root: Element, path: Path) -> Info:
    keys = [one.text or "" for one in root.findall("keys")]
    values = [one.text or "" for one in root.findall("values")]
    if len(keys) != len(values):
        problem = f"has {len(keys)} names for {len(values)} values"
        raise MapError(problem, file=path, advice="Copy it anew, or remove it: the maps can be read without it.")
    units = {one.findtext("label", ""): one.findtext("unit", "") for one in root.findall("col_props")}
    settings = {key: value for key, value in zip(keys, values, strict=True) if not key.startswith(".")}
    crops = [found for value in values for found in _CROP.findall(value)]
    return Info(
        path,
        root.findtext("tag", "").strip(),
        root.findtext("type", "").strip(),
        root.findtext("comment", "").strip(),
        units,
        settings,
        _crop(crops[0]) if crops else None,
    )


def _crop(text: str) -> Crop | None:
    r"""Four numbers after their count, as LabVIEW writes bytes: printable ones as they are, others as \ and two digits.

    >>> _crop(r"\00\00\00\04\00\00\00\0A\00\00\00Z\00\00\01,\00\00\00\C8")
    Crop(left=10, top=90, width=300, height=200)
    """
    parts = re.findall(r"\\([0-9A-Fa-f]{2})|\\(.)|(.)", text, re.DOTALL)
    content = bytes(int(code, 16) if code else ord(escaped or plain) & 255 for code, escaped, plain in parts)
    numbers = [int.from_bytes(content[place : place + 4], "big") for place in range(0, len(content), 4)]
    return Crop(*numbers[1:]) if len(numbers) == 5 and numbers[0] == 4 else None
