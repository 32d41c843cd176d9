"""The STM wing: defects on Si(100) and Ge(100), which a network knows from made-up topographies alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Imported at first use: the workflow needs Keras, a simulation does not.
_HOMES = {
    "Options": "autoseg.stm.workflow",
    "run": "autoseg.stm.workflow",
    "PROFILES": "autoseg.stm.profiles",
    "SimulationOptions": "autoseg.stm.simulation.folder",
    "simulate": "autoseg.stm.simulation.folder",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'autoseg.stm' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_HOMES[name]), name)
    return value
