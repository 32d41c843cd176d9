"""One image of a batch: its particles are measured, its files are written, and little of it is kept."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from autoseg.images.export import export
from autoseg.images.overlay import OverlayOptions
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.conditions import Condition, keep_measured
from autoseg.measurement.counted import medians
from autoseg.measurement.intake import ImageRecord, describe_source
from autoseg.measurement.shape import measure
from autoseg.measurement.sizes import SizeOptions, SizeStatistics, describe_sizes
from autoseg.measurement.thumbnails import draw_small_overlay, encoded

SMALL = 10
"Particles with a smaller equivalent diameter, in pixels, are too small to be measured reliably."


@dataclass(frozen=True, kw_only=True)
class ImageResult(ImageRecord):
    """What is kept of an image: where it came from, what was found in it, and where its files are."""

    particles: int
    left_out: int
    "Particles that were found, but do not meet the conditions; all other numbers are about those that do."
    plausibility: float | None
    "Of what was predicted, from 0 to 1; None where that cannot be told."
    implausible: int
    "Particles that were found, but taken for noise or ground, and counted nowhere else."
    at_edge: int
    small: int
    "Particles smaller than SMALL."
    coverage: float
    "Share of the field of view that particles cover."
    statistics: SizeStatistics
    medians: Mapping[str, float]
    "Of shapes, by number, of the particles that the statistics are computed from, if there are any."

    @property
    def shows_nothing(self) -> bool:
        """Whether all that was found was taken for noise or ground."""
        return self.implausible > 0 and not self.particles + self.left_out

    @property
    def found(self) -> dict[str, Any]:
        """How many particles there are, and how many there were beside them."""
        return {
            "particles": self.particles,
            "left_out_by_conditions": self.left_out,
            "plausibility": self.plausibility,
            "implausible": self.implausible,
        }


@dataclass(frozen=True)
class Recording:
    """Where the files of images are written, which of them, and how their particles are counted."""

    folder: Path
    kinds: Sequence[str]
    overlay: OverlayOptions
    sizes: SizeOptions
    seed: int
    conditions: Sequence[Condition] = ()
    "Only particles that meet all of them are kept."


class Recorded(NamedTuple):
    """What is kept of an image, the table of its particles, and a JPEG picture of them, if one was wanted."""

    result: ImageResult
    table: pd.DataFrame
    picture: bytes | None


def record_image(
    found: Segmentation, recording: Recording, name: str, place: int, seconds_waited: float, pictured: bool = True
) -> Recorded:
    """Measure the particles of an image, and write its files under a name.

    `place` is that of the image in the batch: the seed of its intervals.
    """
    start = time.monotonic()
    segmentation, table = keep_measured(found, measure(found).drop(columns="image"), recording.conditions)
    statistics = describe_place(table, recording, place)
    kinds = [kind for kind in recording.kinds if kind != "probability" or segmentation.probability is not None]
    files = export(segmentation, recording.folder, name, kinds, table, recording.overlay)
    picture = encoded(draw_small_overlay(segmentation, recording.overlay)) if pictured else None
    result = ImageResult(
        **describe_source(found.micrograph),
        name=name,
        particles=segmentation.count,
        left_out=found.count - segmentation.count,
        plausibility=found.plausibility,
        implausible=found.implausible,
        at_edge=int(segmentation.touches_edge.sum()),
        small=int(np.sum(np.sqrt(4 / np.pi * segmentation.areas) < SMALL)),
        coverage=float(np.mean(segmentation.labels > 0)) if segmentation.labels.size else 0.0,
        statistics=statistics,
        medians=medians(table, recording.sizes),
        files=files,
        seconds_waited=round(seconds_waited, 3),
        seconds_written=round(time.monotonic() - start, 3),
    )
    return Recorded(result, table, picture)


def describe_place(table: pd.DataFrame, recording: Recording, place: int) -> SizeStatistics:
    """The sizes of the particles of one image; the intervals do not depend on what other images show."""
    return describe_sizes(table, np.random.default_rng([recording.seed, place]), recording.sizes)
