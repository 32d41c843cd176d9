"""Render micrographs of simulated agglomerates without any network, on real backgrounds where there are some."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg.errors import OptionsError
from autoseg.images.folders import images_in
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.polarity import Polarity
from autoseg.options import Options
from autoseg.sem.mask_files import read_outlines
from autoseg.simulation.backgrounds import BackgroundOptions, SampleBackground, backgrounds
from autoseg.simulation.particles.growth import GrowthOptions, simulate_grown
from autoseg.simulation.particles.outlines import SampleOutlines, from_examples
from autoseg.simulation.particles.rendering import RenderingOptions, render
from autoseg.simulation.particles.shapes import ShapeOptions, WarpOptions, shapes, warped
from autoseg.simulation.world.options import WorldOptions
from autoseg.simulation.world.rendering import render_world
from autoseg.stages.pairs import ParticlePairs
from autoseg.stages.stage import Stage

DrawnPair = tuple[np.ndarray, np.ndarray, np.ndarray]
"A micrograph, its mask with dark rims, and its labels."
DrawPair = Callable[[np.random.Generator], DrawnPair]


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
    world_share: float = Field(0.0, ge=0, le=1)
    "Share of the pairs that show particles of any kind on any ground, without outlines and backgrounds of yours."
    world: WorldOptions = WorldOptions()
    "How those pairs look; their size is that of `growth`."


class Render(Stage):
    """Pairs whose micrographs follow from their masks by formulas."""

    options: RenderOptions = RenderOptions()
    images: Path | None = None
    outlines: Path | None = None
    polarity: Polarity = Polarity.BRIGHT
    read: ReadOptions = ReadOptions()

    def sources(self) -> list[Path]:
        """The micrographs, and the example outlines, as far as they are used."""
        known = self.options.world_share < 1
        used = (self.images, self.options.real_backgrounds), (self.outlines, self.options.source == "examples")
        return [path for path, needed in used if path is not None and needed and known]

    def run(self, folder: Path, rng: np.random.Generator) -> ParticlePairs:
        """Write the pairs; those of the world lie evenly among the others."""
        share = self.options.world_share
        draw_own = self._agglomerates() if share < 1 else self._draw_world
        pairs = ParticlePairs(images=Path("micrographs"), truth=Path("masks"))
        for number, pair_rng in enumerate(tqdm(rng.spawn(self.options.count), desc="pairs", unit="pair", disable=None)):
            of_world = math.floor((number + 1) * share) > math.floor(number * share)
            pairs.write(folder, f"{number:05}", *(self._draw_world if of_world else draw_own)(pair_rng))
        return pairs

    def _agglomerates(self) -> DrawPair:
        """Draws pairs of agglomerates of the outlines."""
        options, size = self.options, self.options.growth.size
        outlines, background = warped(self._outlines(), options.warp), self._backgrounds()
        rendering = options.rendering.changed(polarity=self.polarity)

        def draw(rng: np.random.Generator) -> DrawnPair:
            simulated = simulate_grown(outlines, options.growth, rng)
            micrograph = render(simulated, rendering, rng, background(rng, size) if background else None)
            return micrograph, simulated.mask > 0, simulated.labels

        return draw

    def _draw_world(self, rng: np.random.Generator) -> DrawnPair:
        """A pair of particles of any kind, inverted if the network is to see only the opposite of these."""
        picture = render_world(self.options.world.changed(size=self.options.growth.size), rng)
        return picture.polarity.as_shown_to(self.polarity, picture.image), picture.mask, picture.labels

    def _outlines(self) -> SampleOutlines:
        if self.options.source == "shapes":
            return shapes(self.options.shapes)
        if self.outlines is None:
            raise OptionsError("there are no example outlines", advice='Give a folder, or set "source" to "shapes".')
        return from_examples(read_outlines(self.outlines))

    def _backgrounds(self) -> SampleBackground | None:
        if not self.options.real_backgrounds or self.images is None or self.polarity == Polarity.EITHER:
            return None
        fields = [read(path, self.read).field for path in images_in(self.images)]
        return backgrounds(fields, self.options.backgrounds.changed(polarity=self.polarity.value))
