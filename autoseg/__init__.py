"""autoseg: particle statistics from electron micrographs, learned without a single hand-drawn label."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from autoseg.lazy import lazily

__version__ = "0.1.0"

# Where each public name lives. It is imported at first use: `import autoseg` stays fast and free of Keras.
_HOMES = {
    "AutosegError": "autoseg.errors",
    "ClassMap": "autoseg.images.class_map",
    "Head": "autoseg.heads",
    "Micrograph": "autoseg.images.micrograph",
    "Segmentation": "autoseg.images.segmentation",
    "Segmenter": "autoseg.segmentation.segment",
    "evaluate": "autoseg.evaluation",
    "keep": "autoseg.measurement.conditions",
    "load_model": "autoseg.models.folder",
    "measure": "autoseg.measurement.shape",
    "read": "autoseg.images.micrograph",
    "report": "autoseg.measurement.report",
    "save_model": "autoseg.models.folder",
    "segment": "autoseg.segmentation.segment",
    "segment_again": "autoseg.segmentation.segment",
    "segment_all": "autoseg.segmentation.pipeline",
}
_PACKAGES = ("ellipsometry", "microct", "networks", "sem", "stm")

__all__ = ["__version__", *_HOMES, *_PACKAGES]
_find = lazily(__name__, _HOMES)


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"autoseg.{name}")
    return _find(name)


def __dir__() -> list[str]:
    return sorted(__all__)
