"""The 2x1 rows of dimers as a ruler: their spacing, direction and shear from the spectrum of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import fft, ndimage

from autoseg.images.resizing import magnified
from autoseg.options import Options

Material = Literal["Si", "Ge"]
ROW_DISTANCE: dict[Material, float] = {"Si": 0.768, "Ge": 0.800}
"Distance of rows of the 2x1 reconstruction of the (100) surface, in nm."
NETWORK_SPACING = 18.0
"Distance of rows, in px, in pictures that the networks see."
NO_ROWS = "no 2x1 rows were found"
_GRID = 2048  # smallest side of the spectrum: finer than the picture's own, so that peaks are well placed
_CANDIDATES = 40
_DOUBTFUL = 1.5  # times: files are wrong by tens of per cent, not by more
_FUNDAMENTAL = 0.25  # least power of rows over that of their second harmonic, which sharp rows have
_OBLIQUE = math.radians(22)  # a peak further than this from the rows' own axes belongs to another lattice ...
_OTHER_LATTICE = 0.12  # ... if its power, by the square of frequency, is this share of that of the rows
_LONGEST = 1.35  # times the frequency of the rows: peaks beyond may be mixed of rows and dimers
_UNLIKE = 0.15  # by how much drift can change the ratio of spacings in two directions
_APART = math.radians(10)  # by how much drift can turn the second domain, or the dimers, out of the right angle


class LatticeOptions(Options):
    """How rows are looked for, and how far apart they are in nature."""

    material: Material = "Si"
    "Material of the (100) surface: rows are 0.768 nm apart on Si, 0.800 nm on Ge."
    shortest_spacing: float = Field(5.0, ge=2.5)
    "Shortest distance of rows that is looked for, in px."
    fewest_rows: int = Field(8, ge=4)
    "How many rows the shorter side of the picture must hold at least."
    signal: float = Field(150.0, gt=1)
    "How many times the power of rows exceeds the median power at their frequency."
    largest_difference: float = Field(0.05, gt=0)
    "Share by which the file's pixel size may differ from that of the lattice before a warning is given."


@dataclass(frozen=True)
class Rows:
    """The rows of dimers of a picture."""

    spacing: float
    "Distance of neighbouring rows, at right angles to them, in px."
    angle: float
    "Direction along the rows: degrees from the horizontal, counter-clockwise as the picture is shown, -90 to 90."
    shear: float | None
    "Degrees by which the second lattice direction differs from the right angle; None where it was not seen."
    strength: float
    "Power of the rows over the median power at their frequency."

    def nm_per_pixel(self, material: Material = "Si") -> float:
        """Edge length of a pixel in nm, by the distance of rows.

        >>> Rows(spacing=16.0, angle=0.0, shear=None, strength=1e3).nm_per_pixel("Si")
        0.048
        """
        return ROW_DISTANCE[material] / self.spacing


@dataclass(frozen=True)
class ScaleCheck:
    """The pixel size of the lattice beside that of the file, in nm, and what a user should know about them."""

    by_lattice: float | None
    by_file: float | None
    differs: bool
    note: str


def find_rows(heights: np.ndarray, options: LatticeOptions | None = None) -> Rows | None:
    """The rows of level heights (rows, columns), or of grey values; None where no 2x1 rows are found.

    >>> down, across = np.mgrid[:200, :200]
    >>> rows = find_rows(np.cos(2 * np.pi * across / 17.3) + 0.1 * np.cos(2 * np.pi * down / 8.65))
    >>> round(rows.spacing, 2), round(abs(rows.angle), 1), round(abs(rows.shear), 1)
    (17.3, 90.0, 0.0)
    """
    options = options or LatticeOptions()
    spectrum = _Spectrum(heights, options)
    peaks = (place for place in spectrum.candidates if spectrum.is_peak(place, options.signal))
    best = next(peaks, None)
    if best is None or any(_is_of_another_lattice(spectrum, place, best) for place in peaks):
        return None
    return Rows(1 / math.hypot(*best), _along(best), _shear(spectrum, best, options), spectrum.strength(best))


def check_scale(rows: Rows | None, pixel_size: float | None, options: LatticeOptions | None = None) -> ScaleCheck:
    """Compare the pixel size of a file, in nm, with that of the lattice.

    >>> check_scale(Rows(16.0, 0.0, None, 1e3), 0.06).note
    'By the lattice of Si(100) a pixel has 0.04800 nm, by the file 0.06000 nm: they differ by 25 %.'
    """
    options = options or LatticeOptions()
    if rows is None:
        return ScaleCheck(None, pixel_size, False, f"{NO_ROWS[0].upper()}{NO_ROWS[1:]}.")
    size = rows.nm_per_pixel(options.material)
    note = f"By the lattice of {options.material}(100) a pixel has {size:.5f} nm"
    if pixel_size is None:
        return ScaleCheck(size, None, False, f"{note}; the file tells none.")
    difference = abs(pixel_size / size - 1)
    note += f", by the file {pixel_size:.5f} nm: they differ by {100 * difference:.2g} %."
    if max(pixel_size / size, size / pixel_size) > _DOUBTFUL:
        note += " These may be no 2x1 rows."
    return ScaleCheck(size, pixel_size, difference > options.largest_difference, note)


def resample(image: np.ndarray, rows: Rows, spacing: float = NETWORK_SPACING) -> np.ndarray:
    """The image as float32, magnified so that its rows are `spacing` px apart.

    >>> resample(np.zeros((90, 120)), Rows(12.0, 0.0, None, 1e3)).shape
    (135, 180)
    """
    return magnified(image, spacing / rows.spacing)


class _Spectrum:
    """Power of a windowed picture by frequency, in cycles per px (down, across); the half with across >= 0."""

    def __init__(self, heights: np.ndarray, options: LatticeOptions) -> None:
        surface = np.asarray(heights, np.float64)
        self.highest = 1 / options.shortest_spacing
        self.lowest = options.fewest_rows / min(surface.shape)
        surface = surface - ndimage.gaussian_filter(surface, 0.7 / self.lowest, mode="nearest")
        window = np.outer(*(np.hanning(length + 2)[1:-1] for length in surface.shape))
        self.sides = [max(_GRID, fft.next_fast_len(2 * length)) for length in surface.shape]
        spectrum = fft.rfft2(((surface - surface.mean()) * window).astype(np.float32), self.sides)
        self.power = spectrum.real**2 + spectrum.imag**2
        self.down = fft.fftfreq(self.sides[0])[:, None]
        self.across = fft.rfftfreq(self.sides[1])[None]
        self.radius = np.hypot(self.down, self.across)
        self.lobe = 2 / min(surface.shape)  # half the width of a peak

    @cached_property
    def candidates(self) -> list[tuple[float, float]]:
        """Frequencies of local peaks in the range that is searched, the one of the sharpest corrugation first."""
        sharpness = np.where(
            (self.radius >= self.lowest) & (self.radius <= self.highest), self.power * self.radius**2, 0
        )
        size = [max(3, round(self.lobe * side)) for side in self.sides]
        peaks = np.flatnonzero((sharpness == ndimage.maximum_filter(sharpness, size, mode="wrap")) & (sharpness > 0))
        best = peaks[np.argsort(sharpness.ravel()[peaks])[::-1][:_CANDIDATES]]
        return [self._refined(*np.unravel_index(place, sharpness.shape)) for place in best]

    def _refined(self, row: int, column: int) -> tuple[float, float]:
        """The top of the parabolas through the logarithm of the power around a peak."""
        rows = (row + np.arange(-1, 2)) % self.sides[0]
        columns = np.minimum(column + np.arange(-1, 2), self.power.shape[1] - 1)
        beside = self.power[row, np.abs(columns)]
        if column == 0:  # the other half is this one turned by 180 degrees: the neighbour lies in the opposite row
            beside[0] = self.power[-row % self.sides[0], 1]
        down = _top(self.power[rows, column]) / self.sides[0]
        across = _top(beside) / self.sides[1]
        return float(self.down[row, 0]) + down, float(self.across[0, column]) + across

    def strength(self, frequency: tuple[float, float]) -> float:
        """Power at a frequency over the median power of all directions there."""
        radius = math.hypot(*frequency)
        ring = self.power[np.abs(self.radius - radius) < self.lobe]
        return self.around(frequency) / max(float(np.median(ring)), 1e-30)

    def around(self, frequency: tuple[float, float], reach: float = 0.0) -> float:
        """The highest power within `reach` of a frequency, at least in the four pixels around; 0 beyond them all."""
        down, across = frequency if frequency[1] >= 0 else (-frequency[0], -frequency[1])
        rows, columns = (max(1, math.ceil(reach * side)) for side in self.sides)
        row, column = round(down * self.sides[0]), round(across * self.sides[1])
        lines = np.arange(row - rows, row + rows + 1) % self.sides[0]
        return float(self.power[lines, max(0, column - columns) : column + columns + 1].max(initial=0.0))

    def stands_alone(self, frequency: tuple[float, float]) -> bool:
        """Whether it is a peak also along its own direction, unlike the streak that a step edge leaves."""
        top = self.around(frequency)
        factors = (0.75, 1.3)
        return all(self.around((frequency[0] * factor, frequency[1] * factor)) < top / 4 for factor in factors)

    def is_harmonic(self, frequency: tuple[float, float]) -> bool:
        """Whether it is the double of another frequency: the second harmonic of rows, or the dimers along them."""
        half = frequency[0] / 2, frequency[1] / 2
        return self.around(half) > _FUNDAMENTAL * self.around(frequency) and self.stands_alone(half)

    def is_peak(self, frequency: tuple[float, float], signal: float) -> bool:
        """Whether it is a peak of its own, and no streak or harmonic."""
        if not self.stands_alone(frequency) or self.is_harmonic(frequency):
            return False
        return self.strength(frequency) >= signal


def _top(power: np.ndarray) -> float:
    """The place of the top of the parabola through the logarithms of three powers, from the middle one."""
    below, middle, above = np.log(np.maximum(power.astype(np.float64), 1e-300))
    curvature = below - 2 * middle + above
    return float(np.clip(0.5 * (below - above) / curvature, -1, 1)) if curvature < 0 else 0.0


def _turned(frequency: tuple[float, float], angle: float) -> tuple[float, float]:
    down, across = frequency
    return down * math.cos(angle) - across * math.sin(angle), down * math.sin(angle) + across * math.cos(angle)


def _along(frequency: tuple[float, float]) -> float:
    """Direction of lines of a frequency (down, across), in degrees counter-clockwise from the horizontal."""
    angle = math.degrees(math.atan2(-frequency[0], frequency[1])) + 90
    return (angle + 90) % 180 - 90


def _is_of_another_lattice(spectrum: _Spectrum, place: tuple[float, float], rows: tuple[float, float]) -> bool:
    """Whether a peak lies oblique to the rows, as in a hexagonal lattice, and not on their axes."""
    ratio = math.hypot(*place) / math.hypot(*rows)
    turn = (math.atan2(*place) - math.atan2(*rows)) % (math.pi / 2)
    oblique = min(turn, math.pi / 2 - turn) > _OBLIQUE
    share = spectrum.around(place) * ratio**2 / spectrum.around(rows)
    return oblique and ratio < _LONGEST and share > _OTHER_LATTICE


def _shear(spectrum: _Spectrum, rows: tuple[float, float], options: LatticeOptions) -> float | None:
    """How far the rows of the other domain, or the dimers along the rows, are from the right angle, in degrees."""
    power, found = 0.0, None
    for other in spectrum.candidates:
        turn = math.atan2(*rows) - math.atan2(*other)  # counter-clockwise as the picture is shown
        shear = (turn % math.pi) - math.pi / 2
        ratio = math.hypot(*other) / math.hypot(*rows)
        fits = min(abs(ratio - 1), abs(ratio - 2)) < _UNLIKE and abs(shear) < _APART
        if fits and spectrum.around(other) > power and spectrum.is_peak(other, options.signal):
            power, found = spectrum.around(other), math.degrees(shear)
    return found
