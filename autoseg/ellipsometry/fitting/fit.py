"""Least squares on N, C and S of zones: thicknesses of one film, and what all zones share of its constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pydantic
from scipy.optimize import least_squares

from autoseg.ellipsometry.errors import FitError
from autoseg.ellipsometry.fitting.materials import constant
from autoseg.ellipsometry.fitting.structure import Structure
from autoseg.ellipsometry.spectra import Spectra
from autoseg.errors import OptionsError
from autoseg.options import Options

_STEP = 1.0  # nm between the thicknesses that are tried first
_STARTS = 3  # so many of them are followed
_BESIDE = 1e-9  # nm by which bounds lie beside the thicknesses that are allowed: a start must not lie on them


class FitOptions(Options):
    """What is fitted."""

    thinnest: float = pydantic.Field(0.0, ge=0)
    "In nm."
    thickest: float = pydantic.Field(500.0, gt=0, le=100_000)
    "In nm."
    least_measured: float = pydantic.Field(0.9, gt=0, le=1)
    "Wavelengths count at which this share of a zone was measured: the mean of a remnant is that of other pixels."
    fit_indices: bool = False
    "Whether refractive indices of the film are fitted, too, within 30 %: the same at all wavelengths and in all zones."
    uniaxial: bool = True
    "Whether these are two, across the axis and along it; else one."
    fit_angle: bool = False
    "Whether the angle of incidence is fitted, too, within 1 degree."

    @pydantic.model_validator(mode="after")
    def _rising(self) -> FitOptions:
        if self.thickest <= self.thinnest:
            raise ValueError(f"the largest thickness {self.thickest:g} is not above the smallest {self.thinnest:g}")
        return self


@dataclass(frozen=True, eq=False)
class Fit:
    """What explains the spectra of some zones best."""

    structures: tuple[Structure, ...]
    "For each zone."
    film: int
    "Which film was fitted."
    thicknesses: np.ndarray
    "Of it, in nm, for each zone."
    errors: np.ndarray
    "Their standard errors in nm, as far as the scatter of the residuals tells them."
    rms: np.ndarray
    "Of the residuals in N, C and S, for each zone."
    residuals: np.ndarray
    "Shape (zones, wavelengths, 3); NaN where nothing was measured."
    angle: float
    "In degrees."
    indices: tuple[float, float] | None
    "Ordinary and extraordinary, if they were fitted."


def fit_zones(
    spectra: Spectra, zones: Sequence[int], structure: Structure, film: int = 0, options: FitOptions | None = None
) -> Fit:
    """Fit the thickness of one film, given by its place from the top, for each of the zones, numbered from 1."""
    options = options or FitOptions()
    if spectra.angle is None:
        raise FitError("the angle of incidence is not known", advice="Give it: dataclasses.replace(maps, angle=50.0).")
    unknown = [zone for zone in zones if not 1 <= zone <= len(spectra)]
    if unknown or not zones or not 0 <= film < len(structure.films):
        problem = f"there is no zone {unknown[0]}" if unknown else f"there is no film {film}, or no zone to fit"
        raise OptionsError(problem, advice=f"There are the zones 1 to {len(spectra)}.")
    chosen = [zone - 1 for zone in zones]
    enough = spectra.count >= options.least_measured * spectra.count.max(axis=1, keepdims=True)
    measured = np.where(enough[..., None], spectra.ncs(), np.nan)[chosen]
    if not (np.isfinite(measured[..., 1]).sum(axis=1) > 0).all():
        raise FitError("a zone was measured at no wavelength", advice="Leave it out.")
    return _Problem(spectra.wavelengths, spectra.angle, measured, structure, film, options).solve()


@dataclass(frozen=True, eq=False)
class _Problem:
    wavelengths: np.ndarray
    angle: float
    measured: np.ndarray
    structure: Structure
    film: int
    options: FitOptions

    def solve(self) -> Fit:
        """Follow the best thicknesses of each zone; what zones share is fitted to all of them, afterwards."""
        zones = len(self.measured)
        thicknesses = np.array([self._thickness(zone) for zone in range(zones)])
        first, low, high = self._shared()
        wide = 0.5 * (self.options.thickest - self.options.thinnest)
        lowest = np.maximum(thicknesses - wide, self.options.thinnest - _BESIDE)
        highest = np.minimum(thicknesses + wide, self.options.thickest + _BESIDE)
        found = least_squares(
            self._residuals,
            np.append(np.clip(thicknesses, lowest + 1e-6, highest - 1e-6), first),
            bounds=(np.append(lowest, low), np.append(highest, high)),
            x_scale=np.append(np.ones(zones), np.full(len(first), 0.01)),
            xtol=1e-12,
            ftol=1e-12,
        )
        found.x[:zones] = np.clip(found.x[:zones], self.options.thinnest, self.options.thickest)
        return self._result(found.x, found.jac)

    def _thickness(self, zone: int) -> float:
        """The best of one zone, with the constants that are given."""
        tried = np.arange(self.options.thinnest, self.options.thickest + _STEP, _STEP)
        known = np.isfinite(self.measured[zone]).all(axis=1)
        table = self.structure.reflect_many(self.wavelengths, self.angle, self.film, tried)
        squares = ((table - self.measured[zone])[:, known] ** 2).sum(axis=(1, 2))
        inner = np.append(np.inf, squares)[:-1] >= squares
        dips = np.flatnonzero(inner & (squares <= np.append(squares[1:], np.inf)))
        starts = np.clip(tried[dips[np.argsort(squares[dips])[:_STARTS]]], self.options.thinnest, self.options.thickest)
        single = _Problem(
            self.wavelengths,
            self.angle,
            self.measured[zone : zone + 1],
            self.structure,
            self.film,
            self.options.changed(fit_indices=False, fit_angle=False),
        )
        bounds = self.options.thinnest - _BESIDE, self.options.thickest + _BESIDE  # beyond them, another dip would win
        found = [least_squares(single._residuals, [start], bounds=bounds) for start in starts]
        best = min(found, key=lambda one: one.cost).x[0]
        return float(np.clip(best, self.options.thinnest, self.options.thickest))

    def _shared(self) -> tuple[list[float], list[float], list[float]]:
        """Start and bounds of what all zones share."""
        first: list[float] = []
        low: list[float] = []
        high: list[float] = []
        if self.options.fit_indices:
            medium = self.structure.films[self.film].material.at(self.wavelengths)
            indices = [float(medium.ordinary.real.mean()), float(medium.extraordinary.real.mean())]
            indices = indices if self.options.uniaxial else indices[:1]
            first, low, high = first + indices, [0.7 * one for one in indices], [1.3 * one for one in indices]
        if self.options.fit_angle:
            first, low, high = [*first, self.angle], [*low, self.angle - 1], [*high, self.angle + 1]
        return first, low, high

    def _model(self, parameters: np.ndarray) -> tuple[Structure, float]:
        shared = list(parameters[len(self.measured) :])
        structure, angle = self.structure, self.angle
        if self.options.fit_indices:
            across = shared.pop(0)
            along = shared.pop(0) if self.options.uniaxial else across
            name = structure.films[self.film].material.name
            structure = structure.changed(self.film, material=constant(name, across, along, source="fitted"))
        if self.options.fit_angle:
            angle = shared.pop(0)
        return structure, angle

    def _differences(self, parameters: np.ndarray) -> np.ndarray:
        structure, angle = self._model(parameters)
        thicknesses = parameters[: len(self.measured)]
        return structure.reflect_many(self.wavelengths, angle, self.film, thicknesses) - self.measured

    def _residuals(self, parameters: np.ndarray) -> np.ndarray:
        found = self._differences(np.asarray(parameters))
        return found[np.isfinite(found)]

    def _result(self, parameters: np.ndarray, jacobian: np.ndarray) -> Fit:
        zones = len(self.measured)
        structure, angle = self._model(parameters)
        residuals = self._differences(parameters)
        free = max(1, int(np.isfinite(residuals).sum()) - len(parameters))
        covariance = np.linalg.pinv(jacobian.T @ jacobian) * np.nansum(residuals**2) / free
        medium = structure.films[self.film].material.at(self.wavelengths[:1])
        indices = float(medium.ordinary.real[0]), float(medium.extraordinary.real[0])
        return Fit(
            tuple(structure.changed(self.film, thickness=float(one)) for one in parameters[:zones]),
            self.film,
            parameters[:zones],
            np.sqrt(np.diag(covariance)[:zones]),
            np.sqrt(np.nanmean(residuals**2, axis=(1, 2))),
            residuals,
            angle,
            indices if self.options.fit_indices else None,
        )
