"""Small pictures of results to be embedded in a page: together they stay below a limit."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from autoseg.images.class_map import ClassMap
from autoseg.images.class_overlay import ClassOverlayOptions, draw_classes
from autoseg.images.overlay import OverlayOptions, draw_overlay, to_grey
from autoseg.images.resizing import sampled
from autoseg.images.segmentation import Segmentation

_LARGEST, _SMALLEST = 1100, 160  # edge in pixels
_QUALITY = 82


class Thumbnails:
    """JPEG pictures in the order they were added; all of them shrink when their bytes exceed the limit.

    When they are as small as they can be, further ones are left out: `pictures` then holds None for these.
    """

    def __init__(self, limit: int = 9_000_000):
        self.pictures: list[bytes | None] = []
        self._limit, self._edge, self._bytes = limit, _LARGEST, 0

    def add(self, picture: bytes | None) -> None:
        """Take a picture as `encoded` makes it, or keep the place of one that is missing."""
        full = picture is None or self._edge == _LARGEST
        self._keep(picture if full else _jpeg(Image.open(io.BytesIO(picture or b"")), self._edge))
        while self._bytes > self._limit and self._edge > _SMALLEST:
            self._edge = max(_SMALLEST, int(self._edge * 0.8))
            smaller = [picture and _jpeg(Image.open(io.BytesIO(picture)), self._edge) for picture in self.pictures]
            self.pictures, self._bytes = [], 0
            for made in smaller:
                self._keep(made)
        if self._bytes > self._limit:
            self._bytes -= len(self.pictures[-1] or b"")
            self.pictures[-1] = None

    def _keep(self, picture: bytes | None) -> None:
        self.pictures.append(picture)
        self._bytes += len(picture or b"")


def encoded(picture: np.ndarray) -> bytes:
    """An RGB picture, uint8, shape (rows, columns, 3), as a JPEG file."""
    return _jpeg(Image.fromarray(picture), _LARGEST)


def draw_small_overlay(segmentation: Segmentation, options: OverlayOptions) -> np.ndarray:
    """The overlay of a segmentation, at most 1100 pixels wide or high, its contours as clear as in a large one."""
    grey = to_grey(segmentation.image, options.saturated)
    image, labels, pixel_size, bar = _smaller(grey, segmentation.labels, segmentation.micrograph.pixel_size)
    changed = options.changed(scale_bar=options.scale_bar and bar, line_width=2)
    return draw_overlay(image, labels, pixel_size, changed)


def draw_small_classes(class_map: ClassMap, options: ClassOverlayOptions) -> np.ndarray:
    """The overlay of a class map, at most 1100 pixels wide or high; see `draw_small_overlay`.

    Where the image was changed before, as it was recorded stands to the left.
    """
    grey = to_grey(class_map.image, options.saturated)
    image, classes, pixel_size, bar = _smaller(grey, class_map.classes, class_map.micrograph.pixel_size)
    changed = options.changed(scale_bar=options.scale_bar and bar)
    picture = draw_classes(image, classes, class_map.legend, pixel_size, changed)
    if class_map.recorded is None:
        return picture
    recorded = cv2.resize(to_grey(class_map.recorded), picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    return np.hstack([np.repeat(recorded[..., np.newaxis], 3, axis=2), np.full_like(picture[:, :8], 255), picture])


def _smaller(
    image: np.ndarray, numbers: np.ndarray, pixel_size: float | None
) -> tuple[np.ndarray, np.ndarray, float | None, bool]:
    """A grey image, the numbers of its pixels and their size for a small picture, and whether a scale bar is true."""
    factor = max(image.shape) / _LARGEST
    if factor <= 1:
        return image, numbers, pixel_size, True
    rows, columns = (max(1, round(length / factor)) for length in image.shape)
    numbers = sampled(numbers, (rows, columns))
    shrunk = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    # A scale bar in pixels would count the small picture's pixels.
    return shrunk, numbers, pixel_size and pixel_size * image.shape[1] / columns, pixel_size is not None


def _jpeg(picture: Image.Image, edge: int) -> bytes:
    picture = picture.copy()
    picture.thumbnail((edge, edge))
    stream = io.BytesIO()
    picture.convert("RGB").save(stream, "JPEG", quality=_QUALITY, subsampling=0)  # thin lines keep their colours
    return stream.getvalue()
