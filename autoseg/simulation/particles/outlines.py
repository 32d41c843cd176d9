"""Outlines of single particles: out of example images, for a network to learn from, and out of such a network.

An outline is a boolean array, True where the particle is, cropped to the particle's bounding box.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from pydantic import Field
from skimage.morphology import disk

from autoseg.errors import ImageError, OptionsError
from autoseg.options import Options

SMALLEST = 3.0
"Equivalent diameters in pixels below this are not drawn: such outlines have no shape."
SampleOutlines = Callable[[int, np.random.Generator], Sequence[np.ndarray]]
"A source of outlines: as many as are asked for."

SPECK = 0.1
"White spots in an example image that are smaller than this share of the particle's area count as dust."
DRAW = "Draw one white particle on black ground."
TRIES = 20
"A generator that cannot give the outlines asked for in this many rounds has not learned to make particles."


def outline_from_image(image: np.ndarray, name: str) -> np.ndarray:
    """The outline in a grey image (height, width) of one white particle on black; `name` is for error messages.

    White is what is brighter than half the range of grey values. Holes are filled, and dust around it is left out.

    >>> image = np.zeros((64, 64), np.uint8)
    >>> image[20:30, 15:40] = 255
    >>> outline_from_image(image, "example.png").shape
    (10, 25)
    """
    if image.ndim != 2:
        raise ImageError(f"an example outline must be one grey image, not an array {image.shape}", file=name)
    low, high = (float(image.min()), float(image.max())) if image.size else (0.0, 0.0)
    if not 0 < high - low < math.inf:
        raise ImageError("shows no particle", file=name, advice=DRAW)
    parts, areas = _parts(image > (low + high) / 2)
    if np.count_nonzero(areas > SPECK * areas.max()) > 1:
        raise ImageError("shows several particles", file=name, advice="Save each particle as an image of its own.")
    particle = parts == np.argmax(areas) + 1
    if particle[[0, -1]].any() or particle[:, [0, -1]].any():
        advice = f"{DRAW[:-1]}, with black all around; if it is black on white, invert the image."
        raise ImageError("the particle touches the edge of the image", file=name, advice=advice)
    return cropped(_filled(particle))


def cropped(mask: np.ndarray) -> np.ndarray:
    """A boolean mask without the empty rows and columns around what is True in it; (0, 0) if nothing is."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return mask[top : top + height, left : left + width]


def framed(mask: np.ndarray, width: int) -> np.ndarray:
    """A boolean mask with `width` pixels of False all around; for small ones several times as fast as `np.pad`."""
    return cv2.copyMakeBorder(mask.view(np.uint8), width, width, width, width, cv2.BORDER_CONSTANT, value=0).view(bool)


def equivalent_diameter(outline: np.ndarray) -> float:
    """Diameter in pixels of the disc that has the outline's area.

    >>> round(equivalent_diameter(np.ones((10, 10), bool)), 2)
    11.28
    """
    return math.sqrt(4 * np.count_nonzero(outline) / math.pi)


