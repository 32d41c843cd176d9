"""Masks simulated from example outlines, without any training."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from autoseg.sem.mask_files import read_outlines, write_mask
from autoseg.simulation.particles.masks import MaskOptions, simulate_mask
from autoseg.simulation.particles.outlines import from_examples


class SimulationOptions(MaskOptions):
    """From which outlines masks are simulated, and how."""

    outlines: Path
    "Folder of images that show one white particle on black each."


def simulate(options: SimulationOptions, folder: Path, rngs: Iterable[np.random.Generator]) -> str:
    """Write a mask and its labels for each generator of random numbers; what was done, in a sentence."""
    outlines, count = from_examples(read_outlines(options.outlines)), 0
    for count, rng in enumerate(rngs, start=1):
        write_mask(folder, count - 1, simulate_mask(outlines, options, rng))
    return f"{count} masks and their labels are in {folder}"
