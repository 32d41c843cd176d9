"""By which means a network that segments learns, whatever it learns from."""

from __future__ import annotations

from pydantic import Field

from autoseg.options import Options
from autoseg.training.monitoring import MonitoringOptions


class LearningOptions(Options):
    """How a training uses the machine, and what is written down of it."""

    bfloat16: bool = False
    "Compute in bfloat16, which is faster on hardware made for it."
    half: bool = False
    "Save the weights with 16 bits, which halves the file."
    from_disk: bool = False
    "Read images each time they are needed, instead of keeping them in memory."
    devices: int = Field(1, ge=1)
    "GPUs, or other devices, that share each batch: so many times as many pairs per step."
    monitoring: MonitoringOptions = MonitoringOptions()
    "Checkpoints, sample pictures and logs."
