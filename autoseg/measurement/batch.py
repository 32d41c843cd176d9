"""The images of a batch, one after the other: each is measured and written, and then only its table is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from autoseg.images.any_text import ANY_TEXT
from autoseg.images.labels import read_labels
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.image_result import ImageResult, Recording, record_image
from autoseg.measurement.intake import Intake, image_names
from autoseg.measurement.series import pages_of
from autoseg.measurement.shape import measure_labels

_ROWS = 20_000
"Particles of so many rows are put together before they are written: each table of its own would take longer."


class Shown(NamedTuple):
    """An image on the page."""

    name: str
    result: ImageResult
    picture: bytes | None


class Measured(Protocol):
    """A batch whose images are measured: in memory, or on a disk and read where they are asked for."""

    @property
    def folder(self) -> Path:
        """Where the results are."""

    @property
    def recording(self) -> Recording:
        """How the images were measured."""

    @property
    def inputs(self) -> Sequence[str | os.PathLike[str]]:
        """The files, or pages of files, of all images, as far as they were known before."""

    @property
    def images(self) -> Sequence[ImageResult]:
        """All that is known of each image."""

    @property
    def records(self) -> Sequence[ImageResult]:
        """Each image without what is not needed for sums, where that would take memory."""

    @property
    def tables(self) -> Sequence[pd.DataFrame]:
        """The particles of each image, without its name."""

    def shown(self) -> Sequence[Shown]:
        """The images that the page shows."""

    def failures_table(self) -> pd.DataFrame:
        """What failed, one file a row, and why."""


class Batch(Intake[Segmentation]):
    """Takes segmentations, or errors in place of them; keeps what was measured, but no image."""

    takes = Segmentation

    def __init__(self, recording: Recording, **known: object):
        super().__init__(recording.folder, **known)  # type: ignore[arg-type]
        self.recording = recording
        self.images: list[ImageResult] = []
        self.tables: list[pd.DataFrame] = []

    @property
    def records(self) -> Sequence[ImageResult]:
        """The images themselves."""
        return self.images

    def shown(self) -> Sequence[Shown]:
        """All of them."""
        return list(map(Shown, image_names(self.images), self.images, self.thumbnails.pictures))

    def _take(self, found: Segmentation, seconds_waited: float) -> None:
        place = len(self.images) + len(self.failures)
        name = self._name(found.micrograph)
        recorded = record_image(found, self.recording, name, place, seconds_waited)
        self.thumbnails.add(recorded.picture)
        self.tables.append(recorded.table)
        self.images.append(recorded.result)


def particle_tables(batch: Measured) -> Iterator[pd.DataFrame]:
    """One particle a row: the tables of all images, named in the column "image", some images at a time."""
    images: list[tuple[str, int | None]] = []
    tables, rows = [], 0
    names = image_names(batch.records)
    pages: Sequence[int | None] = pages_of(batch.records, batch.inputs) or [None] * len(names)
    for name, page, table in zip(names, pages, batch.tables, strict=True):
        if len(table):
            images.append((name, page))
            tables.append(table)
            rows += len(table)
        if rows >= _ROWS:
            yield _named(images, tables)
            images, tables, rows = [], [], 0
    if tables:
        yield _named(images, tables)
    elif not any(image.particles for image in batch.records):
        yield from particle_samples(batch)


def particle_samples(batch: Measured) -> Iterator[pd.DataFrame]:
    """A table of each kind that `particle_tables` puts together: kinds differ in their units."""
    first = {image.unit: place for place, image in reversed(list(enumerate(batch.records))) if image.particles}
    nameless = [("", 1 if pages_of(batch.records, batch.inputs) else None)]
    for place in sorted(first.values()):
        yield _named(nameless, [batch.tables[place].head(1)])
    if not first:  # the columns alone
        empty = np.zeros((1, 1), np.uint8)
        yield _named(nameless, [measure_labels(empty, empty, batch.records[0].pixel_size if batch.records else None)])


def _named(images: Sequence[tuple[str, int | None]], tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The tables below each other, with the names of their images in front, and their pages, if they have some."""
    table = pd.concat(tables, ignore_index=True)
    lengths, (names, pages) = [len(one) for one in tables], zip(*images, strict=True)
    if None not in pages:
        table.insert(0, "page", np.repeat(pages, lengths))
    table.insert(0, "image", pd.Series(np.repeat(np.array(names, object), lengths), dtype=ANY_TEXT))
    return table


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
