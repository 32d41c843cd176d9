"""Self-training: what a segmenter finds in unlabelled images, where it is certain, is what it learns from next.

Its predictions at several magnifications, together a better teacher than each alone, are turned into clean particles;
pixels count the less, the less these predictions agree. Some true pairs in the mix keep its mistakes from feeding
themselves. NumPy only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import cv2
import numpy as np
from pydantic import AfterValidator, Field

from autoseg.errors import ImageError, OptionsError
from autoseg.heads import CONTACT, FOREGROUND, Head
from autoseg.images.resizing import magnified, resized
from autoseg.options import Options
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.training.targets import make_targets

Predict = Callable[[np.ndarray], np.ndarray]
"Probabilities (rows, columns, channels), as the head's main output has them, of an image (rows, columns)."

_NEAR = np.ones((5, 5), np.uint8)


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= limits[0] < limits[1] <= 1:
        raise ValueError("must rise and lie between 0 and 1")
    return limits


class SelfTrainingOptions(Options):
    """How a segmenter learns from unlabelled images."""

    scales: Annotated[tuple[Annotated[float, Field(ge=0.1, le=10)], ...], Field(min_length=1)] = (1.0, 1.33, 1.6)
    "Magnifications at which the network looks at each image for its pseudo-labels."
    flips: bool = False
    "Look at the flips of each image, too: four times the work."
    confidence: Annotated[tuple[float, float], AfterValidator(_rising)] = (0.2, 0.8)
    "Pixels do not count up to the first certainty, and fully from the second on; 0: predictions differ, or are 1/2."
    share: float = Field(0.4, ge=0, lt=1)
    "Fraction of the views that is of true pairs, which do not come from the network."
    views_per_epoch: int = Field(400, ge=1)
    "Random views, of images and true pairs together, in an epoch."
    epochs: int = Field(3, ge=1)
    "Epochs of each round."
    learning_rate: float = Field(7e-4, gt=0)
    "Learning rate of the first step of each round."


def pseudo_labels(
    predict: Predict,
    image: np.ndarray,
    head: Head,
    instances: InstanceOptions | None = None,
    options: SelfTrainingOptions | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of an image (rows, columns), and their weights, float32 in 0..1, by the predictions for several scales.

    Their mean counts; but of the contact, a line so thin that it is missed rather than imagined, the greatest. A pixel
    has weight 0 where the labels contradict the predictions: such as in particles that `instances` dropped.

    >>> image = np.zeros((32, 64), np.float32)
    >>> image[4:20, 4:20], image[4:20, 40:56] = 1, 0.7
    >>> head, instances = Head(kind="mask"), InstanceOptions(method="distance")
    >>> options = SelfTrainingOptions(scales=(1,))
    >>> labels, weights = pseudo_labels(lambda scaled: scaled[..., np.newaxis], image, head, instances, options)
    >>> labels.max(), [round(float(weights[10, column]), 3) for column in (10, 30, 50)]
    (np.uint16(2), [1.0, 1.0, 0.333])
    """
    options, instances = options or SelfTrainingOptions(), instances or InstanceOptions()
    probability, spread = _combined(_predictions(predict, image, options), head)
    # A mask has lines between particles already; a head with contacts has no use for any.
    labels = find_instances(probability, instances.changed(lines=False), image)
    return labels, _weights(labels, probability, spread, options.confidence)


def mix(
    pairs: Sequence[Any], images: Sequence[Any], options: SelfTrainingOptions, rng: np.random.Generator
) -> list[Any]:
    """What an epoch shows: true pairs, in their share, and images, each chosen at random and as often as its like.

    >>> mixed = mix("ABC", "xy", SelfTrainingOptions(views_per_epoch=10, share=0.4), np.random.default_rng(0))
    >>> "".join(sorted(mixed))
    'ABCCxxxyyy'
    """
    count = round(options.share * options.views_per_epoch)
    chosen = []
    for items, wanted, name in (pairs, count, "true pairs"), (images, options.views_per_epoch - count, "images"):
        if wanted and not items:
            raise OptionsError(f"self-training has no {name} to learn from", advice='Change "share".')
        chosen += [items[i] for i in np.resize(rng.permutation(len(items)), wanted).tolist()]
    return chosen


def _predictions(predict: Predict, image: np.ndarray, options: SelfTrainingOptions) -> Iterator[np.ndarray]:
    """What is predicted at each scale and for each flip, brought back to the image's pixels, in 0..1."""
    steps = (1, -1) if options.flips else (1,)
    for scale in options.scales:
        scaled = magnified(image, scale)
        for flip in ((slice(None, None, rows), slice(None, None, columns)) for rows in steps for columns in steps):
            found = predict(np.ascontiguousarray(scaled[flip]))
            if found.ndim != 3 or found.shape[:2] != scaled.shape:
                raise ImageError(f"of {scaled.shape} pixels, {found.shape} probabilities were predicted")
            yield np.clip(resized(found[flip], image.shape), 0, 1)  # rounding and interpolation may leave it a little


def _combined(predictions: Iterator[np.ndarray], head: Head) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The mean of predictions, but the greatest contact; and the foreground's standard deviation. Keeps none."""
    foreground = head.main.channels.index(FOREGROUND)
    total = next(predictions)
    greatest, squares, count = total, total[..., foreground] ** 2, 1
    for prediction in predictions:
        total, squares, count = total + prediction, squares + prediction[..., foreground] ** 2, count + 1
        greatest = np.maximum(greatest, prediction)
    mean = head.named({head.main.name: total / count})
    if CONTACT in mean:
        mean[CONTACT] = greatest[..., head.main.channels.index(CONTACT)]
    return mean, np.sqrt(np.maximum(squares / count - mean[FOREGROUND] ** 2, 0))


def _weights(
    labels: np.ndarray, probability: Mapping[str, np.ndarray], spread: np.ndarray, confidence: tuple[float, float]
) -> np.ndarray:
    """How far the foreground is from 1/2, on the labels' side, less where predictions differ, or see a contact.

    Contacts of the labels themselves are not held to that: few of their pixels would count, and many around them, and
    the network would learn that there is none.
    """
    decided = 2 * probability[FOREGROUND] - 1
    certainty = np.where(labels > 0, decided, -decided) * (1 - 2 * spread)  # nothing in 0..1 spreads more than 1/2
    if CONTACT in probability:
        found = make_targets(labels, Head(kind="instances"))[..., 1] > 0
        near = cv2.dilate(found.view(np.uint8), _NEAR).view(bool)
        certainty = np.where(near, certainty, np.minimum(certainty, 1 - 2 * probability[CONTACT]))
    low, high = confidence
    return np.clip((certainty - low) / (high - low), 0, 1).astype(np.float32)
