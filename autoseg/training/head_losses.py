"""Which losses a head is trained by, and how they add up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from autoseg._backend import ops
from autoseg.heads import Head, Output
from autoseg.training import class_losses, particle_losses

Tensor = Any
Loss = Callable[[Tensor, Tensor], Tensor]
LossName = Literal["cross_entropy", "dice", "batch_dice", "focal"]


def losses_of(
    head: Head, names: Mapping[LossName, float], foreground_weight: float | Literal["batch"], also_weight: float
) -> Loss | dict[str, Loss]:
    """The loss of the head's output, the sum of `names` times their weights; of several outputs, by their names.

    The head "instances" has a loss of its own. Further outputs are compared by cross-entropy, or, where they are not
    probabilities, by squared differences, and count `also_weight` times as much.
    """
    main = _main_loss(head, names, foreground_weight)
    if not head.also:
        return main
    return {head.main.name: main} | {output.name: _scaled(_loss_of(output), also_weight) for output in head.also}


def _main_loss(head: Head, names: Mapping[LossName, float], foreground_weight: float | Literal["batch"]) -> Loss:
    match head.kind:
        case "instances":
            return particle_losses.instances
        case "classes":
            known: dict[LossName, Loss] = {
                "cross_entropy": class_losses.cross_entropy,
                "dice": class_losses.dice,
                "batch_dice": class_losses.batch_dice,
                "focal": class_losses.focal,
            }
        case "mask":
            entropy = partial(particle_losses.binary_cross_entropy, foreground_weight=foreground_weight)
            known = {"cross_entropy": entropy, "dice": particle_losses.dice, "focal": particle_losses.focal}
    chosen = [_scaled(known[name], weight) for name, weight in names.items()]
    return chosen[0] if len(chosen) == 1 else lambda truth, predicted: sum(loss(truth, predicted) for loss in chosen)


def _scaled(loss: Loss, weight: float) -> Loss:
    return loss if weight == 1 else lambda truth, predicted: weight * loss(truth, predicted)


def _loss_of(output: Output) -> Loss:
    return {
        "sigmoid": particle_losses.binary_cross_entropy,
        "softmax": class_losses.cross_entropy,
        "linear": squared_difference,
    }[output.activation]


def squared_difference(truth: Tensor, predicted: Tensor) -> Tensor:
    """The mean squared difference of each sample's known pixels; as many weights may follow the truth's channels.

    >>> truth, predicted = (ops.convert_to_tensor([[[pixel]]]) for pixel in ([3.0, 1.0], [1.0]))
    >>> float(squared_difference(truth, predicted)[0])
    4.0
    """
    truth, predicted, weights = particle_losses.parted(truth, predicted)
    return ops.mean(ops.square(truth - predicted) * weights, axis=(1, 2, 3))
