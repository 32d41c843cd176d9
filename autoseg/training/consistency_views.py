"""Random views of labelled and unlabelled images, in one sample each, for trainings that compare views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoseg.errors import OptionsError
from autoseg.images.views import GeometryOptions, IntensityOptions, draw_geometry, draw_intensity
from autoseg.training.labelled_views import LabelledViews


@dataclass(frozen=True)
class ConsistencyViews:
    """Turns a labelled image into a view of it, and two views, weak and strong, of an unlabelled image drawn at random.

    Both show the same pixels; only their grey values differ.
    """

    labelled: LabelledViews
    unlabelled: Sequence[np.ndarray]
    "Grey images (height, width), each at least as large as a crop."
    shown: Callable[[np.ndarray], np.ndarray]
    "How an image is normalized for the network."
    crop: int
    geometry: GeometryOptions
    weak: IntensityOptions
    strong: IntensityOptions

    def __post_init__(self) -> None:
        """Refuse what no sample can be made of."""
        if not self.unlabelled:
            raise OptionsError("there is no unlabelled image to learn from", advice="Give a folder of them.")

    def __call__(self, pair: tuple[Any, ...], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Float32 arrays (height, width, channels): "images", "targets", "weak", "strong" and "boxes"."""
        images, targets = self.labelled(pair, rng)
        image = self.unlabelled[int(rng.integers(len(self.unlabelled)))]
        geometry = draw_geometry(rng, self.geometry, image.shape, self.crop)
        view = geometry.apply(self.shown(image))
        weak, strong = (draw_intensity(rng, options).apply(view) for options in (self.weak, self.strong))
        return {
            "images": images,
            "targets": targets,
            "weak": weak[..., np.newaxis],
            "strong": strong[..., np.newaxis],
            "boxes": draw_box(rng, self.crop)[..., np.newaxis],
        }


def draw_box(rng: np.random.Generator, size: int) -> np.ndarray:
    """0 in a rectangle of a quarter to half of the area of size x size pixels, and 1 elsewhere, float32.

    >>> bool(0.5 <= draw_box(np.random.default_rng(0), 64).mean() <= 0.8)
    True
    """
    area, stretch = rng.uniform(0.25, 0.5), np.exp(rng.uniform(-0.5, 0.5))
    height, width = (min(size, round(size * np.sqrt(area) * side)) for side in (stretch, 1 / stretch))
    top, left = (int(rng.integers(size - length + 1)) for length in (height, width))
    box = np.ones((size, size), np.float32)
    box[top : top + height, left : left + width] = 0
    return box
