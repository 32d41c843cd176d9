"""A stack of films on a substrate, as one writes it down."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from autoseg.ellipsometry.fitting.materials import Material, find_material
from autoseg.ellipsometry.fitting.reflection import Layer, reflect


@dataclass(frozen=True)
class Film:
    """A film of a material, with its thickness in nm."""

    material: Material
    thickness: float


@dataclass(frozen=True)
class Structure:
    """Films, the topmost first, on a substrate, in air.

    >>> oxide = Structure((Film(find_material("silica"), 293.5),))
    >>> str(oxide)
    '293.5 nm silica on silicon'
    """

    films: tuple[Film, ...]
    substrate: Material = dataclasses.field(default_factory=lambda: find_material("silicon"))

    def __str__(self) -> str:
        films = " on ".join(f"{film.thickness:.4g} nm {film.material.name}" for film in self.films)
        return f"{films} on {self.substrate.name}" if films else f"bare {self.substrate.name}"

    def reflect(self, wavelengths: np.ndarray, angle: float) -> np.ndarray:
        """N, C and S, shape (wavelengths, 3)."""
        return self.reflect_many(wavelengths, angle, 0, None)

    def reflect_many(
        self, wavelengths: np.ndarray, angle: float, film: int, thicknesses: np.ndarray | None
    ) -> np.ndarray:
        """N, C and S for several thicknesses of one film, shape (thicknesses, wavelengths, 3)."""
        wavelengths = np.asarray(wavelengths, float)
        layers = [
            Layer(
                one.material.at(wavelengths),
                one.thickness if place != film or thicknesses is None else np.asarray(thicknesses)[:, None],
            )
            for place, one in enumerate(self.films)
        ]
        return reflect(wavelengths, angle, layers, self.substrate.at(wavelengths))

    def changed(self, film: int, **changes: object) -> Structure:
        """The same with another thickness or material of one film."""
        films = list(self.films)
        films[film] = dataclasses.replace(films[film], **changes)  # type: ignore[arg-type]
        return dataclasses.replace(self, films=tuple(films))
