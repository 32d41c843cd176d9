"""The micro-CT wing: grains in volumes, from a handful of labelled slices, or none."""

from __future__ import annotations

from autoseg.lazy import lazily

# Imported at first use: the workflow needs Keras, grains of a foreground do not.
_HOMES = {
    "GrainOptions": "autoseg.microct.analysis",
    "GrainReportOptions": "autoseg.microct.report",
    "Options": "autoseg.microct.workflow",
    "PROFILES": "autoseg.microct.profiles",
    "SimulationOptions": "autoseg.microct.simulation",
    "Volume": "autoseg.images.volumes.volume",
    "as_mask": "autoseg.microct.foreground",
    "find_grains": "autoseg.microct.analysis",
    "open_volume": "autoseg.images.volumes.volume",
    "predict_slices": "autoseg.microct.segmentation",
    "report_grains": "autoseg.microct.report",
    "run": "autoseg.microct.workflow",
    "simulate": "autoseg.microct.simulation",
}

__all__ = list(_HOMES)
__getattr__ = lazily(__name__, _HOMES)
