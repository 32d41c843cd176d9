"""Self-training: what a segmenter finds in unlabelled images, where it is certain, is what it learns from next.

What it says at several magnifications, a teacher that knows more than each view alone, is turned into clean particles;
pixels count the less, the less the views agree. Some true pairs in the mix keep its mistakes from feeding themselves.
NumPy only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import cv2
import numpy as np
from pydantic import AfterValidator, Field

from autoseg.errors import ImageError, OptionsError
from autoseg.images.resizing import magnified, resized
from autoseg.options import Options
from autoseg.segmentation.instances import InstanceOptions, find_instances
from autoseg.training.targets import make_targets

Predict = Callable[[np.ndarray], np.ndarray]
"Probabilities (rows, columns, channels) of an image (rows, columns)."

_NEAR = np.ones((5, 5), np.uint8)


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= limits[0] < limits[1] <= 1:
        raise ValueError("must rise and lie between 0 and 1")
    return limits


class SelfTrainingOptions(Options):
    """How a segmenter learns from unlabelled images."""

    rounds: int = Field(2, ge=1)
    "How often pseudo-labels are made, by the network as it is then, and learned from."
    scales: Annotated[tuple[Annotated[float, Field(ge=0.1, le=10)], ...], Field(min_length=1)] = (1.0, 1.33, 1.6)
    "Magnifications at which the network looks at each image for its pseudo-labels."
    flips: bool = False
    "Look at the flips of each image, too: four times the work."
    confidence: Annotated[tuple[float, float], AfterValidator(_rising)] = (0.2, 0.8)
    "Pixels do not count up to the first certainty, and fully from the second on; 0: views differ, or say 1/2; 1: sure."
    share: float = Field(0.4, ge=0, lt=1)
    "Fraction of the views that is of true pairs, which do not come from the network."
    views: int = Field(400, ge=1)
    "Random views, of images and true pairs together, in an epoch."
    epochs: int = Field(3, ge=1)
    "Epochs of each round."
    learning_rate: float = Field(7e-4, gt=0)
    "Learning rate of the first step of each round."


def pseudo_labels(
    predict: Predict,
    image: np.ndarray,
    instances: InstanceOptions | None = None,
    options: SelfTrainingOptions | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of an image (rows, columns), and their weights, float32 in 0..1, by what is said to several views of it.

    That is the mean over the views; but of the contact, a line so thin that it is missed rather than imagined, the
    greatest. A pixel has weight 0 where the labels contradict it: such as in particles that `instances` dropped.

    >>> image = np.zeros((32, 64), np.float32)
    >>> image[4:20, 4:20], image[4:20, 40:56] = 1, 0.7
    >>> instances, options = InstanceOptions(method="distance"), SelfTrainingOptions(scales=(1,))
    >>> labels, weights = pseudo_labels(lambda view: view[..., np.newaxis], image, instances, options)
    >>> labels.max(), [round(float(weights[10, column]), 3) for column in (10, 30, 50)]
    (np.uint16(2), [1.0, 1.0, 0.333])
    """
    options, instances = options or SelfTrainingOptions(), instances or InstanceOptions()
    said, spread = _combined(_views(predict, image, options))
    # Where there is only one channel, it has lines between particles already; a contact head has no use for any.
    labels = find_instances(said, instances.changed(lines=False), image)
    return labels, _weights(labels, said, spread, options.confidence)


def mix(
    pairs: Sequence[Any], images: Sequence[Any], options: SelfTrainingOptions, rng: np.random.Generator
) -> list[Any]:
    """What an epoch shows: true pairs, in their share, and images, each chosen at random and as often as its like.

    >>> mixed = mix("ABC", "xy", SelfTrainingOptions(views=10, share=0.4), np.random.default_rng(0))
    >>> "".join(sorted(mixed))
    'ABCCxxxyyy'
    """
    count = round(options.share * options.views)
    chosen = []
    for items, wanted, name in (pairs, count, "true pairs"), (images, options.views - count, "images"):
        if wanted and not items:
            raise OptionsError(f"self-training has no {name} to learn from", advice='Change "share".')
        chosen += [items[i] for i in np.resize(rng.permutation(len(items)), wanted).tolist()]
    return chosen


def _views(predict: Predict, image: np.ndarray, options: SelfTrainingOptions) -> Iterator[np.ndarray]:
    """What is said to each view, brought back to the image's pixels, in 0..1."""
    steps = (1, -1) if options.flips else (1,)
    for scale in options.scales:
        view = magnified(image, scale)
        for flip in ((slice(None, None, rows), slice(None, None, columns)) for rows in steps for columns in steps):
            said = predict(np.ascontiguousarray(view[flip]))
            if said.ndim != 3 or said.shape[:2] != view.shape:
                raise ImageError(f"of {view.shape} pixels, {said.shape} probabilities were predicted")
            yield np.clip(resized(said[flip], image.shape), 0, 1)  # rounding and interpolation may leave it by a little


def _combined(views: Iterator[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the views, but the greatest contact; and the foreground's standard deviation. Keeps no view."""
    total = next(views)
    contact, squares, count = total[..., 1:2], total[..., 0] ** 2, 1
    for view in views:
        total, squares, count = total + view, squares + view[..., 0] ** 2, count + 1
        contact = np.maximum(contact, view[..., 1:2])
    combined = total / count
    combined[..., 1:2] = contact
    return combined, np.sqrt(np.maximum(squares / count - combined[..., 0] ** 2, 0))


def _weights(labels: np.ndarray, said: np.ndarray, spread: np.ndarray, confidence: tuple[float, float]) -> np.ndarray:
    """How far from 1/2 the foreground is, on the labels' side, less where views differ, or see what might be a contact.

    Contacts of the labels themselves are not held to that: few of their pixels would count, and many around them, and
    the network would learn that there is none.
    """
    decided = 2 * said[..., 0] - 1
    certainty = np.where(labels > 0, decided, -decided) * (1 - 2 * spread)  # nothing in 0..1 spreads more than 1/2
    if said.shape[-1] > 1:
        found = make_targets(labels, "instances")[..., 1] > 0
        near = cv2.dilate(found.view(np.uint8), _NEAR).view(bool)
        certainty = np.where(near, certainty, np.minimum(certainty, 1 - 2 * said[..., 1]))
    low, high = confidence
    return np.clip((certainty - low) / (high - low), 0, 1).astype(np.float32)
