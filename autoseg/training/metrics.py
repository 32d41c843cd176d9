"""How a training is scored: by pixels counted over a whole epoch, from which scores follow in the end.

The average of scores of batches would depend on how pixels are shared out among these.
"""

from __future__ import annotations

from typing import Any, Literal

from autoseg._backend import keras, ops
from autoseg.heads import Head

Tensor = Any
Score = Literal["iou", "f1", "precision", "recall"]


class PooledScore(keras.metrics.Metric):
    """A score over all pixels since it was reset: of one class, or, without one, the mean of those that occur.

    For a head with classes, truth and predictions are as for `class_losses`, and the most probable class is taken; for
    others the first channel is the foreground where it exceeds 0.5, and pixels of weight 0 do not count.
    """

    def __init__(self, head: Head, score: Score = "iou", number: int | None = None, name: str | None = None):
        super().__init__(name=name or score)
        self.head, self.score, self.number = head, score, number
        shape = (len(head.classes) or 1,)
        self.hits, self.predicted, self.true = (
            self.add_weight(name=kind, shape=shape, initializer="zeros") for kind in ("hits", "predicted", "true")
        )

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Count the pixels of a batch; samples of weight 0 do not count."""
        true, predicted, known = self._occurrences(ops.cast(y_true, "float32"), ops.cast(y_pred, "float32"))
        if sample_weight is not None:
            known = known * ops.reshape(ops.cast(ops.cast(sample_weight, "float32") > 0, "float32"), (-1, 1, 1, 1))
        for total, pixels in (self.hits, true * predicted), (self.predicted, predicted), (self.true, true):
            total.assign(total + ops.sum(known * pixels, axis=(0, 1, 2)))

    def _occurrences(self, truth: Tensor, predicted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of each class, where it is, where it is predicted, and where that is known: (n, height, width, classes)."""
        channels = len(self.head.main.channels)
        if self.head.classes:
            chosen = ops.one_hot(ops.argmax(predicted, axis=-1), channels)
            return truth[..., :-1], chosen, ops.cast(truth[..., -1:] > 0, "float32")
        weights = truth[..., channels : channels + 1] if truth.shape[-1] > channels else ops.ones_like(truth[..., :1])
        true, chosen = (ops.cast(x[..., :1] > 0.5, "float32") for x in (truth, predicted))
        return true, chosen, ops.cast(weights > 0, "float32")

    def result(self) -> Tensor:
        """The score; 1 where there is neither truth nor prediction."""
        either = self.predicted + self.true
        part, whole = {
            "iou": (self.hits, either - self.hits),
            "f1": (2 * self.hits, either),
            "precision": (self.hits, self.predicted),
            "recall": (self.hits, self.true),
        }[self.score]
        occurs = ops.cast(either > 0, "float32")
        scores = part / ops.maximum(whole, 1.0) * occurs + (1 - occurs)
        if self.number is not None:
            return scores[self.number]
        some = ops.cast(ops.any(either > 0), "float32")
        return ops.sum(scores * occurs) / ops.maximum(ops.sum(occurs), 1.0) + (1 - some)


def scores_of(head: Head) -> list[PooledScore]:
    """What is reported of a head in training: the mean IoU, and for classes that of each, and their mean F1."""
    if not head.classes:
        return [PooledScore(head)]
    each = [PooledScore(head, "iou", number, f"iou_{name}") for number, name in enumerate(head.class_names)]
    return [PooledScore(head), PooledScore(head, "f1"), *each]
