"""Letters as they are burnt into micrographs and figures: their ink, in many fonts."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from PIL import Image, ImageDraw

from autoseg.images.lettering import load_font

FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif"),
    *("DejaVuSerif-Bold", "STIXGeneral", "STIXGeneral", "STIXGeneralBol", "STIXGeneralBol", "STIXGeneralItalic"),
)
"Names of the fonts that come with matplotlib; some are more frequent."
HERSHEY = 0.15
"Share of the writings in one of OpenCV's fonts, whose letters are lines."

_load_font = functools.lru_cache(64)(load_font)


def write(text: str, height: float, rng: np.random.Generator) -> np.ndarray:
    """The ink of a text, float32 in 0..1, cropped; its capital letters are about so many pixels high.

    >>> ink = write("(a)", 20, np.random.default_rng(0))
    >>> bool(ink.max() > 0.9), 15 < ink.shape[0] < 35
    (True, True)
    """
    ink = _by_lines(text, height, rng) if rng.random() < HERSHEY else _by_font(text, height, str(rng.choice(FONTS)))
    narrow = rng.uniform(0.75, 1)  # DejaVu is wider than what most figures are written in
    ink = cv2.resize(ink, (max(round(narrow * ink.shape[1]), 1), ink.shape[0]), interpolation=cv2.INTER_AREA)
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.1), np.flatnonzero(ink.max(axis=0) > 0.1)
    if not len(rows):
        return np.ones((1, 1), np.float32)
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _by_font(text: str, height: float, name: str) -> np.ndarray:
    font = _load_font(max(round(1.37 * height), 6), name)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), text, 255, font)
    return np.asarray(image, np.float32) / 255


def _by_lines(text: str, height: float, rng: np.random.Generator) -> np.ndarray:
    text = text.encode("ascii", "replace").decode().replace("?", "u")
    font, thickness = int(rng.integers(0, 5)), int(rng.integers(1, 3))
    scale = height / 22
    (width, rows), below = cv2.getTextSize(text, font, scale, thickness)
    image = np.zeros((rows + below + 6, width + 6), np.uint8)
    cv2.putText(image, text, (3, rows + 3), font, scale, 255, thickness, cv2.LINE_AA)
    return image.astype(np.float32) / 255
