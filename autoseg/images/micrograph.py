"""Micrograph: a grey image with what is known about it, and the function that reads it from a file."""

from __future__ import annotations

import dataclasses
import logging
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
from pydantic import AfterValidator, Field

from autoseg.errors import ImageError, OptionsError
from autoseg.images.calibration import Calibration, calibrate
from autoseg.images.decoding import decode
from autoseg.images.info_bar import find_info_bar
from autoseg.images.pages import Pages, page_of
from autoseg.images.readers.family import Direction
from autoseg.images.readers.picture import Picture
from autoseg.images.scale_bar import parse_length
from autoseg.options import Options

_log = logging.getLogger("autoseg")
_NO_BAR = "such a file has none"
_AGREE = 0.03
"So far may a scale bar be from the metadata: it is drawn in whole pixels."


def _is_length(text: str) -> str:
    parse_length(text)
    return text


class ReadOptions(Options):
    """How a micrograph is read from a file."""

    page: Pages | None = None
    """Page (slice, frame) to read, counted from 1 as in ImageJ. Not set: the first one. Where many images are worked
    on, all, or a range, such as 3-10: each is an image of its own."""
    pixel_size: float | None = Field(None, gt=0, le=1e6)
    "Edge length of a pixel in nm. Not set: what the file's metadata say, if anything."
    scale_bar: Annotated[str, AfterValidator(_is_length)] | None = None
    "What the scale bar drawn into the image stands for, such as 200 nm; its pixels are counted."
    info_bar: Literal["auto", "none"] | Annotated[int, Field(ge=1)] = "auto"
    "Row where the info bar begins, counted from 0; auto: ask the metadata, then look for it; none: there is no bar."
    max_pixels: int = Field(500_000_000, ge=1)
    "Images with more pixels are refused before they are decoded."
    channel: str | None = None
    "Channel of a scanning-probe file, by its name there. Not set: the topography, or the current where it is flat."
    direction: Direction = "forward"
    "Direction in which the lines of a scanning-probe file were scanned."

    @pydantic.model_validator(mode="after")
    def _one_size(self) -> ReadOptions:
        if self.pixel_size is not None and self.scale_bar is not None:
            raise ValueError('"pixel_size" and "scale_bar" tell the same: give one of them')
        return self


@dataclasses.dataclass(frozen=True, eq=False)
class Micrograph:
    """A grey image, shape (rows, columns), in the depth it was recorded with, and what is known about it.

    >>> micrograph = Micrograph(np.zeros((768, 1024), np.uint8), pixel_size=7.344, info_bar=712)
    >>> micrograph.field.shape
    (712, 1024)
    """

    pixels: np.ndarray = dataclasses.field(repr=False)
    pixel_size: float | None = None
    "Edge length of a pixel in nm, None where it is not known."
    pixel_size_source: str = "no calibration found"
    info_bar: int | None = None
    "Row where the info bar begins, None where there is none."
    info_bar_source: str = "none found"
    path: Path | None = None
    page: int = 1
    pages: int = 1
    notes: tuple[str, ...] = ()
    "What a user should know about how the file was read, in sentences."
    unit: str | None = None
    "Unit of the pixels' values: nm where they are heights, None where they are grey values."
    channels: tuple[str, ...] = ()
    "Names of the channels of a scan, one of which was read; empty where the file is none."

    def __post_init__(self) -> None:
        """Refuse what is not one grey image."""
        if self.pixels.ndim != 2:
            problem = f"a micrograph has rows and columns, and this array has {self.pixels.ndim} dimensions"
            raise ImageError(problem, file=self.path, advice="Give one grey image.")

    @property
    def field(self) -> np.ndarray:
        """The field of view: the pixels above the info bar, a view of shape (rows, columns)."""
        return self.pixels[: self.info_bar]

    @property
    def name(self) -> str:
        """The file's name, for tables and titles."""
        return self.path.name if self.path else "micrograph"


