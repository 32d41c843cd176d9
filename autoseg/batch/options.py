"""How a batch is worked through; its results do not depend on it."""

from __future__ import annotations

from pydantic import Field

from autoseg.options import Options


class BatchOptions(Options):
    """How many images are worked through: from where, in which steps, by whom."""

    chunk: int = Field(64, ge=1)
    "So many images are committed together: what is interrupted goes on after the last chunk."
    workers: int | None = Field(None, ge=1)
    "So many processes work on this machine, and share its cores. Not set: this process alone."
    retry_failed: bool = False
    "Try images again that failed before."
    anew: bool = False
    "Forget what an earlier run has left in the folder, and begin anew."
