"""From a volume to its grains: parted, numbered, measured, and written slice by slice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from autoseg.errors import ImageError
from autoseg.images.volumes.volume import Volume
from autoseg.images.volumes.writing import ENDINGS, Format, written_slices
from autoseg.microct.foreground import Foreground, Predict
from autoseg.microct.fraction import VolumeFraction, describe_fraction
from autoseg.microct.grains.measures import measure_grains
from autoseg.microct.grains.parting import MemoryLimit, PartedGrains, PartingOptions, part
from autoseg.microct.smoothing import Smoothing
from autoseg.microct.views import Sections
from autoseg.options import Share


class GrainOptions(PartingOptions):
    """How grains are found in a volume, and how they are written."""

    threshold: Share = 0.5
    "Probability above which a voxel is of a grain."
    damaged: Literal["refuse", "empty"] = "refuse"
    "Slices that cannot be used, such as those with NaN: an error; or empty, not in the volume fraction, and listed."
    format: Format = "tiff"
    "Of the volumes that are written: tiff, a stack that ImageJ opens; zarr, for volumes of many gigabytes."
    confidence: float = Field(0.95, gt=0, lt=1)
    "Of the interval of the volume fraction."


@dataclasses.dataclass(frozen=True, eq=False)
class VolumeResult:
    """The grains of a volume; volumes lie in files."""

    volume: Volume
    grains: pd.DataFrame = dataclasses.field(repr=False)
    "A grain a row, as `autoseg.microct.grains.measures` tells."
    slices: pd.DataFrame = dataclasses.field(repr=False)
    "A slice a row: its number, and which share of it is foreground."
    fraction: VolumeFraction
    specks: np.ndarray = dataclasses.field(repr=False)
    "Voxels of each region that is too small for a grain."
    grey: Sections
    labels: Sections
    smoothing: float
    "By how many slices the probability, and from 1 on grey values, were smoothed along the volume."
    failures: tuple[ImageError, ...]
    files: dict[str, Path]

    @property
    def count(self) -> int:
        """How many grains there are."""
        return len(self.grains)


def find_grains(
    volume: Volume,
    predict: Predict,
    folder: Path,
    options: GrainOptions | None = None,
    memory_limit: MemoryLimit = "auto",
    smoothing: Smoothing = 0.0,
    tell: Callable[[int], None] = lambda _: None,
) -> VolumeResult:
    """Find the grains of a volume, and write their labels and probability into a folder.

    `predict` gives the probability of a slice's pixels. Where it looks at slices one by one, as networks do,
    `smoothing` takes away what changes from one to the next: a standard deviation, in slices, or auto: as much as
    neighbouring slices tell of each other; from 1 on, grey values are smoothed before as well. `tell` hears how many
    slices are done. Grains do not depend on the `memory_limit`, in GiB; on disk, 12 bytes a voxel are needed beside
    the results while this is at work.
    """
    options = options or GrainOptions()
    folder.mkdir(parents=True, exist_ok=True)
    ending = ENDINGS[options.format]
    files = {kind: folder / f"{volume.name}_{kind}{ending}" for kind in ("probability", "labels")}
    x, y, z = volume.voxel_size or (1.0, 1.0, 1.0)
    foreground = Foreground(volume, predict, options.threshold, options.damaged == "empty", smoothing)
    grey = Sections(volume.shape, np.float32)
    with ExitStack() as stack:
        write = stack.enter_context(
            written_slices(files["probability"], volume.shape, np.dtype(np.uint8), volume.voxel_size, brightest=255)
        )
        foreground.listeners = [
            lambda number, pixels, _: grey.add(number, pixels),
            lambda _, __, probability: write(np.rint(255 * probability).astype(np.uint8)),
            lambda number, _, __: tell(number + 1),
        ]
        parted = stack.enter_context(part(foreground, volume.shape, options, (z / x, y / x, 1.0), folder, memory_limit))
        labels = _write_labels(parted, files["labels"], volume)
        grains = measure_grains(parted, volume.voxel_size)
    shares = foreground.shares
    known = shares[np.isfinite(shares)]
    if not known.size:
        raise ImageError("holds no slice that can be used", file=volume.path or volume.name)
    return VolumeResult(
        volume=volume,
        grains=grains,
        slices=pd.DataFrame({"slice": np.arange(len(volume)), "fraction": shares}),
        fraction=describe_fraction(known, options.confidence),
        specks=parted.specks,
        grey=grey,
        labels=labels,
        smoothing=float(foreground.smoothing),
        failures=foreground.failures,
        files=files,
    )


def _write_labels(grains: PartedGrains, path: Path, volume: Volume) -> Sections:
    dtype = np.dtype(np.uint16 if grains.count < 2**16 else np.uint32)
    sections = Sections(volume.shape, np.int32)
    with written_slices(path, volume.shape, dtype, volume.voxel_size, brightest=max(grains.count, 1)) as write:
        for number, labels in _slices_of(grains):
            sections.add(number, labels)
            write(labels.astype(dtype))
    return sections


def _slices_of(grains: PartedGrains) -> Iterable[tuple[int, np.ndarray]]:
    for first, last, labels in grains.slabs():
        yield from zip(range(first, last), labels[: last - first], strict=True)
