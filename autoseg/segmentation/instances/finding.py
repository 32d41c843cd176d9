"""From what a network predicts for each pixel to labelled particles."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from skimage.filters import threshold_otsu

from autoseg.errors import ImageError, OptionsError
from autoseg.heads import CONTACT, DISTANCE, FOREGROUND
from autoseg.images.distance import distance_inside
from autoseg.images.polarity import Side
from autoseg.images.segmentation import numbered
from autoseg.options import Options
from autoseg.segmentation.instances.channels import Probability, named_channels
from autoseg.segmentation.instances.filters import drop_edge, fill_holes, find_holes, keep_contrasting, keep_sizes
from autoseg.segmentation.instances.peaks import find_prominent
from autoseg.segmentation.instances.watershed import draw_lines, flood

LOWEST_OTSU = 0.1
"Below this probability nothing is foreground for Otsu, lest the noise of an empty image become particles."

_Probability = Annotated[float, Field(ge=0, le=1)]


class InstanceOptions(Options):
    """How particles are found in a network's output, and which of them count.

    Only what was set is written to files: of the rest, a model may recommend other values than these defaults.
    """

    method: Literal["contact", "distance"] = "contact"
    "contact: part particles where the network sees contacts. distance: where the foreground alone is narrow."
    threshold: Literal["otsu"] | _Probability = "otsu"
    "Foreground is what is more probable than this; otsu: Otsu's threshold, but at least 0.1."
    pinhole_size: int = Field(10, ge=0)
    "Holes of the foreground with at most this many pixels are filled first, as each would split its particle."
    prominence: float = Field(0.25, gt=0, le=1)
    """Method contact: how deep the valley between two particles is at least, if 1 is the height of a particle's middle
    and 0 what is surely a rim or a contact. Less parts more particles."""
    minimum_core: int = Field(12, ge=1)
    "Method contact: what rises out of the valleys with fewer pixels is no particle of its own."
    smoothing: float = Field(1.0, ge=0, le=100)
    "Method distance: standard deviation in pixels of the Gaussian that smooths the distances to the rim."
    minimum_distance: int = Field(9, ge=1, le=1000)
    "Method distance: of peaks at most this many rows and columns apart, only the highest is a particle."
    lines: bool = False
    "Draw lines of one pixel between touching particles, so that the binary mask tells them apart."
    fill_holes: bool = True
    "Fill holes in a particle, save those in which another one lies."
    minimum_size: int = Field(20, ge=1)
    "Particles with fewer pixels are dropped, holes not counted."
    maximum_size: int | None = Field(None, ge=1)
    "Particles with more pixels, filled holes counted, are dropped."
    exclude_edge: bool = False
    "Drop particles that touch the edge of the image."
    li_factor: float | None = Field(None, gt=0)
    "Keep a particle only if its mean grey value is above this times Li's threshold of the image. Not set: keep all."
    polarity: Side = "bright"
    "dark: with li_factor, keep a particle only if its mean grey value is below Li's threshold divided by that."

    @model_serializer(mode="wrap")
    def _only_what_is_set(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if name in self.model_fields_set}


def find_instances(
    probability: Probability,
    options: InstanceOptions | None = None,
    image: np.ndarray | None = None,
) -> np.ndarray:
    """Label the particles in probabilities from 0 to 1; numbered in reading order.

    The probabilities are a mapping of the names foreground, contact and distance to arrays (rows, columns). For the
    method "distance" the foreground is enough, as an array. `image` (rows, columns) is for `li_factor`.

    >>> probability = np.zeros((32, 64), np.float32)
    >>> probability[4:20, 4:20] = probability[8:24, 30:46] = 0.9
    >>> labels = find_instances(probability, InstanceOptions(method="distance"))
    >>> labels.dtype, labels.max(), labels[10, 10], labels[10, 40]
    (dtype('uint16'), np.uint16(2), np.uint16(1), np.uint16(2))
    """
    options = options or InstanceOptions()
    return keep_instances(part(probability, options), options, image)


def keep_instances(labels: np.ndarray, options: InstanceOptions, image: np.ndarray | None = None) -> np.ndarray:
    """Of the labels that `part` made those that count, as the options say, with holes filled; in reading order."""
    if options.lines:
        labels = draw_lines(labels)
    labels = keep_sizes(labels, minimum=options.minimum_size)
    if options.fill_holes:
        labels = fill_holes(labels)
    if options.maximum_size is not None:
        labels = keep_sizes(labels, maximum=options.maximum_size)
    if options.exclude_edge:
        labels = drop_edge(labels)
    if options.li_factor is not None:
        labels = keep_contrasting(labels, _checked_image(image, labels.shape), options.li_factor, options.polarity)
    return numbered(labels)


def part(probability: Probability, options: InstanceOptions) -> np.ndarray:
    """Labels of the whole foreground (rows, columns), shared out among the peaks of a relief: none is dropped yet."""
    by_contact = options.method == "contact"
    channels = named_channels(probability, [FOREGROUND, *((CONTACT, DISTANCE) if by_contact else ())])
    foreground = channels[FOREGROUND] > _threshold(channels[FOREGROUND], options)
    if options.pinhole_size:
        foreground |= find_holes(foreground, options.pinhole_size) > 0
    if by_contact:
        height = channels[DISTANCE] * (1 - channels[CONTACT])
        seeds = find_prominent(height, foreground, options.prominence, options.minimum_core)
        relief = channels[DISTANCE] - channels[CONTACT]  # which has slopes down in the valleys, too
    else:
        relief = _distance_to_background(foreground, options.smoothing)
        seeds = _peaks(relief, foreground, options.minimum_distance)
    return flood(relief, seeds, foreground)


def _threshold(foreground: np.ndarray, options: InstanceOptions) -> float:
    """The probability above which a pixel is foreground; of a constant image, Otsu's threshold is that constant."""
    if options.threshold != "otsu":
        return options.threshold
    return max(float(threshold_otsu(foreground)), LOWEST_OTSU)


def _distance_to_background(foreground: np.ndarray, smoothing: float) -> np.ndarray:
    """Euclidean distance of each pixel to the background in pixels, smoothed."""
    distance = distance_inside(foreground)
    if smoothing:
        distance = cv2.GaussianBlur(distance, (0, 0), smoothing, borderType=cv2.BORDER_REPLICATE)
    return distance


def _peaks(relief: np.ndarray, foreground: np.ndarray, spacing: int) -> np.ndarray:
    """A label, int32, at one pixel of each peak, the highest within the spacing; of equally high ones the first."""
    window = np.ones((2 * spacing + 1, 2 * spacing + 1), np.uint8)
    peaks = foreground & (relief == cv2.dilate(relief, window))
    _, groups = cv2.connectedComponents(cv2.dilate(peaks.view(np.uint8), window[:spacing, :spacing]))
    _, first = np.unique(groups[peaks], return_index=True)
    seeds = np.zeros(relief.shape, np.int32)
    seeds.ravel()[np.flatnonzero(peaks)[first]] = np.arange(1, first.size + 1)
    return seeds


def _checked_image(image: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """The image, if Li's threshold can be taken of it."""
    if image is None:
        raise OptionsError("li_factor compares grey values, and there is no image", advice="Give the image, too.")
    if image.shape != shape:
        raise ImageError(f"the image has {image.shape} pixels, but the probability {shape}")
    if not np.isfinite(image).all():
        raise ImageError("the image has pixels that are not finite numbers, of which no threshold can be taken")
    return image
