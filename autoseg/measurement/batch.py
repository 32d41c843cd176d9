"""The images of a batch, one after the other: each is measured and written, and then only its table is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from autoseg.images.any_text import ANY_TEXT
from autoseg.images.export import export
from autoseg.images.labels import read_labels
from autoseg.images.overlay import OverlayOptions
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.conditions import Condition, keep_measured
from autoseg.measurement.intake import ImageRecord, Intake, describe_source, image_names
from autoseg.measurement.shape import measure, measure_labels
from autoseg.measurement.sizes import SizeOptions, SizeStatistics, describe_sizes
from autoseg.measurement.thumbnails import draw_small_overlay

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


@dataclass
class Batch(Intake[Segmentation]):
    """Takes segmentations, or errors in place of them; keeps what was measured, but no image."""

    takes = Segmentation
    kinds: Sequence[str]
    overlay: OverlayOptions
    sizes: SizeOptions
    seed: int
    conditions: Sequence[Condition] = ()
    "Only particles that meet all of them are kept."
    images: list[ImageResult] = field(default_factory=list)
    tables: list[pd.DataFrame] = field(default_factory=list)

    def _take(self, found: Segmentation, seconds_waited: float) -> None:
        start = time.monotonic()
        segmentation, table = keep_measured(found, measure(found).drop(columns="image"), self.conditions)
        statistics = describe_sizes(table, np.random.default_rng([self.seed, len(self.images)]), self.sizes)
        kinds = [kind for kind in self.kinds if kind != "probability" or segmentation.probability is not None]
        name = self._name(found.micrograph)
        files = export(segmentation, self.folder, name, kinds, table, self.overlay)
        self.thumbnails.add(draw_small_overlay(segmentation, self.overlay))
        self.tables.append(table)
        self.images.append(
            ImageResult(
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
                files=files,
                seconds_waited=round(seconds_waited, 3),
                seconds_written=round(time.monotonic() - start, 3),
            )
        )

    def particles(self) -> pd.DataFrame:
        """One particle a row: the tables of all images, named in the column "image"."""
        named = zip(image_names(self.images), self.tables, strict=True)
        tables = [table.assign(image=name) for name, table in named if len(table)]
        if not tables:  # the columns alone
            empty = np.zeros((1, 1), np.uint8)
            tables = [measure_labels(empty, empty, self.images[0].pixel_size if self.images else None)]
            tables[0]["image"] = pd.Series(dtype=ANY_TEXT)
        table = pd.concat(tables, ignore_index=True)
        return table[["image", *(column for column in table if column != "image")]]


class LabelsOnDisk(Mapping[str, np.ndarray]):
    """The labels of each image by its name, as high as the image with its info bar, read when they are asked for."""

    def __init__(self, images: Sequence[ImageResult]):
        self._images = dict(zip(image_names(images), images, strict=True))

    def __getitem__(self, name: str) -> np.ndarray:
        """Read one of them."""
        image = self._images[name]
        return np.pad(read_labels(image.files["labels"]), ((0, image.info_bar_rows), (0, 0)))

    def __iter__(self) -> Iterator[str]:
        """The images' names."""
        return iter(self._images)

    def __len__(self) -> int:
        """How many images there are."""
        return len(self._images)
