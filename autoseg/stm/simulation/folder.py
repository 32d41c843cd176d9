"""Made-up topographies as files, in the folders and under the names of the published data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import imageio.v3 as imageio
import numpy as np
from pydantic import Field

from autoseg.files import written_whole
from autoseg.images.class_files import write_classes
from autoseg.images.labels import write_labels, write_tiff
from autoseg.stm.classes import LEGEND
from autoseg.stm.simulation.options import VARIED, Effect, SurfaceOptions
from autoseg.stm.simulation.topography import Topography, draw_topography

_SHORT: dict[Effect, str] = {
    "xy": "dx",
    "zones": "zones",
    "amp_noise": "amp",
    "white_artifacts": "wa",
    "tilt": "tilt",
    "oscillation": "osc",
}


class SimulationOptions(SurfaceOptions):
    """Which topographies are made up, and how they are written."""

    format: Literal["png", "tiff"] = "png"
    "png: as published; tiff: with the size of a pixel, and the names and colours of the classes."
    prefix: str = Field("stm", pattern=r"^[\w-]+$")
    "How the names of files and of their folders begin."
    start_index: int = Field(0, ge=0)
    "The number in the first file's name."


def simulate(options: SimulationOptions, folder: Path, rngs: Iterable[np.random.Generator]) -> str:
    """Write a topography and its masks for each generator of random numbers; what was done, in a sentence."""
    count = 0
    for count, rng in enumerate(rngs, start=1):
        variant = (count - 1) % 2 ** len(VARIED)
        topography = draw_topography(options, rng, variant)
        name = f"{options.prefix}_{options.start_index + count - 1:06}"
        write_topography(folder, folder_name(options, variant), name, topography, options)
    return f"{count} topographies are in {folder / 'images'}, and what they show in the folders masks* beside it"


def folder_name(options: SimulationOptions, variant: int) -> str:
    """The name of the folder of a variant, or of all pictures where the options name their effects.

    >>> folder_name(SimulationOptions(), 3), folder_name(SimulationOptions(effects=("tilt",)), 0)
    ('stm_dx_1_zones_1_amp_0_wa_0', 'stm_dx_0_zones_0_amp_0_wa_0_tilt_1_osc_0')
    """
    if options.effects is None:
        there = {effect: variant >> bit & 1 for bit, effect in enumerate(VARIED)}
    else:
        there = {effect: int(effect in options.effects) for effect in _SHORT}
    return "_".join([options.prefix, *(f"{_SHORT[effect]}_{value}" for effect, value in there.items())])


def write_topography(folder: Path, variant: str, name: str, topography: Topography, options: SimulationOptions) -> None:
    """Write the picture, its class mask, row mask and instance map; files of the same names are replaced."""
    layers = {
        ("images", ""): topography.image,
        ("masks", "_mask_sig"): topography.classes,
        ("masks_row", "_mask_row"): topography.rows,
        ("masks_instance", "_mask_instance"): topography.instances,
    }
    for (kind, ending), pixels in layers.items():
        path = folder / kind / variant / f"{name}{ending}"
        if options.format == "png":
            with written_whole(path.with_suffix(".png")) as partial:
                imageio.imwrite(partial, pixels, compress_level=1)  # more takes longer than to make the picture up
        else:
            _write_tiff(path.with_suffix(".tif"), kind, pixels, options.pixel_size)


def _write_tiff(path: Path, kind: str, pixels: np.ndarray, pixel_size: float) -> None:
    if kind == "masks":
        write_classes(path, pixels, LEGEND, pixel_size)
    elif kind == "images":
        write_tiff(path, pixels, pixel_size, brightest=255)
    else:
        write_labels(path, pixels, pixel_size)
