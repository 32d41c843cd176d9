"""Made-up maps of which the truth is known: flakes of a layered crystal on an oxidized wafer, by transfer matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pydantic
from skimage.draw import polygon

from autoseg.ellipsometry.features import from_ncs
from autoseg.ellipsometry.fitting.materials import find_material
from autoseg.ellipsometry.fitting.structure import Film, Structure
from autoseg.ellipsometry.map_set import MapSet
from autoseg.options import Options

_FAILS = 30.0  # where Delta turns by more degrees from one wavelength to the next, many pixels are not measured


class SimulationOptions(Options):
    """What made-up maps show."""

    rows: int = pydantic.Field(96, ge=4)
    "Of the maps."
    columns: int = pydantic.Field(128, ge=4)
    "Of the maps."
    first: float = pydantic.Field(550.0, ge=250)
    "The shortest wavelength in nm."
    last: float = pydantic.Field(800.0, le=820)
    "The longest wavelength in nm."
    wavelengths: int = pydantic.Field(11, ge=1)
    "How many there are, evenly spread."
    angle: float = pydantic.Field(50.0, gt=0, lt=90)
    "Of incidence, in degrees; it makes rows 1 / cos of it as far apart as columns."
    oxide: float = pydantic.Field(290.0, ge=0)
    "Thickness of the silica on the silicon, in nm."
    flakes: tuple[float, ...] = (6.0, 35.0, 77.0)
    "Thicknesses of the flakes of boron nitride on it, in nm; later ones lie on top of others and replace them."
    noise: float = pydantic.Field(0.003, ge=0)
    "Standard deviation in N, C and S."
    unmeasured: float = pydantic.Field(0.7, ge=0, le=1)
    "Share of the pixels that fail at wavelengths where the Delta of a flake turns fast."


@dataclass(frozen=True, eq=False)
class SimulatedMaps:
    """Maps and their truth."""

    maps: MapSet
    labels: np.ndarray
    "0: the wafer; 1, 2, ...: the flakes, in the order of the options; shape (rows, columns)."
    thickness: np.ndarray
    "Of the flakes, in nm; shape (rows, columns)."
    structures: tuple[Structure, ...]
    "Of the labels."


def simulate_maps(options: SimulationOptions, rng: np.random.Generator) -> SimulatedMaps:
    """Draw the flakes and measure them, with noise, and holes where instruments fail.

    >>> made = simulate_maps(SimulationOptions(rows=24, columns=32), np.random.default_rng(0))
    >>> made.maps, int(made.labels.max())
    (MapSet(sample: 11 wavelengths from 550 to 800 nm, 24 x 32 pixels), 3)
    """
    row_step = 1 / np.cos(np.deg2rad(options.angle))
    labels = _draw_flakes(options, row_step, rng)
    wavelengths = np.linspace(options.first, options.last, options.wavelengths)
    bare = Structure((Film(find_material("silica"), options.oxide),))
    flakes = (Film(find_material("boron_nitride"), thickness) for thickness in options.flakes)
    structures = (bare, *(Structure((flake, *bare.films)) for flake in flakes))
    spectra = np.stack([one.reflect(wavelengths, options.angle) for one in structures])
    delta, psi = np.empty((2, len(wavelengths), *labels.shape), np.float32)
    turning = _turning(spectra)
    for place in range(len(wavelengths)):
        noisy = spectra[labels, place] + rng.normal(0, options.noise, (*labels.shape, 3))
        angles = from_ncs(*np.moveaxis(noisy, -1, 0))
        fails = turning[labels, place] & (rng.random(labels.shape) < options.unmeasured)
        delta[place] = np.where(fails, np.nan, np.mod(angles[0], 360))
        psi[place] = np.where(fails, np.nan, angles[1])
    maps = MapSet(delta, psi, wavelengths, options.angle, row_step, name="sample", bandwidth=6.0)
    thickness = np.array([0.0, *options.flakes])[labels]
    return SimulatedMaps(maps, labels, thickness, structures)


def _draw_flakes(options: SimulationOptions, row_step: float, rng: np.random.Generator) -> np.ndarray:
    """Polygons with the corners of a crystal, side by side in a turned order, as large as there is room for."""
    labels = np.zeros((options.rows, options.columns), int)
    count = len(options.flakes)
    radius = 0.42 * min(options.rows * row_step, options.columns / max(count, 1))
    for number, place in enumerate(rng.permutation(count), start=1):
        corners = np.sort(rng.uniform(0, 2 * np.pi / 6, 6) + np.arange(6) * np.pi / 3)
        away = radius * rng.uniform(0.8, 1.1, 6)
        column = options.columns * (place + 0.5) / count + away * np.cos(corners)
        row = options.rows * rng.uniform(0.4, 0.6) + away * np.sin(corners) / row_step
        labels[polygon(row, column, labels.shape)] = number
    return labels


def _turning(spectra: np.ndarray) -> np.ndarray:
    """Where Delta turns fast, shape (structures, wavelengths); the wafer is always measured."""
    delta = from_ncs(*np.moveaxis(spectra, -1, 0))[0]
    steps = np.abs(np.mod(np.diff(delta, axis=1) + 180, 360) - 180) > _FAILS
    turning = np.zeros(delta.shape, bool)
    turning[:, 1:] |= steps
    turning[:, :-1] |= steps
    turning[0] = False
    return turning
