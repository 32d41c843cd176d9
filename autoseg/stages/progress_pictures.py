"""Pictures of what a segmenter predicts while it learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autoseg._backend import keras
from autoseg.heads import FOREGROUND, Head
from autoseg.images.overlay import OverlayOptions, draw_overlay
from autoseg.images.tiles import pad_to_multiple
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.stages.grey import sheet, to_bytes
from autoseg.training.monitoring import predict_one
from autoseg.training.segmenter import SegmenterOptions

_PLAIN = OverlayOptions(scale_bar=False)


def draw_predictions(network: keras.Model, images: Sequence[np.ndarray], options: SegmenterOptions) -> np.ndarray:
    """For each image, uint8, a row: itself, and what the network predicts for it now.

    Of particles that is the foreground and those that are found in it; of classes, their colours.
    """
    return sheet([[image, *draw_prediction(network, options.shown(image), image, options.head)] for image in images])


def draw_prediction(network: keras.Model, prepared: np.ndarray, image: np.ndarray, head: Head) -> list[np.ndarray]:
    """What a network predicts for an image that is prepared for it, drawn over the image as uint8, both of one size."""
    padded, crop = pad_to_multiple(prepared[..., np.newaxis], network.size_multiple)
    prediction = {name: values[crop] for name, values in predict_one(network, padded).items()}
    if head.classes:
        numbers = prediction[head.main.name].argmax(axis=-1)
        return [np.array(head.colours, np.uint8)[numbers]]
    probability = head.named(prediction)
    method = InstanceOptions(method="contact" if head.tells_distance else "distance")
    particles = find_instances(probability, method)
    return [to_bytes(probability[FOREGROUND]), draw_overlay(image, particles, options=_PLAIN)]
