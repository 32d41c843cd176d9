"""PNG, JPEG, BMP and GIF files, with Pillow through imageio."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.readers.family import Family, Wanted, first_bytes
from autoseg.images.readers.picture import Picture, check_size, chosen_page, finished, grey

# Channels that carry the picture, by Pillow's mode; one more may be alpha.
_CHANNELS = {"1": 1, "L": 1, "LA": 1, "I": 1, "I;16": 1, "P": 3, "RGB": 3, "RGBA": 3}
_FEW_BITS = ("1", "L", "P")  # modes of images that may have fewer than 8 bits
_PILLOW_LIMIT = threading.Lock()


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one page or frame as grey pixels."""
    notes: list[str] = []
    start = first_bytes(path)
    with path.open("rb") as stream, _opened(stream) as file:
        with _pillow_limit_lifted():
            check_size(file.properties(index=0).shape, wanted.max_pixels)
            pages = file.properties(index=...).n_images
            number = chosen_page(wanted.page, pages, notes)
            check_size(file.properties(index=number - 1).shape, wanted.max_pixels)  # a GIF can grow on the way
        header = file.metadata(index=number - 1)
        mode = header["mode"]
        if mode not in _CHANNELS:
            raise ImageError(f"has channels of kind {mode}", advice="Save it as grey or RGB.")
        wanted_mode = "RGBA" if mode == "P" and "transparency" in header else None
        samples = file.read(index=number - 1, mode="P" if mode == "P" and wanted.as_stored else wanted_mode)
    if start.startswith(b"\x89PNG") and start[24] == 16 and mode in ("LA", "RGB", "RGBA"):
        notes.append("16 bits per channel were reduced to 8; a 16-bit grey TIFF or PNG keeps them.")
    samples = samples.reshape(*samples.shape[:2], -1)
    if wanted.as_stored and mode in _FEW_BITS:
        return Picture(finished(_stored(samples[..., 0], start)), number, pages, tuple(notes))
    return Picture(finished(grey(samples, _CHANNELS[mode], notes)), number, pages, tuple(notes))


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


FAMILY = Family(
    name="PNG, JPEG, BMP, GIF",
    endings=(".png", ".jpg", ".jpeg", ".bmp", ".gif"),
    starts=(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM"),
    read=read,
)
