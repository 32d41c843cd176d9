"""Images whose particles are told by files: label images, masks, outlines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from autoseg.batch.plan import Planned
from autoseg.batch.work import Find, Found, Work
from autoseg.errors import AutosegError
from autoseg.evaluation.files import ParticleKind, by_stem, join_labels, read_particles
from autoseg.images.calibration import calibrate
from autoseg.images.micrograph import Micrograph, ReadOptions
from autoseg.images.micrograph import read as read_micrograph
from autoseg.images.pages import Page
from autoseg.images.segmentation import Segmentation
from autoseg.segmentation.provenance import Provenance


class Measuring(Work):
    """Particles are read from files; of an image that has one, it is planned before the image."""

    labels: tuple[Path, ...]
    "All these files, as a report tells them."
    kind: ParticleKind = "auto"
    read: ReadOptions = ReadOptions()
    work: Literal["measure"] = "measure"

    def open(self) -> Find:
        """Nothing has to be loaded."""
        return self._read_all

    def describe(self) -> Provenance:
        """The files, and how they are read."""
        return Provenance(labels=self.labels, kind=self.kind, read=self.read)

    def _read_all(self, images: Sequence[Planned]) -> Iterator[Found]:
        for image in images:
            yield read_segmentation(image.sources[0].file, image.file, self.kind, self.read)


def read_segmentation(labels: Path | Page, image: Path | Page, kind: ParticleKind, options: ReadOptions) -> Found:
    """The labels with their micrograph, or what is wrong with them."""
    file, is_alone = Path(labels), image == labels
    if isinstance(options.page, int) and not isinstance(labels, Page):
        labels = Page(file, options.page)
    try:
        if is_alone:
            found = read_particles(labels, kind)
            shown = np.where(found > 0, np.uint8(255), np.uint8(0))
            note = "No micrograph was given: grey values and pictures are those of the mask."
            page, pages = (labels.number, labels.pages) if isinstance(labels, Page) else (1, 1)
            micrograph = Micrograph(shown, path=file, notes=(note,), page=page, pages=pages)
            return Segmentation(found, None, _calibrated(micrograph, file, options))
        micrograph = _calibrated(read_micrograph(image, options), file, options)
        name = next(iter(by_stem([Path(image)])))
        return join_labels(read_particles(labels, kind, shape=micrograph.pixels.shape, name=name), micrograph, file)
    except AutosegError as error:
        return error if error.file == file else AutosegError(error.problem, file=file, advice=error.advice)


def _calibrated(micrograph: Micrograph, labels: Path, options: ReadOptions) -> Micrograph:
    """With the pixel size that was given, or that of the label file where the micrograph has none."""
    if options.pixel_size is not None:
        return dataclasses.replace(micrograph, pixel_size=options.pixel_size, pixel_size_source="given")
    if micrograph.pixel_size is not None:
        return micrograph
    found = calibrate(labels, micrograph.pixels.shape)
    return dataclasses.replace(micrograph, pixel_size=found.pixel_size, pixel_size_source=found.pixel_size_source)
