"""Label images, masks, outlines and class maps, from any program: found, matched by name, and read."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from autoseg.errors import ImageError, enumerate_briefly
from autoseg.evaluation.labels import label
from autoseg.images.cellpose import is_cellpose, read_cellpose
from autoseg.images.class_files import carries_legend
from autoseg.images.folders import images_in
from autoseg.images.labels import read_labels
from autoseg.images.micrograph import Micrograph
from autoseg.images.outlines import COCO, GEOJSON, ROIS, coco_images, holds_outlines, read_outlines
from autoseg.images.pages import Page
from autoseg.images.segmentation import Segmentation, numbered

ParticleKind = Literal["auto", "labels", "masks"]
Kind = Literal[ParticleKind, "classes"]

_LABELS, _CLASSES = "_labels", "_classes"
PROGRAMS = ("_cp_masks", "_masks", "_mask", "_seg", "_rois")
"How other programs end the names of labels and masks."
_SUFFIXES = (_LABELS, "_label_stack", "_roi_stack", _CLASSES, *PROGRAMS)
_LOSSY = {".jpg", ".jpeg"}


def label_files(folder: Path, classes_first: bool = False) -> list[Path]:
    """The files NAME_labels of a folder, else the files NAME_classes, else those of one other ending, else its images.

    A folder without images may hold zip files of ROIs, GeoJSON or cellpose's NAME_seg.npy. A COCO file tells of many
    images: it is given by itself.
    """
    files = [*drawn_in(folder, (ROIS, GEOJSON))]
    try:
        files = sorted([*images_in(folder), *files])
    except ImageError:
        if not files:
            raise
    first = (_CLASSES, _LABELS) if classes_first else (_LABELS, _CLASSES)
    called = ([file for file in files if file.stem.endswith(suffix)] for suffix in (*first, *PROGRAMS))
    images = [file for file in files if not is_drawn(file)]
    return next(filter(None, called), images or files)


def is_drawn(path: Path) -> bool:
    """Whether a file holds what is not an image, but can be read as labels."""
    return holds_outlines(path) or is_cellpose(path)


def drawn_in(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """The files of a folder with these endings, and cellpose's, by name; hidden ones are left out."""
    files = sorted(path for path in folder.glob("*") if path.is_file() and not path.name.startswith("."))
    return [path for path in files if path.suffix.lower() in endings or is_cellpose(path)]


def without_suffix(stem: str) -> str:
    """The name of the image that labels or classes belong to.

    >>> without_suffix("a_labels"), without_suffix("a_classes"), without_suffix("a_cp_masks"), without_suffix("a")
    ('a', 'a', 'a', 'a')
    """
    return next((stem.removesuffix(suffix) for suffix in _SUFFIXES if stem.endswith(suffix)), stem)


def names_told(path: Path) -> list[str]:
    """The names of the images that a file tells of: one, which is its own, or those in a COCO file."""
    if path.suffix.lower() == COCO:
        return coco_images(path)
    return [without_suffix(unicodedata.normalize("NFC", path.stem))]


def by_stem(paths: Sequence[Path]) -> dict[str, Path]:
    """The files by the names of their images; two of one name are refused.

    >>> by_stem([Path("a_labels.tif"), Path("b.png")])["a"].name
    'a_labels.tif'
    """
    found: dict[str, Path] = {}
    for path in paths:
        for stem in names_told(path):
            if stem in found:
                problem = f"has the same name as {found[stem]}" if path != found[stem] else f'names "{stem}" twice'
                raise ImageError(problem, file=path, advice="Rename or remove one of them.")
            found[stem] = path
    return found


def read_particles(
    path: Path | Page,
    kind: ParticleKind = "auto",
    rows: int | None = None,
    shape: tuple[int, int] | None = None,
    name: str = "",
) -> np.ndarray:
    """Labels, shape (rows, columns), numbered in reading order, of any file that tells them; of its first `rows` only.

    Of a stack, a page is read.
    Outlines need the `shape` of their image, and COCO its `name`, where the file tells of several. The regions of a
    mask are its particles; those that share only a corner are two. Without being told, an image with one value beside
    0 is a mask.
    """
    source, path = path, Path(path)
    if path.suffix.lower() in _LOSSY:
        problem = "is a JPEG, which blurs labels and masks"
        raise ImageError(problem, file=path, advice="Export it anew as TIFF or PNG.")
    if is_drawn(path):
        if kind == "masks":
            raise ImageError("holds particles, and is no mask", file=path, advice="Leave out --kind.")
        return numbered((read_cellpose(path) if is_cellpose(path) else read_outlines(path, shape, name))[:rows])
    if kind == "auto" and (path.stem.endswith(_CLASSES) or carries_legend(path)):
        advice = "If its numbers are particles all the same, say so: --kind labels, or masks."
        raise ImageError("is a class map by its name, or names classes", file=path, advice=advice)
    labels = read_labels(source)[:rows]  # before regions are found: what is below may join them
    values = np.unique(labels[labels > 0])
    if kind == "masks" and len(values) > 1:
        problem = f"has {len(values)} values beside 0, so it is no mask"
        raise ImageError(problem, file=path, advice="Leave out --kind, or threshold it before.")
    return numbered(label(labels) if kind != "labels" and len(values) == 1 else labels)


