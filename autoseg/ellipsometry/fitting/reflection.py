"""What layers reflect: 2 x 2 transfer matrices for films that are isotropic, or uniaxial with their axis upright.

Waves go as exp(-i omega t): absorbing media have n + i k. Then r_p / r_s = tan Psi exp(-i Delta), with the sign of
Delta that instruments use: without a film, it is 180 degrees below Brewster's angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Medium(NamedTuple):
    """Complex refractive indices at each wavelength, across the axis and along it; equal for an isotropic medium."""

    ordinary: np.ndarray
    extraordinary: np.ndarray


class Layer(NamedTuple):
    """A film of a medium."""

    medium: Medium
    thickness: float | np.ndarray
    "In nm; several ones, shape (..., 1), give as many results."


def reflect(
    wavelengths: np.ndarray, angle: float, layers: Sequence[Layer], substrate: Medium, ambient: float = 1.0
) -> np.ndarray:
    """N, C and S of layers, the topmost first, on a substrate; shape (..., wavelengths, 3).

    Wavelengths and thicknesses are in nm, the angle of incidence in degrees.

    >>> glass = Medium(np.array([1.5]), np.array([1.5]))
    >>> reflect(np.array([550.0]), 0.0, [], glass).round(6) + 0.0  # straight down, s and p are the same
    array([[ 0., -1.,  0.]])
    """
    rho = reflection_ratio(wavelengths, angle, layers, substrate, ambient)
    squares = np.abs(rho) ** 2
    return np.stack([1 - squares, 2 * rho.real, -2 * rho.imag], axis=-1) / (1 + squares)[..., None]


def reflection_ratio(
    wavelengths: np.ndarray, angle: float, layers: Sequence[Layer], substrate: Medium, ambient: float = 1.0
) -> np.ndarray:
    """r_p / r_s, shape (..., wavelengths)."""
    along = ambient * np.sin(np.deg2rad(angle))  # the part of the wave vector that all media share, in units of k0
    air = Medium(np.full(len(wavelengths), ambient), np.full(len(wavelengths), ambient))
    # The matrices speak of the fields along the surface, in which r_p has the other sign.
    return -_reflection(wavelengths, along, layers, air, substrate, "p") / _reflection(
        wavelengths, along, layers, air, substrate, "s"
    )


def _reflection(
    wavelengths: np.ndarray, along: float, layers: Sequence[Layer], air: Medium, substrate: Medium, wave: str
) -> np.ndarray:
    """The magnetic over the electric field is carried from the substrate up through all layers."""
    electric: np.ndarray = np.ones(len(wavelengths), complex)
    magnetic = _admittance(substrate, along, wave)
    for layer in reversed(layers):
        upright, admittance = _upright(layer.medium, along, wave), _admittance(layer.medium, along, wave)
        phase = 2 * np.pi * layer.thickness / wavelengths * upright
        # Cosine and sine without their common growth in absorbing films, which cancels in the end.
        down, up = np.exp(1j * phase.real - 2 * phase.imag), np.exp(-1j * phase.real)
        cosine, sine = (up + down) / 2, (down - up) / 2j
        electric, magnetic = (
            cosine * electric - 1j * sine / admittance * magnetic,
            cosine * magnetic - 1j * sine * admittance * electric,
        )
    outside = _admittance(air, along, wave)
    return (outside * electric - magnetic) / (outside * electric + magnetic)


def _upright(medium: Medium, along: float, wave: str) -> np.ndarray:
    """The upright part of the wave vector in units of k0: of decaying waves the one that decays."""
    ordinary, other = medium.ordinary.astype(complex), medium.extraordinary.astype(complex)
    root = np.sqrt(ordinary**2 - along**2) if wave == "s" else ordinary / other * np.sqrt(other**2 - along**2)
    return np.where(root.imag < 0, -root, root)


def _admittance(medium: Medium, along: float, wave: str) -> np.ndarray:
    upright = _upright(medium, along, wave)
    return upright if wave == "s" else medium.ordinary.astype(complex) ** 2 / upright
