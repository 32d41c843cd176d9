"""Makes the sample micrographs in `samples/` and their true labels: own renderings, free for any use.

Run `python make_samples.py [FOLDER]` to get the same files again. Every particle in them is known, so results can be
scored: `samples/NAME.tif` is the micrograph, `samples/truth/NAME_labels.tif` has one number for each particle.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile

from autoseg.files import written_whole
from autoseg.images.labels import write_labels
from autoseg.simulation.particles.growth import GrowthOptions, simulate_grown
from autoseg.simulation.particles.masks import MaskOptions, simulate_mask
from autoseg.simulation.particles.rendering import RenderingOptions, render
from autoseg.simulation.particles.shapes import ShapeOptions, WarpOptions, shapes, warped

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Recipe:
    """What a sample shows, and how it is recorded."""

    seed: int
    shapes: ShapeOptions
    masks: MaskOptions | GrowthOptions
    rendering: RenderingOptions
    pixel_size: float
    "Edge length of a pixel in nm."
    warp: WarpOptions | None = None
    bits: int = 8
    brightest: int = 255
    "Stored value of grey value 1."
    info_bar: bool = False


SURFACE = RenderingOptions(
    thickness_contrast=0, crease=(0, 0), vibration=(0, 0.1), shading=(0.4, 0.4), texture=(0.03, 0.06)
)
TRANSMISSION = RenderingOptions(polarity="dark", vibration=(0, 0.1))

LOOSE = GrowthOptions(
    magnification=(1, 1),
    size_spread=(0, 0),
    single=0.2,
    compactness=(0, 0.8),
    overlap=(0, 0.25),
    piled=0.2,
    max_overlap=0.6,
)

RECIPES = {
    "bright_spheroids": Recipe(
        seed=1,
        shapes=ShapeOptions(kinds=["ellipse"], diameter=42, spread=0.2, elongation=(1, 1.4)),
        masks=LOOSE.changed(size=(480, 640), particles=(75, 75), cluster=(2, 12), single=0.4),
        rendering=SURFACE.changed(
            ground=(0.12, 0.12), contrast=(0.55, 0.55), rim=(0.6, 0.6), rim_width=(0.15, 0.15), substrate=(0.04, 0.04)
        ),
        pixel_size=5.0,
        info_bar=True,
    ),
    "bright_agglomerates": Recipe(
        seed=2,
        shapes=ShapeOptions(kinds=["polygon", "ellipse", "grain"], diameter=26, spread=0.25, roughness=0.06),
        masks=LOOSE.changed(size=(384, 512), particles=(150, 150), cluster=(5, 60), single=0.1),
        rendering=SURFACE.changed(
            ground=(0.1, 0.1), contrast=(0.5, 0.5), height_brightness=(0.4, 0.4), shadow=(0.9, 0.9), rim=(0.5, 0.5)
        ),
        pixel_size=7.5,
    ),
    "bright_cubes_noisy": Recipe(
        seed=3,
        shapes=ShapeOptions(kinds=["cube"], diameter=36, spread=0.12),
        masks=MaskOptions(size=(384, 512), particles=(80, 80), scale="examples", max_overlap=0.2, clustering=False),
        rendering=SURFACE.changed(
            ground=(0.25, 0.25), contrast=(0.35, 0.35), noise=(0.03, 0.03), shot_noise=(0.1, 0.1), blur=(1.0, 1.0)
        ),
        pixel_size=2.0,
    ),
    "bright_dark_field": Recipe(
        seed=4,
        shapes=ShapeOptions(kinds=["ellipse", "polygon"], diameter=20, spread=0.35),
        masks=LOOSE.changed(size=(384, 512), particles=(130, 130), cluster=(2, 20)),
        rendering=TRANSMISSION.changed(
            polarity="bright", thickness_contrast=1, ground=(0.06, 0.06), contrast=(0.7, 0.7), opacity=(0.5, 0.5)
        ),
        pixel_size=0.4,
    ),
    "dark_rods_16bit": Recipe(
        seed=5,
        shapes=ShapeOptions(kinds=["rod"], diameter=34, spread=0.2, rod_elongation=(2.5, 4.5)),
        masks=MaskOptions(size=(400, 560), particles=(160, 160), scale="examples", max_overlap=0, clustering=False),
        rendering=TRANSMISSION.changed(
            ground=(0.2, 0.2), contrast=(0.6, 0.6), opacity=(1.5, 1.5), noise=(0.015, 0.015)
        ),
        pixel_size=0.8,
        bits=16,
        brightest=40000,
    ),
    "dark_grains": Recipe(
        seed=6,
        shapes=ShapeOptions(kinds=["grain", "polygon"], diameter=34, spread=0.35),
        masks=LOOSE.changed(size=(384, 512), particles=(80, 80), cluster=(2, 15), max_overlap=0.2),
        rendering=TRANSMISSION.changed(ground=(0.12, 0.12), contrast=(0.85, 0.85), opacity=(3, 3), fringe=(0.4, 0.4)),
        pixel_size=1.5,
        warp=WarpOptions(),
    ),
}


def make(recipe):
    """A micrograph, and the labels of the particles in its field of view."""
    rng = np.random.default_rng(recipe.seed)
    outlines = shapes(recipe.shapes) if recipe.warp is None else warped(shapes(recipe.shapes), recipe.warp)
    place = simulate_grown if isinstance(recipe.masks, GrowthOptions) else simulate_mask
    simulated = place(outlines, recipe.masks, rng)
    grey = render(simulated, recipe.rendering, rng)
    pixels = np.round(recipe.brightest * grey).astype(np.uint8 if recipe.bits == 8 else np.uint16)
    if recipe.info_bar:
        pixels = with_info_bar(pixels, f"autoseg   {recipe.pixel_size:.2f} nm/px   rendered sample")
    return pixels, simulated.labels


def with_info_bar(pixels, text):
    """The micrograph with a black bar of 40 rows and white text below it, as microscopes add it."""
    bar = np.zeros((40, pixels.shape[1]), pixels.dtype)
    cv2.putText(bar, text, (12, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 255, 1, cv2.LINE_AA)
    return np.vstack([pixels, bar])


def write(path, pixels, pixel_size):
    """A compressed ImageJ TIFF that knows its pixel size in nm."""
    per_micrometre = 1000 / pixel_size
    settings = {"resolution": (per_micrometre, per_micrometre), "metadata": {"unit": "um"}, "compression": "zlib"}
    with written_whole(path) as partial:
        tifffile.imwrite(partial, pixels, imagej=True, **settings)


def main(folder):
    for name, recipe in RECIPES.items():
        pixels, labels = make(recipe)
        write(folder / f"{name}.tif", pixels, recipe.pixel_size)
        write_labels(folder / "truth" / f"{name}_labels.tif", labels, recipe.pixel_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
