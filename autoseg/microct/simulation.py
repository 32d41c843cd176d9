"""Simulated slices of tomograms, or volumes of packed grains, with their truth, as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import tifffile
from pydantic import Field

from autoseg.files import written_whole
from autoseg.images.labels import write_labels
from autoseg.images.volumes.writing import written_slices
from autoseg.options import Options
from autoseg.simulation.grains.packing import PackingOptions, pack
from autoseg.simulation.grains.slices import SliceOptions, draw_slice

Length = Annotated[int, Field(ge=16)]


class SimulationOptions(Options):
    """What is simulated."""

    depth: int = Field(1, ge=1)
    "Slices of a volume; 1: slices, which look like those of tomograms; more: volumes of grains without noise."
    slices: SliceOptions = SliceOptions()
    "How slices look; the size is that of volumes, too."
    packing: PackingOptions = PackingOptions()
    "How grains of volumes are packed."


def simulate(options: SimulationOptions, folder: Path, rngs: Iterable[np.random.Generator]) -> str:
    """Write slices, or volumes, 00000.tif and their grains, 00000_labels.tif; what was written, in words.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tiny = SimulationOptions(slices={"size": (32, 32), "radius": (4, 5)})
    ...     _ = simulate(tiny, Path(folder), [np.random.default_rng(0)])
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['00000.tif', '00000_labels.tif']
    """
    grains = count = 0
    folder.mkdir(parents=True, exist_ok=True)
    for count, rng in enumerate(rngs, start=1):
        name = folder / f"{count - 1:05}"
        grains += _slice(options, name, rng) if options.depth == 1 else _volume(options, name, rng)
    return f"{count} {'slices' if options.depth == 1 else 'volumes'} with {grains} grains are in {folder}"


def _slice(options: SimulationOptions, name: Path, rng: np.random.Generator) -> int:
    image, labels = draw_slice(rng, options.slices)
    with written_whole(name.with_suffix(".tif")) as partial:
        tifffile.imwrite(partial, image, compression="zlib")
    write_labels(f"{name}_labels.tif", labels)
    return len(np.unique(labels)) - 1


def _volume(options: SimulationOptions, name: Path, rng: np.random.Generator) -> int:
    shape = (options.depth, *options.slices.size)
    packing = pack(shape, rng, options.packing)
    mask, labels = name.with_suffix(".tif"), Path(f"{name}_labels.tif")
    with (
        written_slices(mask, shape, np.dtype(np.uint8), None) as write_mask,
        written_slices(labels, shape, np.dtype(np.uint16), None, brightest=len(packing.grains)) as write,
    ):
        for number in range(options.depth):
            grains = packing.labels(number, number + 1)[0]
            write_mask((grains > 0).astype(np.uint8))
            write(grains.astype(np.uint16))
    return len(packing.grains)
