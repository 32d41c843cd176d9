"""Where to part particles: the thresholds that do best on pairs that a network has not been trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np

from autoseg.evaluation import evaluate, summarize
from autoseg.segmentation.instances import InstanceOptions, find_instances

CONTACTS, DISTANCES = (0.15, 0.25, 0.35, 0.5), (0.15, 0.25, 0.35, 0.45)
"The thresholds that are tried, of contact and of distance."
Predict = Callable[[np.ndarray], np.ndarray]


def choose_thresholds(predict: Predict, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> InstanceOptions:
    """The thresholds of contact and distance that give the best F1 at an IoU of 0.5 on pairs (image, labels).

    `predict(image)` says what the network does, (rows, columns, 3). Of thresholds that do equally well, those nearest
    to the defaults are taken.
    """
    said = [(predict(image), labels) for image, labels in pairs]
    default = InstanceOptions()

    def quality(options: InstanceOptions) -> tuple[float, float]:
        scores = [
            evaluate(find_instances(probability, options), labels, min_size=options.minimum_size)
            for probability, labels in said
        ]
        change = abs(options.contact_threshold - default.contact_threshold)
        change += abs(options.distance_threshold - default.distance_threshold)
        return round(summarize(scores).particles.f1, 3), -change

    tried = [
        InstanceOptions(method="contact", contact_threshold=contact, distance_threshold=distance)
        for contact, distance in product(CONTACTS, DISTANCES)
    ]
    return max(tried, key=quality)