def pair_up(
    predicted: Path, true: Path, only_common: bool = False, kind: Kind = "auto"
) -> dict[str, tuple[Path, Path]]:
    """Two files, or the files of two folders with the same name, by that name; files without a partner are refused.

    A COCO file stands for a folder, if it tells of several images, or the other side is one. Of a folder with both
    labels and class maps, the class maps are taken for the kind `classes`, else the labels.
    """
    sides = predicted, true
    if not any(path.is_dir() or len(names_told(path)) > 1 for path in sides):
        return {next(iter(by_stem([predicted]))): sides}
    if not all(path.is_dir() or path.suffix.lower() == COCO for path in sides):
        problem = f"is a {'folder' if predicted.is_dir() else 'file'}, but {true} is not"
        if predicted.is_dir() == true.is_dir():
            problem = f"tells of {len(names_told(predicted))} images, but {true} of {len(names_told(true))}"
        raise ImageError(problem, file=predicted, advice="Give two files, or two folders.")
    found = _files_of(predicted, kind == "classes")
    classes_first = kind == "classes" or all(file.stem.endswith(_CLASSES) for file in found)
    ours, theirs = by_stem(found), by_stem(_files_of(true, classes_first))
    alone = [ours.get(stem) or theirs[stem] for stem in sorted(ours.keys() ^ theirs.keys())]
    common = {stem: (path, theirs[stem]) for stem, path in ours.items() if stem in theirs}
    if not common or (alone and not only_common):
        advice = "Name them alike; _labels or _classes before the ending does not matter."
        advice += " To leave out what has no partner, add --only-common." if common else ""
        raise ImageError(f"no partner for {enumerate_briefly(alone)}", advice=advice)
    return common


def read_pair(
    predicted: Path, true: Path, kind: ParticleKind, rows: int | None, name: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of one shape from two files, of the image of this name; with the first `rows` only if given.

    Outlines are of the shape of the other one. Rows that only one of them has at its bottom, where an info bar was, do
    no harm as long as they are empty.
    """
    paths = predicted, true
    sized = [path for path in paths if not _tells_no_shape(path)]
    shape = read_particles(sized[0], kind, name=name).shape if len(sized) == 1 else None
    ours, theirs = (read_particles(path, kind, rows, shape, name) for path in paths)
    return cut_alike(ours, theirs, paths)


def _files_of(side: Path, classes_first: bool) -> list[Path]:
    return label_files(side, classes_first) if side.is_dir() else [side]


def _tells_no_shape(path: Path) -> bool:
    return holds_outlines(path) and path.suffix.lower() != COCO


def join_labels(labels: np.ndarray, micrograph: Micrograph, file: Path) -> Segmentation:
    """The labels of a file with their micrograph, whose info bar begins where they end.

    Those as high as the whole image may have nothing on its info bar.
    """
    rows, columns = micrograph.pixels.shape
    if labels.shape == (rows, columns) and not labels[micrograph.info_bar or rows :].any():
        labels = labels[: micrograph.info_bar]
    if labels.shape[1] != columns or len(labels) > rows:
        problem = f"has {_size(labels)} pixels, but {micrograph.path} has {columns} x {rows}"
        raise ImageError(problem, file=file, advice="Both must show the same part of the image.")
    bar = len(labels) if len(labels) < rows else None
    return Segmentation(labels, None, dataclasses.replace(micrograph, info_bar=bar))


def cut_alike(
    ours: np.ndarray, theirs: np.ndarray, files: tuple[Path, Path], empty: Sequence[int] = (0,)
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that two images have in common; refuse those that hold more than the `empty` values below them."""
    common = min(len(ours), len(theirs))
    crowded = not all(np.isin(image[common:], empty).all() for image in (ours, theirs))
    if ours.shape[1] != theirs.shape[1] or crowded:
        problem = f"has {_size(ours)} pixels, but {files[1]} has {_size(theirs)}"
        if ours.shape[1] == theirs.shape[1]:
            advice = f"To compare only what lies above the info bar of one of them, add --rows {common}."
        else:
            advice = "Both must show the same part of the image."
        raise ImageError(problem, file=files[0], advice=advice)
    return ours[:common], theirs[:common]


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"
