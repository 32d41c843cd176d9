"""Render micrographs of simulated agglomerates without any network, on real backgrounds where there are some."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg.errors import OptionsError
from autoseg.images.folders import images_in
from autoseg.images.micrograph import ReadOptions, read
from autoseg.options import Options
from autoseg.sem.backgrounds import BackgroundOptions, SampleBackground, backgrounds
from autoseg.sem.growth import GrowthOptions, simulate_grown
from autoseg.sem.mask_files import read_outlines
from autoseg.sem.outlines import Sample, from_examples
from autoseg.sem.rendering import RenderingOptions, render
from autoseg.sem.shapes import ShapeOptions, WarpOptions, shapes, warped
from autoseg.sem.stages.pairs import Pairs, write_pair
from autoseg.stages import Stage


class RenderOptions(Options):
    """How many micrographs are rendered, and how."""

    count: int = Field(1000, ge=1)
    "How many pairs."
    source: Literal["examples", "shapes"] = "examples"
    "Where outlines come from: the example images, or formulas."
    shapes: ShapeOptions = ShapeOptions()
    "Which shapes the formulas make."
    warp: WarpOptions = WarpOptions()
    "How outlines are changed."
    growth: GrowthOptions = GrowthOptions()
    "How particles agglomerate, and the size of the micrographs."
    rendering: RenderingOptions = RenderingOptions()
    "How micrographs look; the workflow sets the polarity."
    backgrounds: BackgroundOptions = BackgroundOptions()
    "How real backgrounds are taken out of the micrographs; the workflow sets the polarity."
    real_backgrounds: bool = True
    "Put particles on what lies between those of the real micrographs."


class Render(Stage, RenderOptions):
    """Pairs whose micrographs follow from their masks by formulas."""

    images: Path | None = None
    outlines: Path | None = None
    polarity: Literal["bright", "dark", "both"] = "bright"
    read: ReadOptions = ReadOptions()

    def sources(self) -> list[Path]:
        """The micrographs, and the example outlines, as far as they are used."""
        used = (self.images, self.real_backgrounds), (self.outlines, self.source == "examples")
        return [path for path, needed in used if path is not None and needed]

    def run(self, folder: Path, rng: np.random.Generator) -> Pairs:
        """Write the pairs."""
        sample, background = warped(self._outlines(), self.warp), self._backgrounds()
        pairs, look = Pairs(micrographs=Path("micrographs"), masks=Path("masks")), self.rendering
        look = look.changed(polarity=self.polarity)
        for number, own in enumerate(tqdm(rng.spawn(self.count), desc="pairs", unit="pair", disable=None)):
            simulated = simulate_grown(sample, self.growth, own)
            micrograph = render(simulated, look, own, background(own, self.growth.size) if background else None)
            write_pair(folder, pairs, f"{number:05}", micrograph, simulated.mask > 0, simulated.labels)
        return pairs

    def _outlines(self) -> Sample:
        if self.source == "shapes":
            return shapes(self.shapes)
        if self.outlines is None:
            raise OptionsError("there are no example outlines", advice='Give a folder, or set "source" to "shapes".')
        return from_examples(read_outlines(self.outlines))

    def _backgrounds(self) -> SampleBackground | None:
        if not self.real_backgrounds or self.images is None or self.polarity == "both":
            return None
        fields = [read(path, self.read).field for path in images_in(self.images)]
        return backgrounds(fields, self.backgrounds.changed(polarity=self.polarity))
