"""Lengths of scale bars: round ones to be drawn, and what people write for one."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

from autoseg.images.calibration import NANOMETRES

_UNITS = {"pm": 1e-3, "nm": 1.0, "µm": 1e3, "mm": 1e6, "m": 1e9}  # in nm
_LENGTH = re.compile(r"(\d+\.?\d*|\.\d+)\s*([^\W\d]+)")


@dataclass(frozen=True)
class ScaleBar:
    """A round length in its unit, and the same in pixels."""

    length: float
    unit: str
    pixels: float

    @property
    def text(self) -> str:
        """What is written above the bar."""
        return f"{self.length:g} {self.unit}"


def choose_scale_bar(width: int, pixel_size: float | None = None) -> ScaleBar:
    """The bar of 1, 2 or 5 times a power of ten that comes closest to a fifth of an image's width in pixels.

    `pixel_size` in nm; without it the bar is in pixels, and not shorter than one.

    >>> choose_scale_bar(1024, pixel_size=7.344).text, choose_scale_bar(1024).text
    ('2 µm', '200 px')
    """
    wanted = width / 5 * (1 if pixel_size is None else pixel_size)
    decade = math.floor(math.log10(wanted))
    lengths = [_round(digit, decade + step) for step in (0, 1) for digit in (1, 2, 5)]
    length = min(lengths, key=lambda candidate: abs(math.log(candidate / wanted)))
    if pixel_size is None:
        return ScaleBar(max(1.0, length), "px", max(1.0, length))
    unit = next((unit for unit, size in reversed(_UNITS.items()) if size <= length), "pm")
    return ScaleBar(float(f"{length / _UNITS[unit]:g}"), unit, length / pixel_size)


def parse_length(text: str) -> float:
    """A length such as "200 nm" or "0.5 µm" in nm; ValueError for what is none.

    >>> parse_length("200nm"), parse_length("0.5 um")
    (200.0, 500.0)
    """
    found = _LENGTH.fullmatch(text.strip())
    factor = NANOMETRES.get(unicodedata.normalize("NFKC", found[2]).lower()) if found else None
    if not found or factor is None or not float(found[1]) > 0:
        raise ValueError(f'"{text}" is no length: write a number and a unit, such as "200 nm" or "0.5 µm"')
    return float(found[1]) * factor


def _round(digit: int, exponent: int) -> float:
    return float(f"{digit}e{exponent}")  # a product with 10.0**exponent would not always be the nearest number
