"""TIFF files, with tifffile: 1 to 32 bit, float, palette, colour, pages and the stacks of ImageJ."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from tifffile import PHOTOMETRIC, TiffFile

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted
from autoseg.images.readers.picture import Picture, check_size, chosen_page, finished, grey, luminance, refuse_complex

# What tifffile finds odd about a file becomes our error or our note; without a handler it would print to the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

# Channels that carry the picture, by photometric interpretation; one more may be alpha.
_CHANNELS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
}


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one page of a TIFF file as grey pixels."""
    notes: list[str] = []
    with TiffFile(path) as file:
        page: Any = file.pages.first
        stacked = _planes_without_pages(file)
        pages = stacked or len(file.pages)
        number = chosen_page(wanted.page, pages, notes)
        if not stacked:
            page = file.pages[number - 1]
        check_size((page.imagelength, page.imagewidth), wanted.max_pixels)
        _check_tiff(page)
        plane = _plane(file, page, number - 1) if stacked else page.asarray()
        pixels = _tiff_grey(page, plane, notes, wanted.as_stored)
    return Picture(finished(pixels), number, pages, tuple(notes))


def _tiff_grey(page: Any, plane: np.ndarray, notes: list[str], as_stored: bool) -> np.ndarray:
    # Always (separate channels, 1, rows, columns, interleaved channels), and one of the two channel axes has length 1.
    samples = np.moveaxis(plane.reshape(page.shaped)[:, 0], 0, -1).reshape(page.imagelength, page.imagewidth, -1)
    kind = _photometric(page)
    pixels = grey(samples, _CHANNELS[kind], notes)
    if as_stored:
        return pixels.astype(np.uint8) if pixels.dtype == bool else pixels
    if kind == PHOTOMETRIC.PALETTE:
        return _through_palette(pixels, page.colormap, notes)
    if kind == PHOTOMETRIC.MINISWHITE:
        notes.append("The values were inverted, because the file stores white as 0.")
        return _inverted(pixels, page.bitspersample)
    return pixels


def _photometric(page: Any) -> Any:
    return page.photometric if "PhotometricInterpretation" in page.tags else PHOTOMETRIC.MINISBLACK


def _planes_without_pages(file: TiffFile) -> int:
    """How many planes lie behind one another after a single TIFF page, as ImageJ stores stacks; else 0."""
    page = file.pages.first
    if len(file.pages) > 1 or file.is_ome or not page.is_final or page.size == 0:
        return 0
    planes = file.series[0].size // page.size
    return planes if planes > 1 else 0


def _plane(file: TiffFile, page: Any, index: int) -> np.ndarray:
    dtype = file.byteorder + page.dtype.char
    return file.filehandle.read_array(dtype, page.size, offset=page.dataoffsets[0] + index * page.nbytes)


def _check_tiff(page: Any) -> None:
    """Refuse what is no grey or colour image, and what tifffile would fill up with zeros."""
    kind = _photometric(page)
    if kind not in _CHANNELS or page.samplesperpixel - _CHANNELS[kind] not in (0, 1):
        name = getattr(kind, "name", kind)
        raise ImageError(f"has {page.samplesperpixel} channels of kind {name}", advice="Save it as grey or RGB.")
    if page.imagedepth > 1:
        raise ImageError("holds a volume in one page", advice="Save it as a stack of pages.")
    if page.dtype is not None:
        refuse_complex(page.dtype)
    complete = len(page.dataoffsets) >= np.prod(page.chunked) and all(page.dataoffsets) and all(page.databytecounts)
    if page.is_tiled:  # a tile at the rim may be short, so that only its place in the file tells that it was cut off
        end = page.parent.filehandle.size
        complete &= all(o + n <= end for o, n in zip(page.dataoffsets, page.databytecounts, strict=False))
    if not complete:
        raise ImageError("lacks a part of its pixels", advice="Copy or export it again.")


def _through_palette(indices: np.ndarray, colours: np.ndarray, notes: list[str]) -> np.ndarray:
    """Grey values of an indexed image; `colours` holds red, green and blue as 16-bit numbers, shape (3, entries)."""
    if colours.shape[1] <= 256:  # 8-bit colours, which few programs wrongly store without scaling them to 16 bits
        colours = (colours >> 8 if colours.max() > 255 else colours).astype(np.uint8)
    indices = indices.astype(np.uint8) if indices.dtype == bool else indices
    if np.ptp(colours, axis=0)[indices].any():
        notes.append("Colours were converted to grey (Rec. 601 luminance).")
    return luminance(*colours)[indices]


def _inverted(pixels: np.ndarray, bits: int) -> np.ndarray:
    if pixels.dtype.kind == "f":
        return -pixels
    return ~pixels if pixels.dtype.kind == "i" else pixels ^ pixels.dtype.type(2**bits - 1)


FAMILY = Family(
    name="TIFF",
    endings=(".tif", ".tiff"),
    starts=(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    read=read,
)
