"""What pixels are compared by: N, C and S, the same weighted by their noise, or Delta and Psi as published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.published_filling import fill_published

Kind = Literal["ncs", "faint", "published"]
_ROWS = 8192  # pixels turned into features at a time
_FAINT = 5  # how many times the noise still counts as little


@dataclass(frozen=True, eq=False)
class Table:
    """Features of the pixels that can be used: those measured at one wavelength at least."""

    values: np.ndarray
    "float32, shape (pixels, wavelengths * channels), by wavelength; 0 where not measured."
    measured: np.ndarray
    "bool, shape (pixels, wavelengths)."
    places: np.ndarray
    "Where in the raveled maps the pixels lie."
    shape: tuple[int, int]
    "Rows and columns of the maps."

    def __len__(self) -> int:
        return len(self.values)

    @property
    def channels(self) -> int:
        """How many features there are for each wavelength."""
        return self.values.shape[1] // self.measured.shape[1]

    def rows(self, chosen: np.ndarray) -> Table:
        """The same of some pixels, given by their numbers or as a mask."""
        return Table(self.values[chosen], self.measured[chosen], self.places[chosen], self.shape)

    def sample(self, count: int, rng: np.random.Generator) -> Table:
        """So many pixels, or all if there are no more, drawn without repetition, in their order."""
        if count >= len(self):
            return self
        return self.rows(np.sort(rng.choice(len(self), count, replace=False)))

    def image(self, labels: np.ndarray) -> np.ndarray:
        """Numbers of the pixels, shape (pixels,), as an image; 0 where nothing was measured."""
        image = np.zeros(self.shape[0] * self.shape[1], np.int32)
        image[self.places] = labels
        return image.reshape(self.shape)


def make_table(maps: MapSet, kind: Kind = "ncs") -> Table:
    """Features of all pixels of the maps that can be used.

    "ncs": N = cos 2Psi, C = sin 2Psi cos Delta, S = sin 2Psi sin Delta at each wavelength. They are between -1 and 1,
    know no wrap, and Delta counts little where Psi is near 0 or 90 degrees, as its noise demands. "faint": the inverse
    hyperbolic sine of their distance to the median in units of five times their noise, which lifts small differences.
    "published": Delta and Psi in degrees, filled as published.
    """
    if kind == "published":
        return _published(maps)
    table = _ncs(maps)
    return _lifted(table, maps) if kind == "faint" else table


def to_ncs(delta: np.ndarray, psi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N, C and S of angles in degrees.

    >>> [round(float(value), 6) for value in to_ncs(np.array(90.0), np.array(45.0))]
    [0.0, 0.0, 1.0]
    """
    double, phase = np.deg2rad(2 * psi), np.deg2rad(delta)
    length = np.sin(double)
    return np.cos(double), length * np.cos(phase), length * np.sin(phase)


def from_ncs(n: np.ndarray, c: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Delta, from -180 to 180, and Psi in degrees; also of means of N, C and S, which are shorter than 1.

    >>> from_ncs(*to_ncs(np.array([140.0]), np.array([30.0])))
    (array([140.]), array([30.]))
    """
    return np.rad2deg(np.arctan2(s, c)), np.rad2deg(np.arctan2(np.hypot(c, s), n) / 2)


def _ncs(maps: MapSet) -> Table:
    count = len(maps.wavelengths)
    places = np.flatnonzero(maps.usable)
    delta, psi, measured = (stack.reshape(count, -1) for stack in (maps.delta, maps.psi, maps.measured))
    values = np.empty((len(places), count, 3), np.float32)
    mask = np.empty((len(places), count), bool)
    for begin in range(0, len(places), _ROWS):  # piece by piece: what is transposed fits the cache
        rows = slice(begin, begin + _ROWS)
        chosen = places[rows]
        known = mask[rows] = measured[:, chosen].T
        for channel, found in enumerate(to_ncs(delta[:, chosen], psi[:, chosen])):
            values[rows, :, channel] = np.where(known, found.T, 0)
    return Table(values.reshape(len(places), -1), mask, places, maps.shape)


def _published(maps: MapSet) -> Table:
    """Columns Delta1 Psi1 Delta2 Psi2 ..., as float32, all measured or filled."""
    pairs = [fill_published(stack) for stack in (maps.delta, maps.psi)]
    values = np.stack(pairs, axis=-1).reshape(len(maps.wavelengths), -1, 2).transpose(1, 0, 2)
    values = np.ascontiguousarray(values.reshape(values.shape[0], -1), np.float32)
    return Table(values, np.ones((len(values), len(maps.wavelengths)), bool), np.arange(len(values)), maps.shape)


def _lifted(table: Table, maps: MapSet) -> Table:
    known = np.repeat(table.measured, table.channels, axis=1)
    values = np.where(known, table.values, np.nan)
    noise = np.maximum(_noise(table, maps), 1e-5)
    lifted = np.arcsinh((values - np.nanmedian(values, axis=0)) / (_FAINT * noise))
    return Table(np.where(known, lifted, 0).astype(np.float32), table.measured, table.places, table.shape)


def _noise(table: Table, maps: MapSet) -> np.ndarray:
    """Standard deviation of the noise of each feature, from second differences along rows, which know no slopes."""
    known = np.repeat(table.measured, table.channels, axis=1)
    noise = np.full(table.values.shape[1], np.nan)
    if maps.shape[1] >= 3:
        image = np.full(maps.shape[0] * maps.shape[1], np.nan)
        for feature in range(len(noise)):
            image[table.places] = np.where(known[:, feature], table.values[:, feature], np.nan)
            bends = np.diff(image.reshape(maps.shape), n=2, axis=1)
            bends = np.abs(bends[np.isfinite(bends)])
            noise[feature] = 1.4826 * np.median(bends) / np.sqrt(6) if bends.size else np.nan
    spread = np.sqrt((table.values.astype(float) ** 2).mean(axis=0)) + 1e-6
    return np.where(np.isfinite(noise) & (noise > 0), noise, spread / 100)
