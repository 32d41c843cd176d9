"""The STM wing: defects on Si(100) and Ge(100), which a network knows from made-up topographies alone."""

from __future__ import annotations

from autoseg.lazy import lazily

# Imported at first use: the workflow needs Keras, a simulation does not.
_HOMES = {
    "Options": "autoseg.stm.workflow",
    "run": "autoseg.stm.workflow",
    "PROFILES": "autoseg.stm.profiles",
    "SimulationOptions": "autoseg.stm.simulation.folder",
    "simulate": "autoseg.stm.simulation.folder",
}

__all__ = list(_HOMES)
__getattr__ = lazily(__name__, _HOMES)
