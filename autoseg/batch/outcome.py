"""What became of an image."""

from __future__ import annotations

from dataclasses import dataclass

from autoseg.errors import AutosegError
from autoseg.measurement.image_result import Recorded


@dataclass(frozen=True)
class Done:
    """It was measured, and its files are written."""

    recorded: Recorded
    seconds: float


@dataclass(frozen=True)
class Failed:
    """It could not be."""

    error: AutosegError
    seconds: float = 0.0


Outcome = Done | Failed