def transformed(outline: np.ndarray, factor: float, angle: float) -> np.ndarray:
    """The outline, magnified by a factor and turned counterclockwise by an angle in radians, around its centre.

    >>> transformed(np.ones((10, 20), bool), 1.5, np.pi / 2).shape
    (30, 15)
    """
    # Blurred just so much that the stairs of pixels vanish, and an outline that is not changed keeps every pixel.
    grey = cv2.GaussianBlur(framed(outline, 2).astype(np.float32), (5, 5), 0.7)
    height, width = grey.shape
    cosine, sine = factor * math.cos(angle), factor * math.sin(angle)
    # Rounded, as a sine of 1e-16 would add a column, and move the centre by half a pixel.
    new_width = math.ceil(round(width * abs(cosine) + height * abs(sine), 6))
    new_height = math.ceil(round(width * abs(sine) + height * abs(cosine), 6))
    turn = np.array([[cosine, -sine], [sine, cosine]]) / factor**2  # from (x, y) in the result to that in the outline
    centre, new_centre = np.array([width - 1, height - 1]) / 2, np.array([new_width - 1, new_height - 1]) / 2
    matrix = np.column_stack([turn, centre - turn @ new_centre])
    moved = cv2.warpAffine(grey, matrix, (new_width, new_height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    result = moved > min(0.5, 0.7 * float(moved.max(initial=0)))  # lines of a pixel never reach 0.5 when blurred
    if not result.any():
        size = f"{outline.shape[0]} x {outline.shape[1]} pixels, magnified by {factor:.3g}"
        raise OptionsError(f"nothing is left of an outline of {size}", advice="Ask for larger particles.")
    return cropped(result)


def from_examples(outlines: Sequence[np.ndarray]) -> SampleOutlines:
    """A source that chooses among outlines at random, and flips them at random.

    >>> sample = from_examples([np.ones((5, 8), bool), np.ones((6, 6), bool)])
    >>> len(sample(10, np.random.default_rng(0)))
    10
    """
    _refuse_none(outlines)

    def sample(count: int, rng: np.random.Generator) -> list[np.ndarray]:
        chosen = rng.integers(len(outlines), size=count)
        flips = rng.choice([-1, 1], size=(count, 2))
        return [outlines[index][::rows, ::columns] for index, (rows, columns) in zip(chosen, flips, strict=True)]

    return sample


def training_set(outlines: Sequence[np.ndarray]) -> np.ndarray:
    """All outlines and their flips, centred in images of one size: float32 (4 n, height, width, 1) of -1 and 1.

    Height and width are the smallest multiples of 16 pixels that hold every outline.

    >>> training_set([np.ones((20, 40), bool), np.ones((30, 10), bool)]).shape
    (8, 32, 48, 1)
    """
    _refuse_none(outlines)
    size = 16 * np.ceil(np.max([outline.shape for outline in outlines], axis=0) / 16).astype(int)
    images = np.full((len(outlines), *size, 1), -1, np.float32)
    for image, outline in zip(images, outlines, strict=True):
        top, left = (size - outline.shape) // 2
        image[top : top + outline.shape[0], left : left + outline.shape[1], 0][outline] = 1
    return np.concatenate([images, images[:, ::-1], images[:, :, ::-1], images[:, ::-1, ::-1]])


class CleaningOptions(Options):
    """How outlines are made of the images of a generator."""

    zoom: float = Field(1.0, gt=0)
    "Factor by which the images are resized first."
    threshold: float = Field(0.5, gt=0, lt=1)
    "The particle is what is brighter than this, where black is 0 and white is 1."
    opening: int = Field(9, ge=0)
    "Parts narrower than this many pixels, or than a third of the outline's diameter if that is less, are cut off."
    erosion: int = Field(2, ge=0)
    "This many pixels, or a tenth of the outline's diameter if that is less, are taken off all around."
    minimum_area: int = Field(20, ge=1)
    "What has fewer pixels in the end is a speck, and no particle."


def clean(image: np.ndarray, options: CleaningOptions = CleaningOptions()) -> np.ndarray | None:
    """The outline of the largest particle in an image (height, width[, 1]) of values in -1..1, None if there is none.

    Published numbers are the defaults, but small outlines are opened and eroded less, so that they survive.
    """
    image = cv2.resize(np.asarray(image, np.float32), None, fx=options.zoom, fy=options.zoom)
    image = np.pad(image, options.opening + options.erosion + 1, constant_values=-1)
    outline = _largest(_filled(image > 2 * options.threshold - 1))
    diameter = equivalent_diameter(outline)
    opened = _changed(cv2.MORPH_OPEN, outline, int(min(options.opening, diameter / 3) // 2))
    eroded = _largest(_changed(cv2.MORPH_ERODE, opened, int(min(options.erosion, diameter / 10))))
    return cropped(eroded) if np.count_nonzero(eroded) >= options.minimum_area else None


def from_generator(
    generate: Callable[[int, np.random.Generator], np.ndarray], cleaning: CleaningOptions = CleaningOptions()
) -> SampleOutlines:
    """A source that cleans the images (n, height, width, 1) in -1..1 of `generate(n, rng)`.

    It asks for more of them where some show no particle.
    """

    def sample(count: int, rng: np.random.Generator) -> list[np.ndarray]:
        outlines: list[np.ndarray] = []
        for _ in range(TRIES):
            cleaned = (clean(image, cleaning) for image in generate(count - len(outlines), rng))
            outlines += [outline for outline in cleaned if outline is not None]
            if len(outlines) >= count:
                return outlines[:count]
        problem = f"the generator made only {len(outlines)} particles in {TRIES} rounds where {count} were asked for"
        raise OptionsError(problem, advice="Train it for more epochs.")

    return sample


def _refuse_none(outlines: Sequence[np.ndarray]) -> None:
    if not len(outlines):
        raise OptionsError("there are no outlines", advice="Give some dozen images of single particles.")


def _parts(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 4-connected parts of a mask, numbered from 1, and the area of each in pixels."""
    count, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    return parts, np.bincount(parts.ravel(), minlength=count)[1:]


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest part of a mask; all of it, if it is empty."""
    parts, areas = _parts(mask)
    return parts == np.argmax(areas) + 1 if len(areas) else mask


def _filled(mask: np.ndarray) -> np.ndarray:
    """A mask whose rim is False, without holes; several times as fast as SciPy's `binary_fill_holes`."""
    _, grounds = cv2.connectedComponents((~mask).view(np.uint8), connectivity=4)
    return grounds != grounds[0, 0]


def _changed(operation: int, mask: np.ndarray, radius: int) -> np.ndarray:
    """A mask eroded, or opened, with a disc of a radius in pixels."""
    return cv2.morphologyEx(mask.view(np.uint8), operation, disk(radius, np.uint8)).view(bool)
