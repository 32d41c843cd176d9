"""What the adversarial trainers minimize, besides what is theirs alone. Images are in -1..1; all losses are scalars."""

from __future__ import annotations

from typing import Any

from autoseg._backend import ops

Tensor = Any


def squared_distance(scores: Tensor, target: float) -> Tensor:
    """Mean square of what separates a discriminator's scores from `target` (least-squares GAN, Mao et al. 2017).

    >>> float(squared_distance(ops.convert_to_tensor([0.0, 2.0, 4.0]), 1.0))
    3.66666...
    """
    return ops.mean(ops.square(scores - target))


def absolute_difference(images: Tensor, others: Tensor) -> Tensor:
    """Mean absolute difference of two batches of images of one shape.

    >>> float(absolute_difference(ops.convert_to_tensor([1.0, 1.0]), ops.convert_to_tensor([-0.5, 1.0])))
    0.75
    """
    return ops.mean(ops.abs(images - others))


def cycle_cross_entropy(masks: Tensor, predicted: Tensor) -> Tensor:
    """Mean binary cross-entropy of predicted masks, where -1 stands for the probability 0, and 1 for 1.

    So the tanh of a generator counts as the sigmoid that it is: (tanh(x) + 1) / 2 = sigmoid(2x).

    >>> float(cycle_cross_entropy(ops.convert_to_tensor([-1.0, 1.0]), ops.convert_to_tensor([-0.5, 0.5])))  # -log(0.75)
    0.28768...
    """
    return ops.mean(ops.binary_crossentropy((masks + 1) / 2, (predicted + 1) / 2))