def read(path: str | os.PathLike[str], options: ReadOptions | None = None, **changes: Any) -> Micrograph:
    """Read an image or a scanning-probe file; options can be given as an object, by name, or both.

    >>> import tempfile, tifffile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tifffile.imwrite(f"{folder}/a.tif", np.full((600, 800), 7, np.uint16))
    ...     micrograph = read(f"{folder}/a.tif", pixel_size=2.5)
    >>> micrograph.pixels.shape, micrograph.pixel_size, micrograph.pixel_size_source
    ((600, 800), 2.5, 'given')
    """
    options = (options or ReadOptions()).changed(**changes)
    one = None if isinstance(options.page, str) else options.page
    number = one if page_of(path) is None else page_of(path)
    path = Path(path)
    picture = decode(path, number, options.max_pixels, channel=options.channel, direction=options.direction)
    if number is None and isinstance(options.page, str) and picture.pages > 1:
        problem = f'has {picture.pages} pages, of which one is read at a time, and not "{options.page}"'
        raise OptionsError(problem, file=path, advice="Give its number.")
    calibration = _calibration(picture, path)
    size, size_source = calibration.pixel_size, calibration.pixel_size_source
    told: list[str] = []
    if options.pixel_size is not None:
        size, size_source = options.pixel_size, "given"
    elif options.scale_bar is not None or (size is None and picture.scale is None):
        size, size_source, told = _by_scale_bar(picture.pixels, options.scale_bar, calibration, path)
    bar, bar_source = _info_bar(picture.pixels, options, calibration, path)
    notes = (*picture.notes, *calibration.notes, *told)
    for note in notes:
        _log.info("%s: %s", path, note)
    unit, channels = (picture.scale.unit, picture.scale.channels) if picture.scale else (None, ())
    page, pages = picture.page, picture.pages
    return Micrograph(picture.pixels, size, size_source, bar, bar_source, path, page, pages, notes, unit, channels)


def _calibration(picture: Picture, path: Path) -> Calibration:
    """What a scan says of itself; the metadata of other files are searched."""
    if picture.scale is None:
        return calibrate(path, picture.pixels.shape)
    return Calibration(picture.scale.pixel_size, picture.scale.pixel_size_source, None, _NO_BAR, ())


def _by_scale_bar(
    pixels: np.ndarray, length: str | None, calibration: Calibration, path: Path
) -> tuple[float | None, str, list[str]]:
    """The pixel size in nm by the scale bar in the image, how it is known, and what there is to be said of it."""
    from autoseg.images.burnt_in import find_scale_bar  # slow to import

    size, source, bar = calibration.pixel_size, calibration.pixel_size_source, find_scale_bar(pixels)
    if length is None:
        note = "A scale bar of {0.length:.1f} px lies at row {0.row}; its length would give the pixel size."
        return size, source, [note.format(bar)] if bar else []
    if bar is None:
        advice = "Measure it in pixels, and give the pixel size."
        raise ImageError("shows no scale bar: none that is straight, black or white", file=path, advice=advice)
    found = parse_length(length) / bar.length
    differs = size is not None and abs(found / size - 1) > _AGREE
    source = f"scale bar: {bar.length:.1f} px are {length}"
    return found, source, [f"By its metadata, a pixel has {size:.4g} nm."] if differs else []


def _info_bar(pixels: np.ndarray, options: ReadOptions, calibration: Calibration, path: Path) -> tuple[int | None, str]:
    """The row where the info bar begins, and how it is known."""
    if options.info_bar == "none":
        return None, "switched off"
    if options.info_bar != "auto":
        if options.info_bar >= len(pixels):
            problem = f"has {len(pixels)} rows, so that no info bar can begin at row {options.info_bar}"
            raise ImageError(problem, file=path, advice="Give a smaller info_bar.")
        return options.info_bar, "given"
    if calibration.info_bar is not None or calibration.info_bar_source == _NO_BAR:
        return calibration.info_bar, calibration.info_bar_source
    found = find_info_bar(pixels)
    return found, "none found" if found is None else "found in the image"
