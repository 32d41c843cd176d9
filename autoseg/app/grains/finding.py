"""Finding grains in what was uploaded: everything is written as the command line does, and read back to be shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from autoseg.app.grains.inputs import Asked
from autoseg.app.models import loaded
from autoseg.app.options import current_options
from autoseg.app.uploads import on_disk
from autoseg.app.zipping import zipped
from autoseg.errors import ImageError
from autoseg.images.decoding import decode
from autoseg.images.volumes.volume import Volume, open_volume
from autoseg.microct.analysis import find_grains
from autoseg.microct.foreground import Predict, as_mask
from autoseg.microct.report import GrainReport, report_grains
from autoseg.microct.segmentation import predict_slices
from autoseg.microct.smoothing import Smoothing

Tick = Callable[[float], None]


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """The grains of a volume, for the page and to be downloaded."""

    report: GrainReport
    grey: np.ndarray
    labels: np.ndarray
    content: bytes
    "All files, as zip."


def find(asked: Asked, tick: Tick) -> Found:
    """Find the grains; `tick` hears which share of the slices was looked at."""
    with on_disk(asked.uploads) as folder, on_disk([]) as output:
        volume = _open(folder, asked)
        probability: Predict = as_mask
        found_by = "a mask"
        if asked.model is not None:
            probability, found_by = predict_slices(loaded(asked.model), asked.slices)

        def tell(done: int) -> None:
            tick(done / len(volume))

        smoothing: Smoothing = 0.0 if asked.model is None else asked.slices.smoothing
        result = find_grains(volume, probability, output, asked.options, smoothing=smoothing, tell=tell)
        settings = {"model": asked.model, "slices": asked.slices, "grains": asked.options}
        report = report_grains(result, output, settings=settings, found_by=found_by)
        labels = tifffile.imread(result.files["labels"]).reshape(volume.shape)
        grey = np.stack([volume.slice(number) for number in range(len(volume))])
        return Found(report, grey, labels, zipped(output))


def _open(folder: Path, asked: Asked) -> Volume:
    """The volume; a single picture is one of a single slice."""
    first, several = asked.uploads[0], len(asked.uploads) > 1
    if several and (other := next((one for one in asked.uploads if not one.is_image), None)):
        raise ImageError("is no slice", file=other.name, advice="Upload slices of one volume, or one file with all.")
    is_slice = first.is_image and (several or decode(folder / first.name, 1, current_options().max_pixels).pages < 2)
    volume = open_volume(folder if is_slice else folder / first.name, voxel_size=asked.voxel_size)
    if (voxels := int(np.prod(volume.shape))) > current_options().max_pixels:
        advice = "Upload a part of it, or use the command autoseg grains."
        raise ImageError(
            f"holds {voxels} voxels, more than {current_options().max_pixels}", file=first.name, advice=advice
        )
    name = Path(first.name).stem
    return dataclasses.replace(
        volume, name=name, path=Path(first.name), files=tuple(Path(one.name) for one in volume.files)
    )
