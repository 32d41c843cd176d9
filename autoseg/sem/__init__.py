"""The SEM wing: a network that segments micrographs, learned without a label."""

from __future__ import annotations

from autoseg.lazy import lazily

# Imported at first use: the workflow needs Keras, a simulation does not.
_HOMES = {
    "Options": "autoseg.sem.workflow",
    "run": "autoseg.sem.workflow",
    "PROFILES": "autoseg.sem.profiles",
    "SimulationOptions": "autoseg.sem.simulation",
    "simulate": "autoseg.sem.simulation",
}

__all__ = list(_HOMES)
__getattr__ = lazily(__name__, _HOMES)
