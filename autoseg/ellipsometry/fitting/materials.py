"""Optical constants of materials, each with its source."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from scipy.interpolate import PchipInterpolator

from autoseg.ellipsometry.errors import FitError
from autoseg.ellipsometry.fitting.reflection import Medium
from autoseg.errors import OptionsError

_Indices = Callable[[np.ndarray], np.ndarray]
_MALITSON = ((0.6961663, 0.0684043), (0.4079426, 0.1162414), (0.8974794, 9.896161))


@dataclass(frozen=True)
class Material:
    """Complex refractive indices over wavelengths in nm, within the range in which they are known."""

    name: str
    source: str
    ordinary: _Indices
    extraordinary: _Indices
    known: tuple[float, float] = (0.0, np.inf)
    "In nm."

    def at(self, wavelengths: np.ndarray) -> Medium:
        """The indices at some wavelengths.

        >>> round(find_material("silica").at(np.array([587.6])).ordinary.real.item(), 4)
        1.4585
        """
        low, high = self.known
        if wavelengths.min() < low or wavelengths.max() > high:
            problem = f"constants of {self.name} are known from {low:g} to {high:g} nm only"
            raise FitError(problem, advice="Leave the other wavelengths out, or take other constants.")
        return Medium(self.ordinary(wavelengths).astype(complex), self.extraordinary(wavelengths).astype(complex))


def constant(name: str, ordinary: complex, extraordinary: complex | None = None, source: str = "given") -> Material:
    """A material with the same indices at all wavelengths."""
    along = ordinary if extraordinary is None else extraordinary
    return Material(name, source, lambda found: np.full(len(found), ordinary), lambda found: np.full(len(found), along))


def find_material(name: str) -> Material:
    """A material by its name: one of MATERIALS."""
    if name not in MATERIALS:
        raise OptionsError(f'there is no material "{name}"', advice=f"There is {', '.join(MATERIALS)}.")
    return MATERIALS[name]()


@cache
def _silicon() -> Material:
    indices, source, known = _table("silicon")
    return Material("silicon", source, indices, indices, known)


@cache
def _silica() -> Material:
    source = "I. H. Malitson, J. Opt. Soc. Am. 55, 1205-1208 (1965), doi 10.1364/JOSA.55.001205"
    return Material("silica", source, _malitson, _malitson, (210.0, 6700.0))


@cache
def _boron_nitride() -> Material:
    (across, source, known), (along, *_) = _table("boron_nitride_ordinary"), _table("boron_nitride_extraordinary")
    return Material("boron nitride", source, across, along, known)


MATERIALS: dict[str, Callable[[], Material]] = {
    "silicon": _silicon,
    "silica": _silica,
    "boron_nitride": _boron_nitride,
}
"What makes each material."


def _malitson(wavelengths: np.ndarray) -> np.ndarray:
    squares = (wavelengths / 1000) ** 2
    return np.sqrt(1 + sum(strength * squares / (squares - place**2) for strength, place in _MALITSON))


def _table(name: str) -> tuple[_Indices, str, tuple[float, float]]:
    """Interpolated without overshoot; the second comment line of a file is its source."""
    lines = files("autoseg.ellipsometry.fitting").joinpath("constants", f"{name}.csv").read_text("utf-8").splitlines()
    comments = [line[2:] for line in lines if line.startswith("#")]
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))[1:]
    wavelengths, real, imaginary = np.array(rows, float).T
    curve = PchipInterpolator(wavelengths, np.stack([real, imaginary], axis=1))

    def indices(wanted: np.ndarray) -> np.ndarray:
        found = curve(wanted)
        return found[:, 0] + 1j * found[:, 1]

    return indices, "; ".join(comments[1:]), (wavelengths[0], wavelengths[-1])
