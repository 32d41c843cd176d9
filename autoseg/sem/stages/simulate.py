"""Simulate masks of particles, with outlines of a WGAN or of the examples themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg.errors import OptionsError
from autoseg.models.folder import load_model
from autoseg.sem.mask_files import read_outlines, write_mask
from autoseg.sem.stages.train_wgan import OutlineGenerator
from autoseg.simulation.particles.masks import MaskOptions, simulate_mask
from autoseg.simulation.particles.outlines import CleaningOptions, SampleOutlines, from_examples, from_generator
from autoseg.stages.stage import Outputs, Stage
from autoseg.training.wgan_gp import sampler


class Masks(Outputs):
    """Simulated masks: 00000_mask.tif, uint8, with dark rims; and 00000_labels.tif, a number for each particle."""

    masks: Path
    count: int


class SimulateOptions(MaskOptions):
    """How many masks are simulated, and how."""

    count: int = Field(1000, ge=1)
    "How many masks."
    source: Literal["wgan", "examples"] = "wgan"
    "Where outlines come from: a WGAN that learned them, or the example images themselves."
    cleaning: CleaningOptions = CleaningOptions()
    "How outlines are made of the WGAN's images."


class Simulate(Stage):
    """Masks of particles that lie on and beside each other."""

    options: SimulateOptions = SimulateOptions()
    outlines: Path

    def sources(self) -> list[Path]:
        """The example outlines, if no WGAN stands between them and the masks."""
        return [self.outlines] if self.options.source == "examples" else []

    def run(self, folder: Path, rng: np.random.Generator, *, train_wgan: OutlineGenerator | None = None) -> Masks:
        """Write masks and their labels."""
        outlines, count = self._outlines(train_wgan), self.options.count
        for number, mask_rng in enumerate(tqdm(rng.spawn(count), desc="masks", unit="mask", disable=None)):
            write_mask(folder / "masks", number, simulate_mask(outlines, self.options, mask_rng))
        return Masks(masks=Path("masks"), count=count)

    def _outlines(self, trained: OutlineGenerator | None) -> SampleOutlines:
        if self.options.source == "examples":
            return from_examples(read_outlines(self.outlines))
        if trained is None:
            raise OptionsError('the source "wgan" needs the stage train_wgan', advice='Or set "source" to "examples".')
        return from_generator(sampler(load_model(trained.model).network), self.options.cleaning)
