"""The wings of the house: workflows of their own for which `autoseg run` and `autoseg simulate` know a name.

A wing is the package `autoseg.NAME`. It has `Options`, `run` and `PROFILES`; and `SimulationOptions` and `simulate`,
which work without Keras.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from autoseg.errors import OptionsError


class Wing(NamedTuple):
    """A wing's name, and what it is for."""

    name: str
    help: str


WINGS = (
    Wing("sem", "particles in electron micrographs"),
    Wing("stm", "defects of 2x1 surfaces in scanning tunnelling micrographs"),
    Wing("microct", "grains in slices of tomograms"),
)


def load_wing(name: str) -> ModuleType:
    """The package of a wing."""
    names = [wing.name for wing in WINGS]
    if name not in names:
        raise OptionsError(f'there is no workflow "{name}"', advice=f"There is {', '.join(names)}.")
    return import_module(f"autoseg.{name}")
