"""Packages that not everybody needs: where one is missing, the command that installs it is told."""

from __future__ import annotations

import importlib
from typing import Any

from autoseg.errors import ImageError


def package(name: str, kind: str, extra: str | None, install: str | None = None) -> Any:
    """A package of an `extra` of autoseg, or one that is to be installed by itself."""
    try:
        return importlib.import_module(name)
    except ImportError:
        problem = f"is a file of {kind}, which needs the package {install or name.partition('.')[0]}"
        what = f"'autoseg[{extra}]'" if extra else install
        raise ImageError(problem, advice=f"Run: pip install {what}") from None
