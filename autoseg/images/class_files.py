"""Class maps as TIFF files that show their colours in every program, and hold the names of their classes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tifffile import TiffFile

from autoseg.errors import AutosegError, ImageError, OptionsError
from autoseg.heads import IGNORED, ClassLabel, Head, class_colours
from autoseg.images.decoding import decode
from autoseg.images.labels import write_tiff
from autoseg.images.micrograph import ReadOptions

_KEY = "autoseg_classes="
_GREY = (128, 128, 128)  # of pixels that are not known, and of numbers that no class has
_JPEG = b"\xff\xd8\xff"


class ClassImage(NamedTuple):
    """What a file of a class map holds."""

    classes: np.ndarray
    "uint8, shape (rows, columns): the number of each pixel's class; 255 where it is not known."
    legend: tuple[ClassLabel, ...] | None
    "Names and colours of the classes; None where the file does not hold them."


def write_classes(
    path: str | os.PathLike[str], classes: np.ndarray, legend: Sequence[ClassLabel], pixel_size: float | None = None
) -> None:
    """Write class numbers, shape (rows, columns), as a TIFF of 8 bits with the classes' colours as its palette.

    Pixels of class 255, which are not known, are grey. Names and colours are a line of the description; `pixel_size`
    in nm goes into the tags as ImageJ writes it.

    >>> import tempfile
    >>> legend = (ClassLabel(name="background"), ClassLabel(name="grain", colour="#ff0000"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_classes(f"{folder}/a_classes.tif", np.array([[0, 1, 255]]), legend, pixel_size=7.344)
    ...     classes, names = read_classes(f"{folder}/a_classes.tif")
    >>> classes, names[1].name, names[1].colour
    (array([[  0,   1, 255]], dtype=uint8), 'grain', '#ff0000')
    """
    labels = Head(kind="classes", classes=tuple(legend)).classes
    classes = as_classes(classes, path)
    check_numbers(classes, len(labels), path)
    colours = class_colours(labels)
    palette = np.array([*colours, *[_GREY] * (IGNORED + 1 - len(colours))], np.uint16).T * np.uint16(257)
    told = [
        {"name": one.name, "colour": "#{:02x}{:02x}{:02x}".format(*colour)}
        for one, colour in zip(labels, colours, strict=True)
    ]
    write_tiff(path, classes, pixel_size, IGNORED, palette, note=_KEY + json.dumps(told))


def read_classes(path: str | os.PathLike[str]) -> ClassImage:
    """The class numbers in a file, and their names where it holds them, as files of `write_classes` do.

    TIFF and PNG of 8 bits, grey or with a palette, are read as the numbers that are stored; those of more bits, and
    whole numbers saved as float32, are taken if none is above 255. JPEGs, colours and stacks are refused.
    """
    path = Path(path)
    picture = decode(path, None, ReadOptions().max_pixels, as_stored=True)
    with path.open("rb") as file:
        if file.read(len(_JPEG)) == _JPEG:
            raise ImageError("is a JPEG, which blurs classes", file=path, advice="Export it anew as TIFF or PNG.")
    if any(note.startswith("Colours") for note in picture.notes):
        advice = "Export the number of each pixel's class as a grey image, or as one with a palette."
        raise ImageError("is a colour image, not class numbers", file=path, advice=advice)
    if picture.pages > 1:
        raise ImageError(f"has {picture.pages} pages", file=path, advice="Save the one that is the class map.")
    classes, legend = as_classes(picture.pixels, path), read_legend(path)
    if legend is not None:
        check_numbers(classes, len(legend), path)
    return ClassImage(classes, legend)


def check_numbers(classes: np.ndarray, count: int, path: str | os.PathLike[str] | None = None) -> None:
    """Refuse class numbers of `count` or more; 255, for unknown pixels, is accepted."""
    highest = int(classes[classes != IGNORED].max(initial=0))
    if highest >= count:
        problem = f"has pixels of class {highest}, but there are only {count} classes, 0 to {count - 1}"
        raise ImageError(problem, file=path, advice=f"Name all classes; {IGNORED} means that a pixel is not known.")


def as_classes(pixels: np.ndarray, path: str | os.PathLike[str] | None = None) -> np.ndarray:
    """Class numbers as uint8; any other values are refused."""
    if pixels.ndim != 2 or pixels.size == 0 or pixels.dtype.kind not in "uif":
        raise ImageError(f"a class map is an image of numbers, not {pixels.dtype} of shape {pixels.shape}", file=path)
    with np.errstate(invalid="ignore"):  # what is not finite becomes another number, and is refused
        classes = pixels.astype(np.uint8)
    if not np.array_equal(classes, pixels):
        problem = f"has values that are no class numbers: from {pixels.min()} to {pixels.max()}"
        raise ImageError(problem, file=path, advice="Classes are whole numbers from 0 to 254, or 255 for not known.")
    return classes


def read_legend(path: str | os.PathLike[str]) -> tuple[ClassLabel, ...] | None:
    """The names and colours of the classes in the description of a TIFF; None where there are none, or no such file."""
    told = _told(path)
    if told is None:
        return None
    try:
        return Head(kind="classes", classes=json.loads(told)).classes
    except (ValueError, OptionsError) as error:
        problem = error.problem if isinstance(error, AutosegError) else error
        raise ImageError(f"has a damaged legend ({problem})", file=path, advice="Write it anew.") from None


def carries_legend(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a class map written by autoseg, which holds the names of its classes."""
    return _told(path) is not None


def _told(path: str | os.PathLike[str]) -> str | None:
    try:
        with TiffFile(path) as file:
            lines = file.pages.first.description.splitlines()
    except Exception:  # no TIFF, or a damaged one, which reading its pixels will report
        return None
    return next((line.removeprefix(_KEY) for line in lines if line.startswith(_KEY)), None)
