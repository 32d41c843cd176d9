"""How particles are best found in what a network predicts: what does best on pairs that it has not learned from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from autoseg._backend import keras
from autoseg.evaluation import evaluate, pool_scores
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.segmentation.predictor import Predictor
from autoseg.stages.pairs import Pair
from autoseg.training.segmenter import SegmenterOptions

PROMINENCES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
"What is tried."
CALIBRATING = 200
"At most so many of the pairs that were held out decide how deep valleys between particles must be."
Predict = Callable[[np.ndarray], Mapping[str, np.ndarray]]


def choose_postprocessing(
    network: keras.Model, options: SegmenterOptions, held_out: Sequence[Pair]
) -> dict[str, bool | int | float | str]:
    """How particles are best found in what a network predicts, by pairs that it has not learned from."""
    head = options.head
    if not head.finds_particles:
        return {}
    if not head.tells_distance:
        return {"method": "distance"}
    if not held_out:
        return {"method": "contact"}
    predictor = Predictor(network)
    pairs = ((pair.image, pair.labels) for pair in (files.read(head) for files in held_out[:CALIBRATING]))
    best = choose_prominence(lambda image: head.named(predictor(options.shown(image))), pairs)
    return {"method": "contact", "prominence": best}


def choose_prominence(predict: Predict, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """The prominence by which particles are found best in pairs (image, labels).

    Best is the sum of F1 at an IoU of 0.5 and the mean best IoU: near its summit, F1 hardly tells many merged particles
    from as many split ones. `predict(image)` gives the channels of the head "instances", (rows, columns) by name. Of
    prominences that do equally well, the one nearest to the default is taken.
    """
    predictions = [(predict(image), labels) for image, labels in pairs]

    def quality(prominence: float) -> tuple[float, float]:
        options = InstanceOptions(method="contact", prominence=prominence)
        scores = [
            evaluate(find_instances(probability, options), labels, minimum_size=options.minimum_size)
            for probability, labels in predictions
        ]
        found = pool_scores(scores).particles
        return round(found.f1 + found.mean_best_iou, 3), -abs(prominence - InstanceOptions().prominence)

    return max(PROMINENCES, key=quality)
