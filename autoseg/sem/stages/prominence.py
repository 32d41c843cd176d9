"""How deep a valley must be to part particles: what does best on pairs that a network has not been trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from autoseg.evaluation import evaluate, pool_scores
from autoseg.segmentation.instances import InstanceOptions, find_instances

PROMINENCES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
"What is tried."
Predict = Callable[[np.ndarray], np.ndarray]


def choose_prominence(predict: Predict, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """The prominence by which particles are found best in pairs (image, labels).

    Best is the sum of F1 at an IoU of 0.5 and the mean best IoU: near its summit, F1 hardly tells many merged particles
    from as many split ones. `predict(image)` says what the network does, (rows, columns, 3). Of prominences that do
    equally well, the one nearest to the default is taken.
    """
    said = [(predict(image), labels) for image, labels in pairs]

    def quality(prominence: float) -> tuple[float, float]:
        options = InstanceOptions(method="contact", prominence=prominence)
        scores = [
            evaluate(find_instances(probability, options), labels, minimum_size=options.minimum_size)
            for probability, labels in said
        ]
        found = pool_scores(scores).particles
        return round(found.f1 + found.mean_best_iou, 3), -abs(prominence - InstanceOptions().prominence)

    return max(PROMINENCES, key=quality)
