"""From the probabilities of classes to a class map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autoseg.heads import Head
from autoseg.images.class_map import ClassMap
from autoseg.images.micrograph import Micrograph


def decode_classes(prediction: Mapping[str, np.ndarray], head: Head, micrograph: Micrograph) -> ClassMap:
    """Each pixel is of the class that is most probable there; of equally probable ones, of that with the lower number.

    `prediction` holds float32 (rows, columns, channels) by the names of the head's outputs.

    >>> head = Head(kind="classes", classes=["background", "pore"])
    >>> probability = np.array([[[0.9, 0.1], [0.2, 0.8]]], np.float32)
    >>> decode_classes({"classes": probability}, head, Micrograph(np.zeros((1, 2)))).classes.tolist()
    [[0, 1]]
    """
    probability = prediction[head.main.name]
    return ClassMap(
        classes=probability.argmax(axis=-1).astype(np.uint8),
        probability=probability,
        legend=head.classes,
        micrograph=micrograph,
        also={output.name: prediction[output.name] for output in head.also},
    )
