"""Labelled images, and the random views of them that a segmenter learns from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autoseg.errors import ImageError
from autoseg.heads import IGNORED, Head, Output
from autoseg.images.geometry import Geometry
from autoseg.images.normalization import normalize
from autoseg.images.views import GeometryOptions, IntensityOptions, draw_geometry, draw_intensity
from autoseg.training.targets import make_class_targets, make_targets

_UNTURNED, _UNCHANGED = GeometryOptions(flip=False), IntensityOptions()


class LabelledImage(NamedTuple):
    """A grey image (height, width) and what is known about it, all of its size."""

    image: np.ndarray
    labels: np.ndarray
    "A number for each particle, 0 for the background; for a head with classes, the class of each pixel."
    certainty: np.ndarray | None = None
    "How certain each label is, in 0..1: its pixel counts as much in the training. Not given: all are."
    also: Mapping[str, np.ndarray] = {}
    "The truth of the head's further outputs by name: (height, width[, channels])."


@dataclass(frozen=True)
class LabelledViews:
    """Turns a labelled image, or a tuple of its values, into what a segmenter sees, and what it has to predict."""

    head: Head
    weighted: bool = False
    class_weights: tuple[float, ...] = ()
    crop: int | None = None
    "Height and width of the view in pixels; None shows the whole image."
    on_foreground: float = 0.0
    "Share of the crops that show a pixel of the foreground; the others lie anywhere."
    geometry: GeometryOptions = _UNTURNED
    intensity: IntensityOptions = _UNCHANGED
    shown: Callable[[np.ndarray], np.ndarray] = normalize
    "How an image is normalized for the network."

    def __call__(self, pair: tuple[Any, ...], rng: np.random.Generator) -> tuple[np.ndarray, Any]:
        """Image (height, width, 1) and targets (height, width, channels) of a random view, float32.

        Where the head has further outputs, the targets are a dictionary by their names.
        """
        labelled = LabelledImage(*pair)
        _check(labelled, self.head)
        chosen = self.on_foreground > 0 and rng.random() < self.on_foreground
        foreground = (labelled.labels > 0) & (labelled.labels != self._unknown) if chosen else None
        geometry = draw_geometry(rng, self.geometry, labelled.image.shape, self.crop, foreground)
        view = geometry.apply(self.shown(labelled.image))
        view = draw_intensity(rng, self.intensity).apply(view)
        return view[..., np.newaxis], self._targets(labelled, geometry)

    @property
    def _unknown(self) -> int:
        """The number of pixels of which nothing is known; labels of particles have none."""
        return IGNORED if self.head.classes else -1

    def _targets(self, labelled: LabelledImage, geometry: Geometry) -> Any:
        labels = geometry.apply(labelled.labels, order="nearest")
        certainty = labelled.certainty
        certainty = None if certainty is None else geometry.apply(certainty, order="nearest")
        known = np.ones(labels.shape, np.float32) if certainty is None else certainty
        if self.head.classes:
            main = make_class_targets(labels, self.head, class_weights=self.class_weights, certainty=certainty)
            known = known * (labels != IGNORED)  # a class that weighs nothing is known for the other outputs
        else:
            main = make_targets(labels, self.head, weighted=self.weighted, certainty=certainty)
        if not self.head.also:
            return main
        others = {
            output.name: _other(labelled.also[output.name], output, geometry, known[..., np.newaxis])
            for output in self.head.also
        }
        return {self.head.main.name: main, **others}


def _other(truth: np.ndarray, output: Output, geometry: Geometry, known: np.ndarray) -> np.ndarray:
    """The targets of a further output, and behind them the weights of its pixels."""
    channels = truth[..., np.newaxis] if truth.ndim == 2 else truth
    views = [geometry.apply(np.ascontiguousarray(channel), order="nearest") for channel in np.moveaxis(channels, -1, 0)]
    weights = known if output.activation == "softmax" else np.repeat(known, len(views), axis=-1)
    return np.concatenate([np.stack(views, axis=-1), weights], axis=-1).astype(np.float32)


def _check(labelled: LabelledImage, head: Head) -> None:
    """Refuse what does not fit together."""
    arrays = {"label image": labelled.labels, "map of certainty": labelled.certainty}
    for name, array in arrays.items():
        if array is not None and labelled.image.shape != array.shape:
            raise ImageError(f"an image of {labelled.image.shape} pixels cannot have a {name} of {array.shape}")
    for output in head.also:
        found = labelled.also.get(output.name)
        if found is None:
            raise ImageError(f'the head has an output "{output.name}", of which a labelled image tells nothing')
        channels = found.shape[2] if found.ndim == 3 else 1
        if found.shape[:2] != labelled.image.shape or channels != len(output.channels):
            wanted = (*labelled.image.shape, len(output.channels))
            raise ImageError(f'the output "{output.name}" has a truth of {wanted}, not of {found.shape}')
