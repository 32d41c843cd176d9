"""Make up topographies to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg.options import Options
from autoseg.stages.stage import Stage
from autoseg.stm.simulation.options import VARIED, SurfaceOptions
from autoseg.stm.simulation.topography import draw_topography
from autoseg.stm.stages.surfaces import Surface, Surfaces
from autoseg.training.batches import split

Kinds = Annotated[tuple[SurfaceOptions, ...], Field(min_length=1)]


class SimulateOptions(Options):
    """How many topographies are made up, and of which kinds."""

    count: int = Field(1600, ge=4)
    "How many, those of the test included."
    surfaces: Kinds = (SurfaceOptions(rules="published"),)
    "Kinds of topographies, which are made up in turn."
    test: float = Field(0.2, gt=0, lt=1)
    "Share of them that nothing is learned from, and which score the network in the end."
    test_surfaces: Kinds | None = None
    "Kinds of topographies in the test. Not set: as the others."


class Simulate(Stage):
    """Topographies, what they show, and a test."""

    options: SimulateOptions = SimulateOptions()

    def run(self, folder: Path, rng: np.random.Generator) -> Surfaces:
        """Write the pairs; each follows from a generator of random numbers of its own."""
        pairs = Surfaces(
            images=Path("images"), truth=Path("masks"), test_images=Path("test/images"), test_truth=Path("test/masks")
        )
        options, seed = self.options, int(rng.integers(2**30))
        _, tested = split(options.count, options.test, seed)
        places = {"own": 0, "test": 0}
        for number, pair_rng in enumerate(tqdm(rng.spawn(options.count), unit="picture", disable=None)):
            test = number in set(tested)
            kinds = (options.test_surfaces if test else None) or options.surfaces
            place = places["test" if test else "own"]
            places["test" if test else "own"] += 1
            variant = place // len(kinds) % 2 ** len(VARIED)
            drawn = draw_topography(kinds[place % len(kinds)], pair_rng, variant)
            surface = Surface(drawn.image, drawn.classes, drawn.rows > 0, drawn.instances)
            pairs.write_surface(folder, number, surface, test=test)
        return pairs
