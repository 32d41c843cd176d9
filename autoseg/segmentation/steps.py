"""A network as the list of its steps: what is computed from what, and what can be forgotten after each of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autoseg._backend import keras
from autoseg.errors import ModelError


@dataclass(frozen=True)
class Step:
    """One layer of a network at work. Tensors are numbers here; 0 is the network's input."""

    layer: keras.Layer
    sources: tuple[int, ...]
    target: int
    forgotten: tuple[int, ...] = ()
    "Tensors that no later step reads."


def list_steps(network: keras.Model) -> list[Step]:
    """The steps of a network with one input and one output, in the order they are computed; the last gives the output.

    >>> from autoseg.networks import build
    >>> steps = list_steps(build("unet", filters=(4, 8)))
    >>> [(step.layer.name, step.sources, step.target) for step in steps][:2]
    [('encoder1_convolution1', (0,), 1), ('encoder1_normalization1', (1,), 2)]
    """
    if len(network.inputs) != 1 or not isinstance(network.output_shape, tuple):
        raise ModelError(f'the network "{network.name}" does not have exactly one input and one output')
    steps: list[Step] = []

    def recorded(layer: Any) -> Callable[..., int]:
        def record(*arguments: Any, **_: Any) -> int:
            steps.append(Step(layer, tuple(keras.tree.flatten(arguments)), len(steps) + 1))
            return len(steps)

        return record

    output = network._run_through_graph([0], operation_fn=recorded)
    return _with_forgotten(steps[: keras.tree.flatten(output)[0]])


def _with_forgotten(steps: Sequence[Step]) -> list[Step]:
    last_use = {source: number for number, step in enumerate(steps) for source in step.sources}
    ends: dict[int, list[int]] = {}
    for source, number in last_use.items():
        ends.setdefault(number, []).append(source)
    return [Step(s.layer, s.sources, s.target, tuple(ends.get(number, ()))) for number, s in enumerate(steps)]


def run(steps: Sequence[Step], x: Any, compute: Callable[[keras.Layer, list[Any]], Any]) -> Any:
    """The network's output for the input `x`, where `compute(layer, inputs)` does a step; keeps only what is needed."""
    values = {0: x}
    for step in steps:
        values[step.target] = compute(step.layer, [values[source] for source in step.sources])
        for tensor in step.forgotten:
            del values[tensor]
    return values[steps[-1].target]


def count_bytes(steps: Sequence[Step], shape: tuple[int, int, int, int]) -> int:
    """The most that `run` keeps at a time of an input (images, rows, columns, channels) and of what comes of it.

    All of it is float32: 4 bytes a number. What a layer needs for itself while it computes is not known here.

    >>> from autoseg.networks import build
    >>> count_bytes(list_steps(build("unet", filters=(4, 8))), (1, 32, 64, 1)) // (4 * 32 * 64)
    24
    """
    shapes: dict[int, tuple[int, ...]] = {0: shape}
    most = 0
    for step in steps:
        sources = [shapes[source] for source in step.sources]
        shapes[step.target] = step.layer.compute_output_shape(sources if len(sources) > 1 else sources[0])
        most = max(most, 4 * sum(map(math.prod, shapes.values())))
        for tensor in step.forgotten:
            del shapes[tensor]
    return most
