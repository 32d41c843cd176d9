"""A picture of a micrograph with its classes in colour, their contours, a legend and a scale bar."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from PIL import Image
from pydantic import Field

from autoseg.heads import IGNORED, ClassLabel, class_colours
from autoseg.images.class_map import ClassMap
from autoseg.images.lettering import draw_legend, draw_scale_bar
from autoseg.images.overlay import find_contours, save_picture, to_grey
from autoseg.images.scale_bar import choose_scale_bar
from autoseg.options import Options


class ClassOverlayOptions(Options):
    """What an overlay of classes shows."""

    opacity: float = Field(0.45, ge=0, le=1)
    "Opacity of the classes' colours; the background has none."
    line_width: int | None = Field(None, ge=0, le=9)
    "Width of the contours in pixels, inside the classes; 0: none. Not set: 1, and 2 in images wider than 1500 pixels."
    legend: bool = True
    "Write the classes' names beside patches of their colours, unless the image is too small for it."
    scale_bar: bool = True
    "Draw a scale bar, unless the image is too small for it."
    saturated: float = Field(0.35, ge=0, lt=50)
    "Percentage of pixels made black, and made white, where the image is not 8 bits deep and is stretched."


def draw_class_overlay(class_map: ClassMap, options: ClassOverlayOptions = ClassOverlayOptions()) -> np.ndarray:
    """RGB picture, uint8, shape (rows, columns, 3); the background, and pixels of no known class, stay grey.

    >>> from autoseg.images.micrograph import Micrograph
    >>> legend = ClassLabel(name="background"), ClassLabel(name="grain", colour="#ff0000")
    >>> classes, image = np.diag([0, 1, 0]).astype(np.uint8), np.full((3, 3), 9, np.uint8)
    >>> draw_class_overlay(ClassMap(classes, None, legend, Micrograph(image)))[1].tolist()
    [[9, 9, 9], [255, 0, 0], [9, 9, 9]]
    """
    micrograph = class_map.micrograph
    return draw_classes(class_map.image, class_map.classes, class_map.legend, micrograph.pixel_size, options)


def write_class_overlay(
    path: str | os.PathLike[str], class_map: ClassMap, options: ClassOverlayOptions = ClassOverlayOptions()
) -> None:
    """Write the overlay in the format given by the ending of `path`, preferably .png; see `draw_class_overlay`."""
    save_picture(path, draw_class_overlay(class_map, options))


def draw_classes(
    image: np.ndarray,
    classes: np.ndarray,
    legend: Sequence[ClassLabel],
    pixel_size: float | None = None,
    options: ClassOverlayOptions = ClassOverlayOptions(),
) -> np.ndarray:
    """As `draw_class_overlay`, from a grey image and its classes, both (rows, columns); `pixel_size` is in nm."""
    colours = np.array(class_colours(legend), np.uint8)
    shown = np.where(classes == IGNORED, 0, classes)
    pixels = np.repeat(to_grey(image, options.saturated)[..., np.newaxis], 3, axis=2)
    tinted = shown > 0
    mixed = (1 - options.opacity) * pixels[tinted] + options.opacity * colours[shown[tinted]]
    pixels[tinted] = np.rint(mixed)
    if options.line_width != 0:
        line = find_contours(shown, options.line_width)
        pixels[line] = colours[shown[line]]
    picture = Image.fromarray(pixels)
    if options.legend:
        # The background stays grey and needs no patch.
        draw_legend(picture, list(zip(class_colours(legend), (one.name for one in legend), strict=True))[1:])
    if options.scale_bar:
        draw_scale_bar(picture, choose_scale_bar(shown.shape[1], pixel_size))
    return np.array(picture)
