"""What models find in pictures that show no particles: noise, shades, textures, grounds with letters and bars.

Everything that is counted is invented. With --pictures, the pictures are written, and outlines of what was found.

    python benchmarks/nothing_to_find.py particles
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from autoseg.images.overlay import draw_overlay
from autoseg.segmentation.segment import Segmenter
from autoseg.simulation.fields import smooth_field
from autoseg.simulation.world.options import WorldOptions
from autoseg.simulation.world.rendering import render_world

SIZE = (384, 512)
SMOOTH = (2, 4, 8, 16, 32)
"Sizes in pixels of what is seen in smooth noise."
GROUNDS = 12
"Pictures of grounds, with whatever figures have on them."


def pictures() -> Iterator[tuple[str, np.ndarray]]:
    """Names and pictures, uint8, which are the same every time."""
    rng = np.random.default_rng(5)
    yield "uniform noise", rng.integers(0, 256, SIZE).astype(np.uint8)
    yield "normal noise", _grey(128 + 20 * rng.standard_normal(SIZE))
    for size in SMOOTH:
        yield f"smooth noise, {size} px", _grey(128 + 40 * smooth_field(SIZE, size, rng))
    yield "gradient", _grey(255 * np.linspace(0, 1, SIZE[1]) + 5 * rng.standard_normal(SIZE))
    ground = WorldOptions(size=SIZE, empty=1.0)
    for seed in range(GROUNDS):
        yield f"ground {seed + 1}", _grey(255 * render_world(ground, np.random.default_rng(1000 + seed)).image)


def _grey(values: np.ndarray) -> np.ndarray:
    return np.rint(values.clip(0, 255)).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="name of a model, or its folder")
    parser.add_argument("--pictures", type=Path, help="folder for the pictures")
    options = parser.parse_args()
    for model in options.models:
        segmenter, clean, shown = Segmenter(model), 0, list(pictures())
        print(f"| {model} | found | left out | plausibility |\n| --- | ---: | ---: | ---: |")
        for name, picture in shown:
            found = segmenter(picture)
            clean += found.count == 0
            print(f"| {name} | {found.count} | {found.implausible} | {found.plausibility or 0:.3f} |", flush=True)
            if options.pictures:
                options.pictures.mkdir(parents=True, exist_ok=True)
                imageio.imwrite(options.pictures / f"{name}.png", np.asarray(draw_overlay(picture, found.labels)))
        print(f"\nNothing was found in {clean} of {len(shown)} pictures.\n")


if __name__ == "__main__":
    main()
