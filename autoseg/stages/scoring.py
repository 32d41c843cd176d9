"""How a model scores particles: so that of those with 0.8 eight in ten are true, of pairs that it has not learned from.

False particles abound where the network sees images reduced, or with the opposite polarity: they are shown so, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from autoseg._backend import keras
from autoseg.evaluation.overlaps import find_overlaps
from autoseg.images.resizing import magnified, sampled
from autoseg.models.scoring import Scoring
from autoseg.segmentation.candidates import SMALLEST_EDGE
from autoseg.segmentation.evidence import calibrate, measure_evidence
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.segmentation.predictor import Predictor
from autoseg.stages.pairs import Pair
from autoseg.training.segmenter import SegmenterOptions

CALIBRATING = 800
"""At most so many of the pairs that were held out are looked at: with 200 of them, F1 on other micrographs depended by
0.03 on which ones these were."""
MAGNIFICATIONS = (1.0, 0.5, 0.25, 0.125)
ENOUGH = 1000
"Without so many true and so many false particles nothing is calibrated."
Predict = Callable[[np.ndarray], Mapping[str, np.ndarray]]
Known = tuple[np.ndarray, np.ndarray]
"Evidence (n, 6) of what was found in a level, and which of it is true (n,)."


def choose_scoring(
    network: keras.Model,
    options: SegmenterOptions,
    held_out: Sequence[Pair],
    postprocessing: Mapping[str, bool | int | float | str],
) -> Scoring | None:
    """The scoring of a model by pairs that it has not learned from; None where these are too few, or it has none."""
    head = options.head
    if not head.tells_distance or not held_out:
        return None
    predictor, instances = Predictor(network), InstanceOptions(**postprocessing)
    known = [
        one
        for pair in (files.read(head) for files in held_out[:CALIBRATING])
        for image, labels in _levels(pair.image, pair.labels)
        for shown in (options.shown(image), 1 - options.shown(image))
        for one in _find(lambda level: head.named(predictor(level)), shown, labels, instances)
    ]
    return fit_scoring(known)


def fit_scoring(known: Sequence[Known], enough: int = ENOUGH) -> Scoring | None:
    """The scoring that suits what is known of the levels; a level counts by the square root of what was found in it."""
    true = np.concatenate([truth for _, truth in known]) if known else np.zeros(0, bool)
    if min(true.sum(), (~true).sum()) < enough:
        return None
    weights = np.concatenate([np.full(len(truth), len(truth) ** -0.5) for _, truth in known])
    return calibrate(np.concatenate([evidence for evidence, _ in known]), true, weights)


def _levels(image: np.ndarray, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The image and its labels at each magnification."""
    for factor in MAGNIFICATIONS:
        if factor == 1 or min(image.shape) * factor >= SMALLEST_EDGE:
            seen = magnified(image, factor)
            yield seen, sampled(labels, seen.shape)


def _find(predict: Predict, shown: np.ndarray, truth: np.ndarray, options: InstanceOptions) -> Iterator[Known]:
    """What is known of a level, unless nothing is found in it."""
    probability = predict(shown)
    found = find_instances(probability, options)
    if found.any():
        overlaps = find_overlaps(found, truth)
        yield measure_evidence(probability, found), overlaps.best_iou_of_predicted >= 0.5
