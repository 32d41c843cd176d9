"""What a segmenter learns to predict, computed from a label image or a class map. NumPy only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from autoseg.errors import ImageError
from autoseg.heads import CONTACT, DISTANCE, FOREGROUND, IGNORED, Head
from autoseg.images.distance import relative_distance

CONTACT_WEIGHT, NEAR_CONTACT_WEIGHT = 5.0, 3.0

_SQUARE, _CROSS = np.ones((3, 3), np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def make_targets(
    labels: np.ndarray, head: Head, *, weighted: bool = False, certainty: np.ndarray | None = None
) -> np.ndarray:
    """Targets of a label image (height, width; 0 is background) as float32 (height, width, channels) in 0..1.

    Head "mask" has one channel: the foreground, in which a line of one pixel parts particles that touch; it is
    taken from the particle with the lower label. Head "instances" has three: the foreground without such lines, the
    contact, a line of three pixels where particles touch, and the distance to the rim, which rises in each particle
    from 0 outside to 1 in its middle.

    With `weighted`, as many channels with the weights of the pixels follow: 5 for the contact, 3 for the foreground
    around it, and 1 elsewhere. They follow, too, where there is a `certainty` of the labels, (height, width) in 0..1,
    by which they are multiplied: pixels of certainty 0 do not count.

    >>> labels = np.array([[1, 1, 1, 2, 2, 0]])
    >>> make_targets(labels, Head(kind="mask"))[..., 0].tolist()
    [[1.0, 1.0, 0.0, 1.0, 1.0, 0.0]]
    >>> make_targets(labels, Head(kind="instances"))[..., 1].tolist()
    [[0.0, 1.0, 1.0, 1.0, 0.0, 0.0]]
    """
    # OpenCV has no morphology for integers of 32 bits; float32 holds labels exactly.
    values, foreground = _checked(labels).astype(np.float32), labels > 0
    parting = foreground & (cv2.dilate(values, _SQUARE) > values)
    contact = foreground & cv2.dilate(parting.view(np.uint8), _CROSS).view(bool)
    known: dict[str, np.ndarray] = {FOREGROUND: foreground & ~parting}
    if head.tells_distance:
        known = {FOREGROUND: foreground, CONTACT: contact, DISTANCE: relative_distance(labels)}
    channels = [known[name] for name in head.main.channels]
    if weighted or certainty is not None:
        weights = _weights(contact, foreground) if weighted else [np.ones(labels.shape, np.float32)] * len(channels)
        factor = np.float32(1) if certainty is None else certainty
        channels += [weight * factor for weight in weights[: len(channels)]]
    return np.stack(channels, axis=-1).astype(np.float32, copy=False)


def make_class_targets(
    classes: np.ndarray, head: Head, *, class_weights: Sequence[float] = (), certainty: np.ndarray | None = None
) -> np.ndarray:
    """Targets of a class map (height, width) as float32 (height, width, classes + 1): one-hot, and each pixel's weight.

    A pixel weighs as much as its class, times how certain it is; one of class 255, which is not known, weighs nothing.

    >>> head = Head(kind="classes", classes=["background", "pore"])
    >>> make_class_targets(np.array([[1, 255]], np.uint8), head, class_weights=(1.0, 3.0)).tolist()
    [[[0.0, 1.0, 3.0], [0.0, 0.0, 0.0]]]
    """
    count = len(head.classes)
    if classes.ndim != 2 or classes.dtype.kind not in "iu":
        problem = f"a class map has two dimensions and integers, not {classes.ndim} and {classes.dtype}"
        raise ImageError(problem)
    if unknown := sorted(set(np.unique(classes).tolist()) - {*range(count), IGNORED}):
        raise ImageError(f"a class map holds 0 to {count - 1}, or {IGNORED} where nothing is known, not {unknown[0]}")
    weights = np.zeros(IGNORED + 1, np.float32)
    weights[:count] = class_weights or 1.0
    targets = np.zeros((*classes.shape, count + 1), np.float32)
    targets[..., :count] = classes[..., np.newaxis] == np.arange(count)
    targets[..., count] = weights[classes] if certainty is None else weights[classes] * certainty
    return targets


def foreground_ratio(masks: Iterable[np.ndarray | tuple[np.ndarray, np.ndarray]]) -> float:
    """How many background pixels there are for each one of the foreground, over all masks, in 0..1, of any shape.

    Where a mask comes with the weights of its pixels, each pixel counts as much as its weight.

    >>> foreground_ratio([np.array([1, 0]), np.array([0, 0])])
    3.0
    """
    weighted = ((mask if isinstance(mask, tuple) else (mask, np.ones_like(mask))) for mask in masks)
    counts = [(weights.sum(dtype=float), (mask * weights).sum(dtype=float)) for mask, weights in weighted]
    pixels, foreground = np.sum(counts, axis=0)
    return float((pixels - foreground) / max(foreground, 1.0))


def _checked(labels: np.ndarray) -> np.ndarray:
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise ImageError(f"a label image has two dimensions and integers, not {labels.ndim} and {labels.dtype}")
    if labels.size and not 0 <= labels.min() <= labels.max() < 2**24:
        raise ImageError(f"labels lie between 0 and 2^24, not between {labels.min()} and {labels.max()}")
    return labels


def _weights(contact: np.ndarray, foreground: np.ndarray) -> list[np.ndarray]:
    """Of the pixels of foreground, contact and distance."""
    near = foreground & cv2.dilate(contact.view(np.uint8), _SQUARE).view(bool)
    ones = np.ones(contact.shape, np.float32)
    return [np.where(near, NEAR_CONTACT_WEIGHT, ones), np.where(contact, CONTACT_WEIGHT, ones), ones]
