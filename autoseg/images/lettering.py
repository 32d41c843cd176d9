"""What is written onto pictures, legible on any background: text, a scale bar, a legend of colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from autoseg.images.scale_bar import ScaleBar

Colour = tuple[int, int, int]

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


def draw_text(
    picture: Image.Image, place: tuple[float, float], text: str, font: ImageFont.FreeTypeFont, anchor: str
) -> None:
    """Text in white with a black rim; `anchor` tells which point of it lies at `place`."""
    rim = max(1, round(font.size / 12))
    ImageDraw.Draw(picture).text(place, text, _WHITE, font, anchor, stroke_width=rim, stroke_fill=_BLACK)


def draw_scale_bar(picture: Image.Image, bar: ScaleBar) -> None:
    """White with a black rim, in the lower right corner; it fits or is left out."""
    size = margin = _letter_size(picture)
    font = load_font(size)
    length, thickness = round(bar.pixels), max(3, size // 4)
    across = max(length, font.getlength(bar.text))
    if across + 2 * margin > picture.width or 4 * size > picture.height:
        return
    right, bottom = picture.width - margin - round((across - length) / 2), picture.height - margin
    left, top = right - length, bottom - thickness
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left - 1, top - 1, right, bottom), fill=_BLACK)
    draw.rectangle((left, top, right - 1, bottom - 1), fill=_WHITE)
    draw_text(picture, ((left + right) / 2, top - size / 4), bar.text, font, "mb")


def draw_legend(picture: Image.Image, entries: Sequence[tuple[Colour, str]]) -> None:
    """A patch of each colour and its name beside it, in the upper left corner; they fit or are left out.

    They leave room for a scale bar. Line ends and other characters that cannot be printed become blanks.
    """
    size = margin = _letter_size(picture)
    font, step = load_font(size), round(1.5 * size)
    names = ["".join(letter if letter.isprintable() else " " for letter in name) for _, name in entries]
    across = 2 * margin + step + max((font.getlength(name) for name in names), default=0)
    if across > picture.width or margin + len(entries) * step + 4 * size > picture.height:
        return
    draw = ImageDraw.Draw(picture)
    for place, ((colour, _), name) in enumerate(zip(entries, names, strict=True)):
        top = margin + place * step
        draw.rectangle((margin - 1, top - 1, margin + size, top + size), fill=_BLACK)
        draw.rectangle((margin, top, margin + size - 1, top + size - 1), fill=colour)
        draw_text(picture, (margin + step, top + size / 2), name, font, "lm")


def load_font(size: int, name: str = "DejaVuSans") -> ImageFont.FreeTypeFont:
    """A font out of matplotlib, `size` pixels high: Pillow's own font has no µ."""
    from matplotlib import get_data_path  # slow to import

    return ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", f"{name}.ttf"), size)


def _letter_size(picture: Image.Image) -> int:
    return max(12, picture.width // 40)
