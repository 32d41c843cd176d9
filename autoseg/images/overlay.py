"""A picture of a micrograph with the particles' contours, their numbers and a scale bar."""

from __future__ import annotations

import os
from typing import Any

import cv2
import numpy as np
from PIL import Image
from pydantic import Field
from scipy import ndimage

from autoseg.errors import AutosegError
from autoseg.files import written_whole
from autoseg.images.colours import PALETTE, choose_colours
from autoseg.images.distance import distance_inside
from autoseg.images.labels import as_labels
from autoseg.images.lettering import draw_scale_bar, draw_text, load_font
from autoseg.images.scale_bar import choose_scale_bar
from autoseg.options import Options

_SETTINGS: dict[str, dict[str, Any]] = {".png": {"compress_level": 3}}  # 6 takes thrice as long, for larger files


class OverlayOptions(Options):
    """What an overlay shows."""

    line_width: int | None = Field(None, ge=1, le=9)
    "Width of the contours in pixels, inside the particles. Not set: 1, and 2 in images wider than 1500 pixels."
    fill: float = Field(0.0, ge=0, le=1)
    "Opacity of the particles' colour inside the contours."
    numbers: bool = False
    "Write each particle's label onto it."
    scale_bar: bool = True
    "Draw a scale bar, unless the image is too small for it."
    saturated: float = Field(0.35, ge=0, lt=50)
    "Percentage of pixels made black, and made white, where the image is not 8 bits deep and is stretched."


def draw_overlay(
    image: np.ndarray,
    labels: np.ndarray,
    pixel_size: float | None = None,
    options: OverlayOptions = OverlayOptions(),
) -> np.ndarray:
    """RGB picture, uint8, shape (rows, columns, 3), of a grey image and its labels, both (rows, columns).

    8-bit images are shown as they are, others stretched between two percentiles. `pixel_size` in nm is for the scale
    bar, which is in pixels without it.

    >>> draw_overlay(np.full((3, 3), 9, np.uint8), np.diag([0, 1, 0]))[1].tolist()
    [[9, 9, 9], [86, 180, 233], [9, 9, 9]]
    """
    labels = as_labels(labels)
    if image.shape != labels.shape:
        problem = f"labels of shape {labels.shape} do not belong to an image of shape {image.shape}"
        raise AutosegError(problem, advice="Give the field of view without its info bar.")
    colours = PALETTE[choose_colours(labels)]
    inside, line = labels > 0, find_contours(labels, options.line_width)
    pixels = np.repeat(to_grey(image, options.saturated)[..., np.newaxis], 3, axis=2)
    if options.fill:
        pixels[inside] = np.rint((1 - options.fill) * pixels[inside] + options.fill * colours[labels[inside]])
    pixels[line] = colours[labels[line]]
    picture = Image.fromarray(pixels)
    if options.numbers:
        _draw_numbers(picture, labels)
    if options.scale_bar:
        draw_scale_bar(picture, choose_scale_bar(labels.shape[1], pixel_size))
    return np.array(picture)


def write_overlay(
    path: str | os.PathLike[str],
    image: np.ndarray,
    labels: np.ndarray,
    pixel_size: float | None = None,
    options: OverlayOptions = OverlayOptions(),
) -> None:
    """Write the overlay in the format given by the ending of `path`, preferably .png; see `draw_overlay`."""
    save_picture(path, draw_overlay(image, labels, pixel_size, options))


def save_picture(path: str | os.PathLike[str], picture: np.ndarray) -> None:
    """Write an RGB picture, uint8, shape (rows, columns, 3), in the format given by the ending of `path`."""
    with written_whole(path) as partial:
        try:
            Image.fromarray(picture).save(partial, **_SETTINGS.get(partial.suffix.lower(), {}))
        except ValueError as error:
            raise AutosegError("is no name of a picture", file=path, advice="Let it end in .png.") from error


def to_grey(image: np.ndarray, saturated: float = 0.35) -> np.ndarray:
    """The image in 8 bits for display: stretched so that this percentage of pixels is black, and as much white."""
    if image.dtype == np.uint8:
        return image
    image = image.astype(np.float64)
    black, white = np.percentile(image, [saturated, 100 - saturated])
    if black == white:  # all but a few pixels are equal
        black, white = image.min(), image.max()
    if black == white:
        return np.full(image.shape, 128, np.uint8)
    return np.rint((image.clip(black, white) - black) / (white - black) * 255).astype(np.uint8)


def find_contours(labels: np.ndarray, width: int | None = None) -> np.ndarray:
    """The particles' pixels that are closer than `width` to another particle, the background or the image's edge.

    Without a width it is 1, and 2 in images wider than 1500 pixels.
    """
    width = width or (2 if labels.shape[1] > 1500 else 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    field = labels.astype(np.float64)  # OpenCV has no uint32 here
    different = cv2.morphologyEx(field, cv2.MORPH_GRADIENT, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return (different > 0) & (labels > 0)


def _draw_numbers(picture: Image.Image, labels: np.ndarray) -> None:
    """Each label at the innermost point of its particle, because the centre of mass can lie outside."""
    font = load_font(max(9, picture.width // 80))
    present = np.unique(labels[labels > 0])
    inside = (labels > 0) & ~find_contours(labels, 1)
    depth = distance_inside(inside)
    for label, (row, column) in zip(present, ndimage.maximum_position(depth, labels, present), strict=True):
        draw_text(picture, (column, row), str(label), font, "mm")
