"""Simulate slices of tomograms, of which it is known where their grains are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg.images.normalization import normalize
from autoseg.options import Options
from autoseg.simulation.grains.slices import SliceOptions, draw_slice
from autoseg.stages.pairs import ParticlePairs
from autoseg.stages.stage import Stage


class SimulateSlicesOptions(Options):
    """How many slices are simulated, and how."""

    count: int = Field(0, ge=0)
    "How many pairs; 0: none."
    slices: SliceOptions = SliceOptions()
    "How they look."
    percentiles: tuple[float, float] = (1.0, 99.5)
    "The intensities at these percentiles of a slice become black and white."


class SimulateSlices(Stage):
    """Simulated slices and their grains; each is written once, also where the work was interrupted."""

    options: SimulateSlicesOptions = SimulateSlicesOptions(count=400)

    def run(self, folder: Path, rng: np.random.Generator) -> ParticlePairs:
        """Write the pairs."""
        written = ParticlePairs(images=Path("images"), truth=Path("truth"))
        rngs = rng.spawn(self.options.count)
        for number, own in enumerate(tqdm(rngs, desc="simulated", unit="slice", disable=None)):
            name = f"{number:05}"
            if (folder / written.truth / f"{name}_labels.tif").is_file():  # which is written last
                continue
            image, labels = draw_slice(own, self.options.slices)
            grains = labels > 0
            _, regions = cv2.connectedComponents(grains.view(np.uint8), connectivity=8)  # as masks of slices have them
            written.write(folder, name, normalize(image, self.options.percentiles), grains, regions)
        return written
