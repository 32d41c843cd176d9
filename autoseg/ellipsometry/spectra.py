"""Mean spectra of zones, from measured values only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autoseg.ellipsometry.features import from_ncs, to_ncs
from autoseg.ellipsometry.map_set import MapSet


@dataclass(frozen=True, eq=False)
class Spectra:
    """One row for each zone, shape (zones, wavelengths); NaN where no pixel of a zone was measured."""

    wavelengths: np.ndarray
    "In nm."
    angle: float | None
    "Of incidence, in degrees."
    delta: np.ndarray
    "Mean Delta in degrees, from mean N, C and S, cut where the maps cut it."
    psi: np.ndarray
    "Mean Psi in degrees."
    delta_spread: np.ndarray
    "Standard deviation in degrees, over the shorter way round."
    psi_spread: np.ndarray
    "Standard deviation in degrees."
    count: np.ndarray
    "How many pixels were measured."

    def __len__(self) -> int:
        return len(self.delta)

    def ncs(self) -> np.ndarray:
        """N, C and S of the means, shape (zones, wavelengths, 3)."""
        return np.stack(to_ncs(self.delta, self.psi), axis=-1)


def first_delta(maps: MapSet, labels: np.ndarray, zones: int) -> np.ndarray:
    """Mean Delta of each zone at the first wavelength, shape (zones,)."""
    return _at_one(maps, labels, 0, zones)[0]


def zone_spectra(maps: MapSet, labels: np.ndarray, zones: int | None = None) -> Spectra:
    """Means, spreads and numbers of the pixels with the labels 1 to `zones`.

    >>> maps = MapSet([[[359.0, 1.0, np.nan]]], [[[30.0, 30.0, np.nan]]], [550.0])
    >>> found = zone_spectra(maps, np.array([[1, 1, 1]]))
    >>> found.delta.round(3).item() % 360, found.delta_spread.round(3).item(), found.count.item()
    (0.0, 1.0, 2)
    """
    zones = int(labels.max()) if zones is None else zones
    rows = [_at_one(maps, labels, place, zones) for place in range(len(maps.wavelengths))]
    delta, psi, delta_spread, psi_spread, count = np.stack(rows, axis=-1)
    return Spectra(maps.wavelengths, maps.angle, delta, psi, delta_spread, psi_spread, count.astype(int))


def _at_one(maps: MapSet, labels: np.ndarray, place: int, zones: int) -> np.ndarray:
    """At one wavelength; shape (5, zones)."""
    known = maps.measured[place] & (labels > 0)
    zone = labels[known]
    delta, psi = maps.delta[place][known].astype(float), maps.psi[place][known].astype(float)
    count = np.bincount(zone, minlength=zones + 1)[1:]
    number = np.where(count > 0, count, np.nan)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(zone, values, minlength=zones + 1)[1:] / number

    mean_delta, mean_psi = from_ncs(*map(mean, to_ncs(delta, psi)))
    beside = np.mod(delta - mean_delta[zone - 1] + 180, 360) - 180
    spreads = np.sqrt(mean(beside**2)), np.sqrt(mean((psi - mean_psi[zone - 1]) ** 2))
    return np.stack([maps.wrapped(mean_delta), mean_psi, *spreads, count])
