"""The noun of the wing: Delta and Psi of every pixel at every wavelength, and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autoseg.ellipsometry.errors import MapError

if TYPE_CHECKING:
    from autoseg.ellipsometry.reading.info_file import Info


@dataclass(frozen=True, eq=False)
class MapSet:
    """Ellipsometric maps. Values that were not measured are NaN, and stay so.

    >>> MapSet(np.full((1, 2, 3), 140.0), np.full((1, 2, 3), 30.0), np.array([550.0]))
    MapSet(maps: 1 wavelength, 550 nm, 2 x 3 pixels)
    """

    delta: np.ndarray
    "float32, shape (wavelengths, rows, columns), in degrees."
    psi: np.ndarray
    "float32, the same shape, in degrees."
    wavelengths: np.ndarray
    "In nm, rising; shape (wavelengths,)."
    angle: float | None = None
    "Of incidence, in degrees."
    row_step: float = 1.0
    "The distance of rows in units of that of columns: pixels need not be square."
    wrapping: str = "0-360"
    'Where Delta is cut: "0-360" or "-180-180".'
    name: str = "maps"
    path: Path | None = None
    "Of the index."
    info: Info | None = None
    bandwidth: float | None = None
    "In nm."
    hashes: Mapping[str, str] = field(default_factory=dict)
    "SHA-256 by the names of the files."
    notes: tuple[str, ...] = ()
    "What was found out while reading."

    def __post_init__(self) -> None:
        for name in ("delta", "psi"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float32))
        object.__setattr__(self, "wavelengths", np.asarray(self.wavelengths, float))
        if self.delta.ndim != 3 or self.delta.shape != self.psi.shape or self.delta.size == 0:
            problem = f"Delta of shape {self.delta.shape} and Psi of shape {self.psi.shape} are no maps"
            raise MapError(problem, file=self.path, advice="Both have the shape (wavelengths, rows, columns).")
        if self.wavelengths.shape != self.delta.shape[:1] or (np.diff(self.wavelengths) <= 0).any():
            problem = f"{len(self.delta)} maps need as many wavelengths, rising, not {self.wavelengths.tolist()}"
            raise MapError(problem, file=self.path)

    def __repr__(self) -> str:
        first, last, count = self.wavelengths[0], self.wavelengths[-1], len(self.wavelengths)
        told = f"{count} wavelengths from {first:g} to {last:g} nm" if count > 1 else f"1 wavelength, {first:g} nm"
        return f"MapSet({self.name}: {told}, {self.shape[0]} x {self.shape[1]} pixels)"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.delta.shape[1], self.delta.shape[2]

    @cached_property
    def measured(self) -> np.ndarray:
        """Where both Delta and Psi were measured; bool, shape (wavelengths, rows, columns)."""
        return np.asarray(np.isfinite(self.delta) & np.isfinite(self.psi))

    @cached_property
    def usable(self) -> np.ndarray:
        """Pixels that were measured at one wavelength at least; bool, shape (rows, columns)."""
        return np.asarray(self.measured.any(axis=0))

    @property
    def unmeasured_shares(self) -> np.ndarray:
        """Which part of the pixels lacks a value, for each wavelength."""
        return 1 - self.measured.mean(axis=(1, 2))

    @property
    def comment(self) -> str:
        """What the user wrote about the measurement."""
        return self.info.comment if self.info else ""

    def wrapped(self, delta: np.ndarray) -> np.ndarray:
        """Angles in degrees, cut where Delta of these maps is.

        >>> MapSet(np.ones((1, 1, 1)), np.ones((1, 1, 1)), np.array([550.0])).wrapped(np.array([-20.0, 380.0]))
        array([340.,  20.])
        """
        return np.mod(delta, 360) if self.wrapping == "0-360" else np.mod(delta + 180, 360) - 180
