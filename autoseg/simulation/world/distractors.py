"""What is printed on pictures and is no particle: letters, scale bars, arrows, info bars and insets."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from autoseg.images.geometry import draw_factor
from autoseg.simulation.fields import smooth_field
from autoseg.simulation.world.lettering import write
from autoseg.simulation.world.options import DistractorOptions

CUT = 0.15
"Share of the writings that are out of place, and perhaps cut off by the edge."
SOLID = 0.3
"Where so much of the ink lies, what is below is not seen any more."


@dataclass(frozen=True, eq=False)
class Overprint:
    """What covers a picture (height, width): how much of each pixel, 0..1, and the grey value that is seen instead."""

    cover: np.ndarray = field(repr=False)
    grey: np.ndarray = field(repr=False)

    @classmethod
    def empty(cls, size: tuple[int, int]) -> Overprint:
        """Nothing printed."""
        return cls(np.zeros(size, np.float32), np.zeros(size, np.float32))

    @property
    def hidden(self) -> np.ndarray:
        """Where nothing of the picture below is to be recognised."""
        return self.cover > SOLID

    def printed_on(self, image: np.ndarray) -> np.ndarray:
        """The picture below it, as far as it is not covered."""
        return image * (1 - self.cover) + self.grey * self.cover

    def put(self, ink: np.ndarray, grey: float | np.ndarray, top: int, left: int) -> None:
        """Print ink (rows, columns) in a grey value at a place, as far as it lies within the picture."""
        first, last = max(top, 0), min(top + ink.shape[0], self.cover.shape[0])
        start, stop = max(left, 0), min(left + ink.shape[1], self.cover.shape[1])
        if first >= last or start >= stop:
            return
        window, part = np.s_[first:last, start:stop], np.s_[first - top : last - top, start - left : stop - left]
        ink, below = ink[part], self.cover[window]
        shade = grey[part] if isinstance(grey, np.ndarray) else grey
        total = ink + below * (1 - ink)
        mixed = ink * shade + below * (1 - ink) * self.grey[window]
        self.grey[window] = mixed / np.maximum(total, 1e-6)
        self.cover[window] = total


def draw_overprint(
    size: tuple[int, int], options: DistractorOptions, mean: float, rng: np.random.Generator
) -> Overprint:
    """What is printed on a picture of a size and a mean grey value.

    >>> printed = draw_overprint((64, 64), DistractorOptions(panel=1), 0.2, np.random.default_rng(0))
    >>> bool(printed.hidden.any())
    True
    """
    overprint = Overprint.empty(size)
    makers = [
        (options.inset, _print_inset),
        (options.info_bar, _print_info),
        (options.arrow, _print_arrows),
        (options.panel, _print_panel),
        (options.scale_bar, _print_scale_bar),
        (options.margin, _print_margin),
    ]
    for share, maker in makers:
        if rng.random() < share:
            maker(overprint, options, mean, rng)
    return overprint


def _ink_for(mean: float, rng: np.random.Generator) -> float:
    """White on dark pictures, black on bright ones, mostly."""
    white = rng.random() < (0.9 if mean < 0.45 else 0.25)
    return float(rng.uniform(0.9, 1) if white else rng.uniform(0, 0.08))


def _print_text(
    overprint: Overprint, text: str, height: float, place: tuple[float, float], grey: float, rng: np.random.Generator
) -> None:
    """Text with its middle at relative coordinates, in a box of the opposite grey value now and then."""
    ink = write(text, height, rng)
    room = np.subtract(overprint.cover.shape, ink.shape)
    top, left = (round(share * max(space, 0)) for share, space in zip(place, room.tolist(), strict=True))
    if rng.random() < CUT:
        top, left = (round(value + height * rng.uniform(-1, 1)) for value in (top, left))
    kind = rng.random()
    pad = max(round(rng.uniform(0.1, 0.5) * height), 1)
    if kind < 0.25:
        box = np.ones((ink.shape[0] + 2 * pad, ink.shape[1] + 2 * pad), np.float32)
        overprint.put(box, 1 - round(grey), top - pad, left - pad)
    elif kind < 0.35:  # letters with an outline
        wide = cv2.dilate(cv2.copyMakeBorder(ink, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0), np.ones((3, 3), np.uint8))
        overprint.put(wide, 1 - round(grey), top - 2, left - 2)
    overprint.put(ink, grey, top, left)


def _print_panel(overprint: Overprint, options: DistractorOptions, mean: float, rng: np.random.Generator) -> None:
    letter = str(rng.choice(list("abcdefghABCDEFGH")))
    words = ["Au NPs", "SiO2", "PCL", "t = 5 min", "pH 7", "A-3", "II", "TiO2", "B1", "400 °C", "Ag@SiO2", "Sample 2"]
    forms = [letter, letter, letter, f"({letter})", f"({letter})", f"({letter})", f"{letter})", f"{letter}'"]
    text = str(rng.choice(forms)) if rng.random() < 0.88 else str(rng.choice(words))
    corner = rng.choice([0.0, 0.02, 0.06], 2)
    place = [
        abs(float(rng.choice([0, 0, 0, 0, 0, 1])) - float(corner[0])),
        abs(float(rng.choice([0, 0, 0, 1])) - float(corner[1])),
    ]
    height = draw_factor(rng, options.height)
    _print_text(overprint, text, height, (place[0], place[1]), _ink_for(mean, rng), rng)


def _print_scale_bar(overprint: Overprint, options: DistractorOptions, mean: float, rng: np.random.Generator) -> None:
    height, width = overprint.cover.shape
    grey, length = _ink_for(mean, rng), round(rng.uniform(0.08, 0.45) * width)
    thick = max(round(draw_factor(rng, (1.0, 9.0))), 1)
    letters = min(draw_factor(rng, options.height), 0.16 * height)
    text = (
        f"{rng.choice([1, 2, 5, 10, 20, 50, 100, 200, 500, 0.2, 0.5])!s} {rng.choice(['nm', 'nm', 'µm', 'um', 'μm'])}"
    )
    text = text.replace(".0 ", " ").replace(" ", "" if rng.random() < 0.2 else " ")
    ink = write(text, letters, rng) if rng.random() < 0.85 else np.zeros((0, 0), np.float32)
    gap = max(round(rng.uniform(0.2, 0.6) * letters), 2)
    if rng.random() < 0.8 or not ink.size:  # the text above or below the bar
        rows, columns = thick + (ink.shape[0] + gap if ink.size else 0), max(length, ink.shape[1])
        above = rng.random() < 0.7
        bar_at = (rows - thick if above else 0), (columns - length) // 2
        ink_at = (0 if above else thick + gap), (columns - ink.shape[1]) // 2
    else:
        rows, columns = max(thick, ink.shape[0]), length + gap + ink.shape[1]
        bar_at, ink_at = ((rows - thick) // 2, 0), (0, length + gap)
    margin = round(rng.uniform(0.01, 0.08) * min(height, width)) + 2
    top = height - margin - rows if rng.random() < 0.93 else margin
    left = int(rng.choice([margin, width - margin - columns]))
    if rng.random() < 0.25:
        pad = max(round(0.3 * letters), 2)
        overprint.put(np.ones((rows + 2 * pad, columns + 2 * pad), np.float32), 1 - round(grey), top - pad, left - pad)
    overprint.put(_bar(thick, length, rng), grey, top + bar_at[0], left + bar_at[1])
    if ink.size:
        overprint.put(ink, grey, top + ink_at[0], left + ink_at[1])


def _bar(thick: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """A filled bar; seldom one of dots, or an open one."""
    bar, kind = np.ones((thick, length), np.float32), rng.random()
    if kind < 0.08:
        bar[:, np.arange(length) % max(length // 10, 2) >= max(thick // 2, 1)] = 0
    elif kind < 0.16 and thick > 4:
        bar[1:-1, 1:-1] = 0
    return bar


def _print_info(overprint: Overprint, options: DistractorOptions, mean: float, rng: np.random.Generator) -> None:
    height, width = overprint.cover.shape
    letters = max(rng.uniform(0.02, 0.045) * height, 6)
    volts, times = int(rng.choice([1, 3, 5, 10, 15, 20, 30])), int(rng.choice([5, 10, 20, 50, 100, 200]))
    texts = [
        f"S4800 {volts}.0kV {rng.uniform(3, 12):.1f}mm x{times}.0k SE(M)",
        f"SEI  {volts}.0kV  X{times},000  WD {rng.uniform(3, 12):.1f}mm",
        f"EHT = {volts}.00 kV  Mag = {times}.00 K X  Signal A = InLens",
        f"HV {volts}.0 kV  mag {times} 000 x  HFW {rng.uniform(1, 50):.1f} um",
    ]
    ink = write(str(rng.choice(texts)), letters, rng)
    depth = round(letters * rng.uniform(1.3, 2.5))
    grey = 1.0
    if rng.random() < 0.8:
        white = rng.random() < 0.2
        overprint.put(np.ones((depth, width), np.float32), float(white), height - depth, 0)
        grey = 1.0 - white
    overprint.put(ink, grey, height - depth + (depth - ink.shape[0]) // 2, round(rng.uniform(2, 0.1 * width)))
    dots = np.zeros((max(round(letters / 3), 2), round(0.3 * width)), np.float32)
    dots[:, :: max(round(0.03 * width), 2)] = 1
    overprint.put(dots, grey, height - depth + 1, round(0.65 * width))


def _print_arrows(overprint: Overprint, options: DistractorOptions, mean: float, rng: np.random.Generator) -> None:
    height, width = overprint.cover.shape
    grey, thick = _ink_for(mean, rng), int(rng.integers(1, 4))
    for _ in range(int(rng.integers(1, 4))):
        ink = np.zeros((height, width), np.float32)
        tip = np.array([rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height])
        away, angle = rng.uniform(0.05, 0.18) * width, rng.uniform(0, 2 * np.pi)
        start = tip + away * np.array([np.cos(angle), np.sin(angle)])
        ends = [tuple(int(value) for value in point) for point in (start, tip)]
        kind = rng.random()
        if kind < 0.65:
            cv2.arrowedLine(ink, ends[0], ends[1], 1.0, thick, cv2.LINE_AA, tipLength=float(rng.uniform(0.2, 0.5)))
        elif kind < 0.8:
            cv2.circle(ink, ends[1], int(away), 1.0, thick, cv2.LINE_AA)
        else:
            cv2.line(ink, ends[0], ends[1], 1.0, thick, cv2.LINE_AA)
        overprint.put(np.clip(ink, 0, 1), grey, 0, 0)


def _print_margin(overprint: Overprint, options: DistractorOptions, mean: float, rng: np.random.Generator) -> None:
    """The gap between two panels of a figure."""
    height, width = overprint.cover.shape
    wide = int(rng.integers(2, 3 + round(0.06 * min(height, width))))
    rows, columns = (wide, width) if rng.random() < 0.5 else (height, wide)
    top, left = int(rng.choice([0, height - rows])), int(rng.choice([0, width - columns]))
    overprint.put(np.ones((rows, columns), np.float32), float(rng.choice([0, 1, 1])), top, left)


def _print_inset(overprint: Overprint, options: DistractorOptions, mean: float, rng: np.random.Generator) -> None:
    """Another picture in a corner, often one of diffraction, with or without a frame."""
    height, width = overprint.cover.shape
    edge = [round(rng.uniform(0.2, 0.42) * length) for length in (height, width)]
    rows, columns = np.ogrid[: edge[0], : edge[1]]
    distance = np.hypot(rows - edge[0] / 2, columns - edge[1] / 2).astype(np.float32)
    picture = 0.2 + 0.1 * smooth_field((edge[0], edge[1]), rng.uniform(1, 30), rng)
    if rng.random() < 0.6:
        rings = np.exp(-((np.sin(distance * rng.uniform(0.1, 0.5))) ** 2) * rng.uniform(10, 60))
        picture = 0.1 + np.exp(-distance / rng.uniform(4, 12)) + rng.uniform(0.1, 0.6) * rings
    else:
        picture = picture + rng.uniform(0.2, 0.6) * (distance < rng.uniform(0.2, 0.45) * min(edge))
    if rng.random() < 0.7:
        thick = int(rng.integers(1, 4))
        framed = np.full((edge[0], edge[1]), float(rng.choice([0, 1, 1])), np.float32)
        framed[thick:-thick, thick:-thick] = picture[thick:-thick, thick:-thick]
        picture = framed
    top, left = (int(rng.choice([0, length - part])) for length, part in zip((height, width), edge, strict=True))
    overprint.put(np.ones((edge[0], edge[1]), np.float32), np.clip(picture, 0, 1).astype(np.float32), top, left)
