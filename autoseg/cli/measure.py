"""autoseg measure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from autoseg.cli.inputs import expanded, micrographs_in
from autoseg.cli.messages import progress
from autoseg.cli.parameters import AsJson, Reading
from autoseg.cli.results import Reporting, result_paths, tell
from autoseg.errors import AutosegError, ImageError, OptionsError
from autoseg.evaluation.files import ParticleKind, by_stem, join_labels, label_files, read_particles
from autoseg.images.calibration import calibrate
from autoseg.images.micrograph import Micrograph, ReadOptions
from autoseg.images.micrograph import read as read_micrograph
from autoseg.images.names import refuse_inputs
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.report import ReportOptions, report
from autoseg.segmentation.provenance import Provenance


def measure(
    labels: list[Path],
    /,
    *,
    output: Path,
    images: Path | None = None,
    kind: ParticleKind = "auto",
    read: Reading = ReadOptions(),
    reporting: Reporting = ReportOptions(),
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
    inputs = [image for _, image in pairs]
    refuse_inputs(result_paths(output, inputs), files)
    segmentations = (_segmentation(file, image, kind, read) for file, image in pairs)
    provenance = Provenance(labels=files, kind=kind, read=read)
    shown = progress(segmentations, len(pairs), "image")
    return tell(report(shown, output, reporting, inputs=inputs, provenance=provenance), as_json)


def _with_images(files: Sequence[Path], folder: Path) -> list[tuple[Path, Path]]:
    """Each label file and the images that it belongs to by name: one, or, for COCO, those that it tells of."""
    images = micrographs_in(folder)
    named = [(file, name) for file in files for name in by_stem([file])]
    alone = [f"{file} ({name})" for file, name in named if name not in images]
    if alone:
        problem = f"holds no image for {', '.join(alone)}"
        raise ImageError(problem, file=folder, advice="Name them alike; _labels before the ending does not matter.")
    return [(file, images[name]) for file, name in named]


def _segmentation(file: Path, image: Path, kind: ParticleKind, options: ReadOptions) -> Segmentation | AutosegError:
    """The labels with their micrograph, or what is wrong with them."""
    try:
        if image == file:
            labels = read_particles(file, kind)
            shown = np.where(labels > 0, np.uint8(255), np.uint8(0))
            note = "No micrograph was given: grey values and pictures are those of the mask."
            return Segmentation(labels, None, _calibrated(Micrograph(shown, path=file, notes=(note,)), file, options))
        micrograph = _calibrated(read_micrograph(image, options), file, options)
        labels = read_particles(file, kind, shape=micrograph.pixels.shape, name=next(iter(by_stem([image]))))
        return join_labels(labels, micrograph, file)
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
