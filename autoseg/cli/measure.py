"""autoseg measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from autoseg.batch.measuring import Measuring
from autoseg.batch.options import BatchOptions
from autoseg.cli.inputs import expanded, micrographs_in
from autoseg.cli.parameters import AsJson, ManyImages, Reading
from autoseg.cli.results import Reporting, run_many
from autoseg.errors import ImageError, OptionsError
from autoseg.evaluation.files import ParticleKind, by_stem, label_files
from autoseg.images.micrograph import ReadOptions
from autoseg.images.pages import Page, in_pages
from autoseg.measurement.report import ReportOptions


def measure(
    labels: list[Path],
    /,
    *,
    output: Path,
    images: Path | None = None,
    kind: ParticleKind = "auto",
    read: Reading = ReadOptions(),
    reporting: Reporting = ReportOptions(),
    many: ManyImages = BatchOptions(),
    as_json: AsJson = False,
) -> int:
    """Write what is measured into a folder, and print a summary; fails where a file cannot be measured.

    Parameters
    ----------
    labels
        Label images or masks, zips of ImageJ's ROIs, COCO or GeoJSON files, NAME_seg.npy of cellpose, or folders of
        such files; of a folder with several kinds, the label images are taken.
    output
        Folder for the results.
    images
        Folder of the micrographs, for grey values and pictures; they have the names of the label images. ROIs and
        GeoJSON need it, as they do not tell how large their image is.
    kind
        What the files are; auto: an image with one value beside 0 is a mask, whose regions are the particles.
    """
    if reporting.uncertainty:
        raise OptionsError("labels do not say how uncertain they are", advice="Leave out --uncertainty.")
    files = expanded(labels, label_files)
    pairs = [(file, file) for file in files] if images is None else _with_images(files, images)
    pages = [pair for labelled, image in pairs for pair in _in_pages(labelled, image, read)]
    work = Measuring(labels=tuple(files), kind=kind, read=read)
    return run_many(work, pages, output, reporting, many, as_json)


def _in_pages(labels: Path, image: Path, read: ReadOptions) -> Iterator[tuple[Path | Page, Path | Page]]:
    """Labels and their image, page by page, where several pages are asked for."""
    for page in in_pages([labels], read.page, read.max_pixels):
        if isinstance(page, Page):
            yield page, page if image == labels else Page(image, page.number, page.pages)
        else:
            yield labels, image


def _with_images(files: Sequence[Path], folder: Path) -> list[tuple[Path, Path]]:
    """Each label file and the images that it belongs to by name: one, or, for COCO, those that it tells of."""
    images = micrographs_in(folder)
    named = [(file, name) for file in files for name in by_stem([file])]
    alone = [f"{file} ({name})" for file, name in named if name not in images]
    if alone:
        problem = f"holds no image for {', '.join(alone)}"
        raise ImageError(problem, file=folder, advice="Name them alike; _labels before the ending does not matter.")
    return [(file, images[name]) for file, name in named]
