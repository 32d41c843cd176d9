"""Images that are pages of one file, such as a stack or a time series: told by their page, and put together again."""

from __future__ import annotations

import logging
import os
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from autoseg.files import written_whole
from autoseg.images.labels import read_labels
from autoseg.images.names import names_for
from autoseg.images.pages import page_of
from autoseg.images.volumes.writing import written_slices
from autoseg.measurement.image_result import ImageResult
from autoseg.measurement.sizes import Estimate

STACKS = {"labels": "_label_stack.tif", "rois": "_roi_stack.zip"}
"How the names of files about all pages end."
_log = logging.getLogger("autoseg")


Inputs = Iterable[str | os.PathLike[str]]


def pages_of(images: Sequence[ImageResult], inputs: Inputs) -> list[int] | None:
    """The page of each image; None where of no file several were asked for, so that nobody needs to know."""
    return [image.page for image in images] if series_in(images, inputs) else None


def series_in(images: Iterable[ImageResult], inputs: Inputs) -> set[Path]:
    """The files of which several pages were asked for, whatever came of them, or are among the images."""
    occurrences = Counter(image.path for image in images if image.path is not None)
    repeated = {path for path, count in occurrences.items() if count > 1}
    return repeated | {Path(one) for one in inputs if page_of(one) is not None}


def series_names(inputs: Inputs) -> dict[Path, str]:
    """What begins the names of the files about all pages, for each file of which there are pages among the inputs.

    >>> from autoseg.images.pages import Page
    >>> list(series_names([Path("a.tif"), Page(Path("b.tif"), 1), Page(Path("b.tif"), 2)]).values())
    ['b']
    """
    files = list(dict.fromkeys(Path(one) for one in inputs if page_of(one) is not None))
    return dict(zip(files, names_for(files), strict=True))


class Course(NamedTuple):
    """What was found on the pages of a file, one after the other."""

    file: str
    pages: list[int]
    particles: list[int]
    medians: list[Estimate | None]
    "Sizes by number; None where no particle counts."
    unit: str


def courses_of(images: Iterable[ImageResult], series: Collection[Path]) -> list[Course]:
    """The course of each file of which there are several pages; of one whose pages differ in their unit, none."""
    courses = []
    for path, pages in _by_file(images, series):
        pages = sorted(pages, key=lambda one: one.page)
        found = [page.statistics.number for page in pages]
        if len({page.unit for page in pages}) == 1:
            particles, medians = [page.particles for page in pages], [one.d50 if one else None for one in found]
            courses.append(Course(path.name, [page.page for page in pages], particles, medians, pages[0].unit))
    return courses


def write_series(images: Iterable[ImageResult], names: Mapping[Path, str], folder: Path) -> None:
    """Write the labels of all pages of a file as one stack, and their ROIs as one zip, as far as they were saved.

    Pages that are missing, as they failed or were not asked for, are empty in the stack: a page keeps its place.
    """
    for path, pages in _by_file(images, names):
        for kind, write in (("labels", _write_labels), ("rois", _write_rois)):
            if all(kind in page.files for page in pages):
                write(folder / f"{names[path]}{STACKS[kind]}", pages)


def _by_file(images: Iterable[ImageResult], files: Collection[Path]) -> Iterator[tuple[Path, list[ImageResult]]]:
    found: dict[Path, list[ImageResult]] = {}
    for image in images:
        if image.path is not None and image.path in files:
            found.setdefault(image.path, []).append(image)
    yield from found.items()


def _write_labels(path: Path, pages: Sequence[ImageResult]) -> None:
    shapes, sizes = {(page.rows, page.columns) for page in pages}, {page.pixel_size for page in pages}
    if len(shapes) > 1:
        _log.warning("%s: is not written, as the pages differ in size", path)
        return
    (shape,), size = shapes, next(iter(sizes)) if len(sizes) == 1 else None
    most = max(page.particles for page in pages)
    by_page, dtype = {page.page: page for page in pages}, np.dtype(np.uint16 if most < 2**16 else np.uint32)
    count = max(max(by_page), *(page.pages for page in pages))
    voxel_size = None if size is None else (size, size, 0.0)
    with written_slices(path, (count, *shape), dtype, voxel_size, brightest=max(1, most)) as write:
        for number in range(1, count + 1):
            page = by_page.get(number)
            write(np.zeros(shape, dtype) if page is None else read_labels(page.files["labels"]).astype(dtype))


def _write_rois(path: Path, pages: Sequence[ImageResult]) -> None:
    with written_whole(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for page in pages:
            with zipfile.ZipFile(page.files["rois"]) as one:
                for roi in one.infolist():
                    entry = zipfile.ZipInfo(f"{page.page:04}-{roi.filename}")  # of a fixed date
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, one.read(roi))
