"""What a segmenter of particles minimizes. Every loss takes (n, height, width, channels) and gives (n,).

Targets and predictions are probabilities. Behind its channels the truth may carry as many with the weights of their
pixels, as `make_targets(..., weighted=True)` writes them.
"""

from __future__ import annotations

from typing import Any, Literal

from autoseg._backend import ops

Tensor = Any

DISTANCE_WEIGHT, OVERLAP_WEIGHT = 2.0, 0.3

_EPSILON = 1e-7  # keeps logarithms finite; float32 still tells 1 - 1e-7 from 1


def binary_cross_entropy(truth: Tensor, predicted: Tensor, foreground_weight: float | Literal["batch"] = 1.0) -> Tensor:
    """Binary cross-entropy, in which foreground counts `foreground_weight` times as much as background.

    "batch" takes the number of background pixels for each foreground pixel of the batch, by their weights.

    >>> truth, predicted = (ops.convert_to_tensor([[[[y]]]]) for y in (1.0, 0.5))
    >>> float(binary_cross_entropy(truth, predicted, foreground_weight=2.0)[0])  # 2 log 2
    1.38629...
    """
    truth, predicted, weights = parted(truth, predicted)
    factor: Tensor = foreground_weight
    if foreground_weight == "batch":
        factor = ops.sum(weights * (1 - truth)) / ops.maximum(ops.sum(weights * truth), 1.0)
    emphasis = 1 + (factor - 1) * truth
    return _mean(_pixel_cross_entropy(truth, predicted) * weights * emphasis)


def dice(truth: Tensor, predicted: Tensor) -> Tensor:
    """One minus the soft Dice coefficient of each sample, averaged over channels.

    An empty truth is missed by how much is predicted in comparison with a single pixel.

    >>> truth, predicted = (ops.convert_to_tensor([[[[y], [0.0]]]]) for y in (1.0, 0.5))
    >>> round(float(dice(truth, predicted)[0]), 6)  # 1 - (2 * 0.5 + 1) / (1 + 0.5 + 1)
    0.2
    """
    truth, predicted, weights = parted(truth, predicted)
    common = ops.sum(weights * truth * predicted, axis=(1, 2))
    total = ops.sum(weights * (truth + predicted), axis=(1, 2))
    return ops.mean(1 - (2 * common + 1) / (total + 1), axis=-1)


def focal(truth: Tensor, predicted: Tensor, gamma: float = 2.0) -> Tensor:
    """Cross-entropy in which a pixel counts the less, the closer its prediction is already (Lin et al. 2017).

    >>> truth, predicted = (ops.convert_to_tensor([[[[y]]]]) for y in (1.0, 0.5))
    >>> float(focal(truth, predicted)[0])  # 0.5 ** 2 * log 2
    0.17328...
    """
    truth, predicted, weights = parted(truth, predicted)
    return _mean(_pixel_cross_entropy(truth, predicted) * weights * ops.abs(truth - predicted) ** gamma)


def instances(truth: Tensor, predicted: Tensor) -> Tensor:
    """For head "instances": cross-entropy of foreground and contact + 2 x that of the distance + 0.3 x their Dice.

    No pixel counts more than once in the Dice, but less where it is uncertain: the distance's weights tell, as no
    emphasis is in them.
    """
    truth, predicted, weights = parted(truth, predicted)
    entropy = ops.mean(_pixel_cross_entropy(truth, predicted) * weights, axis=(1, 2))
    certainty = ops.minimum(weights[..., 2:], 1.0)
    overlap = dice(ops.concatenate([truth[..., :2], certainty, certainty], axis=-1), predicted[..., :2])
    return ops.mean(entropy[:, :2], axis=-1) + DISTANCE_WEIGHT * entropy[:, 2] + OVERLAP_WEIGHT * overlap


def parted(truth: Tensor, predicted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Truth and predictions in float32, and the pixels' weights behind the truth, 1 where none are given."""
    truth, predicted = ops.cast(truth, "float32"), ops.cast(predicted, "float32")
    channels = predicted.shape[-1]
    weights = truth[..., channels:] if truth.shape[-1] > channels else ops.ones_like(predicted)
    return truth[..., :channels], predicted, weights


def _pixel_cross_entropy(truth: Tensor, predicted: Tensor) -> Tensor:
    present, absent = ops.maximum(predicted, _EPSILON), ops.maximum(1 - predicted, _EPSILON)
    return -(truth * ops.log(present) + (1 - truth) * ops.log(absent))


def _mean(values: Tensor) -> Tensor:
    return ops.mean(values, axis=(1, 2, 3))
