"""From a file to the grey pixels, or heights, of one page. The content tells the format, and a reader reads it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from autoseg.errors import ImageError
from autoseg.images.ome_zarr import is_zarr
from autoseg.images.readers import FAMILIES, ome_zarr
from autoseg.images.readers.family import Direction, Family, Wanted, first_bytes
from autoseg.images.readers.picture import MissingPageError, Picture


def decode(
    path: Path,
    page: int | None,
    max_pixels: int,
    as_stored: bool = False,
    *,
    channel: str | None = None,
    direction: Direction = "forward",
) -> Picture:
    """Read page `page` (1 is the first; None: the first, and a note if there are more) as grey pixels.

    `as_stored`: the numbers in the file, which a palette, white as 0, or few bits would else turn into grey values.
    `channel` and `direction` choose from the channels of a scan.
    """
    try:
        family = ome_zarr.FAMILY if is_zarr(path) else _family(path, first_bytes(path))
        picture = family.read(path, Wanted(page, max_pixels, as_stored, channel, direction))
        if family.scan or (channel is None and direction == "forward"):
            return picture
        return replace(picture, notes=(*picture.notes, "It is no scan, so that channel and direction were not used."))
    except MissingPageError as error:
        raise MissingPageError(error.number, error.pages, path) from None
    except ImageError as error:
        raise ImageError(error.problem, file=path, advice=error.advice) from None
    except MemoryError:
        raise ImageError("does not fit into the memory", file=path, advice="Export a smaller part of it.") from None
    except Exception as error:  # decoders fail in countless ways on damaged files
        raise _explained(error, path) from error


def count_pages(path: Path, max_pixels: int) -> int:
    """How many pages a file has, by asking for one that none has: no pixels are read, so they may be damaged."""
    try:
        return decode(path, sys.maxsize, max_pixels).pages
    except MissingPageError as error:
        return error.pages


def _family(path: Path, start: bytes) -> Family:
    """The family of formats that the content belongs to."""
    for family in FAMILIES:
        if family.holds(path, start):
            return family
    *names, last = dict.fromkeys(name for family in FAMILIES for name in family.name.split(", "))
    problem = f"is not a {', '.join(names)} or {last} image"
    raise ImageError(problem, advice="Export it in one of these formats.")


def _explained(error: Exception, path: Path) -> ImageError:
    if isinstance(error, OSError) and error.errno is not None:
        return ImageError(f"cannot be read ({error.strerror})", file=path, advice="Check the file and its permissions.")
    if "imagecodecs" in str(error):
        advice = "Run: pip install 'autoseg[codecs]', or save the image uncompressed, 8 or 16 bits deep."
        return ImageError("is compressed or packed in a way that needs one more package", file=path, advice=advice)
    return ImageError("is damaged, cut off or of an unknown kind", file=path, advice="Copy or export it again.")
