"""The SEM wing: a network that segments micrographs, learned without a label."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Imported at first use: the workflow needs Keras, a simulation does not.
_HOMES = {
    "Options": "autoseg.sem.workflow",
    "run": "autoseg.sem.workflow",
    "PROFILES": "autoseg.sem.profiles",
    "SimulationOptions": "autoseg.sem.simulation",
    "simulate": "autoseg.sem.simulation",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'autoseg.sem' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_HOMES[name]), name)
    return value
