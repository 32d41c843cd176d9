"""The SEM wing: a network that segments micrographs, learned without a label."""

from __future__ import annotations

from typing import Any

__all__ = ["Options", "run"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'autoseg.sem' has no attribute {name!r}")
    from autoseg.sem import workflow

    globals()[name] = value = getattr(workflow, name)
    return value
