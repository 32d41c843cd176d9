"""What a segmenter into classes minimizes. Every loss takes (n, height, width, channels) and gives (n,).

The truth is one-hot, with the weights of the pixels as its last channel, as `make_class_targets` writes it; predictions
are probabilities by softmax. Each known pixel of a batch counts alike, whichever image it is of.
"""

from __future__ import annotations

from typing import Any

from autoseg._backend import ops

Tensor = Any

_EPSILON = 1e-7  # keeps logarithms finite


def cross_entropy(truth: Tensor, predicted: Tensor) -> Tensor:
    """The negative logarithm of what the true class was predicted with.

    >>> truth, predicted = (ops.convert_to_tensor([[[pixel]]]) for pixel in ([0.0, 1.0, 1.0], [0.5, 0.5]))
    >>> float(cross_entropy(truth, predicted)[0])  # log 2
    0.69314...
    """
    truth, predicted, weights = _parts(truth, predicted)
    return _mean(-ops.log(_of_true_class(truth, predicted)), weights)


def focal(truth: Tensor, predicted: Tensor, gamma: float = 2.0) -> Tensor:
    """Cross-entropy in which a pixel counts the less, the closer its prediction is already (Lin et al. 2017).

    >>> truth, predicted = (ops.convert_to_tensor([[[pixel]]]) for pixel in ([0.0, 1.0, 1.0], [0.5, 0.5]))
    >>> float(focal(truth, predicted)[0])  # 0.5 ** 2 * log 2
    0.17328...
    """
    truth, predicted, weights = _parts(truth, predicted)
    probability = _of_true_class(truth, predicted)
    return _mean(-ops.log(probability) * (1 - probability) ** gamma, weights)


def dice(truth: Tensor, predicted: Tensor) -> Tensor:
    """One minus the soft Dice coefficient over the known pixels of each sample, averaged over the classes.

    >>> truth, predicted = (ops.convert_to_tensor([[[pixel]]]) for pixel in ([0.0, 1.0, 1.0], [0.5, 0.5]))
    >>> round(float(dice(truth, predicted)[0]), 4)  # the mean of 1 - 1 / 1.5 and 1 - 2 / 2.5
    0.2667
    """
    truth, predicted, weights = _parts(truth, predicted)
    known = ops.cast(weights > 0, "float32")[..., None]
    common = ops.sum(known * truth * predicted, axis=(1, 2))
    total = ops.sum(known * (truth + predicted), axis=(1, 2))
    return ops.mean(1 - (2 * common + 1) / (total + 1), axis=-1)


def batch_dice(truth: Tensor, predicted: Tensor) -> Tensor:
    """One minus the soft Dice coefficient over the known pixels of the batch, averaged over the classes.

    It suits classes that few samples show: elsewhere, what is predicted of them would count against any prediction.

    >>> truth, predicted = (ops.convert_to_tensor([[[pixel]]]) for pixel in ([0.0, 1.0, 1.0], [0.5, 0.5]))
    >>> round(float(batch_dice(truth, predicted)[0]), 4)  # as `dice`, of one sample
    0.2667
    """
    truth, predicted, weights = _parts(truth, predicted)
    known = ops.cast(weights > 0, "float32")[..., None]
    common = ops.sum(known * truth * predicted, axis=(0, 1, 2))
    total = ops.sum(known * (truth + predicted), axis=(0, 1, 2))
    lost = ops.mean(1 - (2 * common + 1) / (total + 1))
    return lost + ops.zeros_like(weights[:, 0, 0])


def _parts(truth: Tensor, predicted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One-hot truth, predictions and the pixels' weights (n, height, width), all float32."""
    truth, predicted = ops.cast(truth, "float32"), ops.cast(predicted, "float32")
    return truth[..., :-1], predicted, truth[..., -1]


def _of_true_class(truth: Tensor, predicted: Tensor) -> Tensor:
    return ops.maximum(ops.sum(truth * predicted, axis=-1), _EPSILON)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """For each sample what makes their mean the weighted mean over all pixels of the batch."""
    per_image = ops.maximum(ops.mean(ops.sum(weights, axis=(1, 2))), _EPSILON)
    return ops.sum(values * weights, axis=(1, 2)) / per_image
