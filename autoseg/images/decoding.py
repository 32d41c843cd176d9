"""From a file to the grey pixels of one page. The content decides the format; the header is checked first."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from tifffile import PHOTOMETRIC, TiffFile

from autoseg.errors import ImageError

# What tifffile finds odd about a file becomes our error or our note; without a handler it would print to the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_OTHERS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")
# Channels that carry the picture, by TIFF photometric interpretation and by Pillow's mode; one more may be alpha.
_TIFF_CHANNELS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
}
_PILLOW_CHANNELS = {"1": 1, "L": 1, "LA": 1, "I": 1, "I;16": 1, "P": 3, "RGB": 3, "RGBA": 3}
_FEW_BITS = ("1", "L", "P")  # modes of images that may have fewer than 8 bits
_PILLOW_LIMIT = threading.Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """One page of a file: grey pixels, shape (rows, columns), and what had to be done to get them."""

    pixels: np.ndarray
    page: int
    pages: int
    notes: tuple[str, ...]


def decode(path: Path, page: int | None, max_pixels: int, as_stored: bool = False) -> Picture:
    """Read page `page` (1 is the first; None: the first, and a note if there are more) as grey pixels.

    `as_stored`: the numbers in the file, without its palette, an inversion where white is 0, or a stretch of few bits.
    """
    try:
        start = _start(path)
        if start.startswith(_TIFF):
            return _decode_tiff(path, page, max_pixels, as_stored)
        if start.startswith(_OTHERS):
            return _decode_other(path, page, max_pixels, start, as_stored)
        raise ImageError("is not a TIFF, PNG, JPEG, BMP or GIF image", advice="Export it in one of these formats.")
    except ImageError as error:
        raise ImageError(error.problem, file=path, advice=error.advice) from None
    except MemoryError:
        raise ImageError("does not fit into the memory", file=path, advice="Export a smaller part of it.") from None
    except Exception as error:  # decoders fail in countless ways on damaged files
        raise _explained(error, path) from error


def _start(path: Path) -> bytes:
    """The first bytes of the file, which tell its format."""
    if not path.exists():
        raise ImageError("does not exist", advice="Check the name and the folder.")
    if not path.is_file():
        raise ImageError("is a folder or a device", advice="Give the name of an image file.")
    with path.open("rb") as stream:
        start = stream.read(32)
    if not start:
        raise ImageError("is empty", advice="Copy or export it again.")
    return start


def _explained(error: Exception, path: Path) -> ImageError:
    if isinstance(error, OSError) and error.errno is not None:
        return ImageError(f"cannot be read ({error.strerror})", file=path, advice="Check the file and its permissions.")
    if "imagecodecs" in str(error):
        advice = "Install imagecodecs (pip install imagecodecs), or save the image uncompressed, 8 or 16 bits deep."
        return ImageError("is compressed or packed in a way that needs one more package", file=path, advice=advice)
    return ImageError("is damaged, cut off or of an unknown kind", file=path, advice="Copy or export it again.")


def _decode_tiff(path: Path, wanted: int | None, max_pixels: int, as_stored: bool) -> Picture:
    notes: list[str] = []
    with TiffFile(path) as file:
        page: Any = file.pages.first
        stacked = _planes_without_pages(file)
        pages = stacked or len(file.pages)
        number = _chosen(wanted, pages, notes)
        if not stacked:
            page = file.pages[number - 1]
        _check_size((page.imagelength, page.imagewidth), max_pixels)
        _check_tiff(page)
        plane = _plane(file, page, number - 1) if stacked else page.asarray()
        pixels = _tiff_grey(page, plane, notes, as_stored)
    return Picture(_finished(pixels), number, pages, tuple(notes))


def _tiff_grey(page: Any, plane: np.ndarray, notes: list[str], as_stored: bool) -> np.ndarray:
    # Always (separate channels, 1, rows, columns, interleaved channels), and one of the two channel axes has length 1.
    samples = np.moveaxis(plane.reshape(page.shaped)[:, 0], 0, -1).reshape(page.imagelength, page.imagewidth, -1)
    kind = _photometric(page)
    pixels = _grey(samples, _TIFF_CHANNELS[kind], notes)
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
    if kind not in _TIFF_CHANNELS or page.samplesperpixel - _TIFF_CHANNELS[kind] not in (0, 1):
        name = getattr(kind, "name", kind)
        raise ImageError(f"has {page.samplesperpixel} channels of kind {name}", advice="Save it as grey or RGB.")
    if page.imagedepth > 1:
        raise ImageError("holds a volume in one page", advice="Save it as a stack of pages.")
    if page.dtype is not None and page.dtype.kind == "c":
        raise ImageError("holds complex numbers", advice="Save the magnitude, or the real part, of them.")
    complete = len(page.dataoffsets) >= np.prod(page.chunked) and all(page.dataoffsets) and all(page.databytecounts)
    if page.is_tiled:  # a tile at the edge may be short, so that only its place in the file shows that it was cut off
        end = page.parent.filehandle.size
        complete &= all(o + n <= end for o, n in zip(page.dataoffsets, page.databytecounts, strict=False))
    if not complete:
        raise ImageError("lacks a part of its pixels", advice="Copy or export it again.")


def _decode_other(path: Path, wanted: int | None, max_pixels: int, start: bytes, as_stored: bool) -> Picture:
    notes: list[str] = []
    with path.open("rb") as stream, _opened(stream) as file:
        with _pillow_limit_lifted():
            _check_size(file.properties(index=0).shape, max_pixels)
            pages = file.properties(index=...).n_images
            number = _chosen(wanted, pages, notes)
            _check_size(file.properties(index=number - 1).shape, max_pixels)  # a GIF can grow on the way
        header = file.metadata(index=number - 1)
        mode = header["mode"]
        if mode not in _PILLOW_CHANNELS:
            raise ImageError(f"has channels of kind {mode}", advice="Save it as grey or RGB.")
        wanted_mode = "RGBA" if mode == "P" and "transparency" in header else None
        samples = file.read(index=number - 1, mode="P" if mode == "P" and as_stored else wanted_mode)
    if start.startswith(b"\x89PNG") and start[24] == 16 and mode in ("LA", "RGB", "RGBA"):
        notes.append("16 bits per channel were reduced to 8; a 16-bit grey TIFF or PNG keeps them.")
    samples = samples.reshape(*samples.shape[:2], -1)
    if as_stored and mode in _FEW_BITS:
        return Picture(_finished(_stored(samples[..., 0], start)), number, pages, tuple(notes))
    return Picture(_finished(_grey(samples, _PILLOW_CHANNELS[mode], notes)), number, pages, tuple(notes))


def _stored(pixels: np.ndarray, start: bytes) -> np.ndarray:
    """The numbers in the file: Pillow stretches the greys of PNGs of 2 and 4 bits to 255."""
    few_bits = start.startswith(b"\x89PNG") and start[24] in (2, 4) and start[25] == 0
    return pixels.astype(np.uint8) // (255 // (2 ** start[24] - 1) if few_bits else 1)


@contextmanager
def _opened(stream: BinaryIO) -> Iterator[Any]:
    from imageio.v3 import imopen  # slow to import, and not needed for TIFF

    with _pillow_limit_lifted():
        file = imopen(stream, "r", plugin="pillow")
    with file:
        yield file


@contextmanager
def _pillow_limit_lifted() -> Iterator[None]:
    """Pillow has a pixel limit of its own, first a warning, then an error. Here `max_pixels` decides alone."""
    from PIL import Image

    with _PILLOW_LIMIT:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _chosen(wanted: int | None, pages: int, notes: list[str]) -> int:
    if wanted is None and pages > 1:
        notes.append(f"Page 1 of {pages} was read; choose another with page=2.")
    number = wanted or 1
    if number > pages:
        raise ImageError(f"has no page {number}", advice=f"Choose a page from 1 to {pages}.")
    return number


def _check_size(shape: tuple[int, ...], max_pixels: int) -> None:
    rows, columns = shape[:2]
    if rows * columns == 0:
        raise ImageError("has no pixels", advice="Export it again.")
    if rows * columns > max_pixels:
        problem = f"has {columns} x {rows} pixels, more than max_pixels = {max_pixels}"
        raise ImageError(problem, advice="Raise it if the image is really that large.")


def _through_palette(indices: np.ndarray, colours: np.ndarray, notes: list[str]) -> np.ndarray:
    """Grey values of an indexed image; `colours` holds red, green and blue as 16-bit numbers, shape (3, entries)."""
    if colours.shape[1] <= 256:  # 8-bit colours, which a few programs wrongly store without scaling them to 16 bits
        colours = (colours >> 8 if colours.max() > 255 else colours).astype(np.uint8)
    indices = indices.astype(np.uint8) if indices.dtype == bool else indices
    if np.ptp(colours, axis=0)[indices].any():
        notes.append("Colours were converted to grey (Rec. 601 luminance).")
    return _luminance(*colours)[indices]


def _grey(samples: np.ndarray, channels: int, notes: list[str]) -> np.ndarray:
    """One grey channel out of `channels` of the last axis."""
    if samples.shape[2] > channels:
        notes.append("The alpha channel was ignored.")
    if channels == 1:
        return samples[..., 0]
    red, green, blue = np.moveaxis(samples[..., :3], -1, 0)
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return red
    notes.append("Colours were converted to grey (Rec. 601 luminance).")
    return _luminance(red, green, blue)


def _luminance(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> np.ndarray:
    """Rec. 601 luminance in the channels' own type: rounded, never wrapped, and exact where the three are equal."""
    grey = np.float64(0.299) * red + np.float64(0.587) * green + np.float64(0.114) * blue
    return (grey if red.dtype.kind == "f" else np.rint(grey)).astype(red.dtype)


def _inverted(pixels: np.ndarray, bits: int) -> np.ndarray:
    if pixels.dtype.kind == "f":
        return -pixels
    return ~pixels if pixels.dtype.kind == "i" else pixels ^ pixels.dtype.type(2**bits - 1)


def _finished(pixels: np.ndarray) -> np.ndarray:
    """Contiguous, read-only pixels of a type that the rest of the package computes with."""
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise ImageError("holds values that are not finite (NaN or infinite)", advice="Replace them and save it again.")
    dtype = np.float32 if pixels.dtype == np.float16 else pixels.dtype.newbyteorder("=")
    pixels = np.ascontiguousarray(pixels, dtype)
    pixels.setflags(write=False)
    return pixels
