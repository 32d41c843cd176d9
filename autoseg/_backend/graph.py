"""A network as the list of its steps: what is computed from what, and what can be forgotten after each of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autoseg.errors import ModelError

if TYPE_CHECKING:
    from autoseg._backend.loading import keras


@dataclass(frozen=True)
class Step:
    """One call of a layer. Tensors are told apart by numbers; 0 is the network's input."""

    layer: keras.Layer
    sources: tuple[int, ...]
    target: int
    forgotten: tuple[int, ...] = ()
    "Tensors that no later step reads, and that are no outputs."


@dataclass(frozen=True)
class Graph:
    """The steps of a network in the order in which they are computed, and which tensor each output is."""

    steps: tuple[Step, ...]
    outputs: Mapping[str, int]


def read_graph(network: keras.Model) -> Graph:
    """The graph of a network with one input, as `autoseg.networks` makes them."""
    if isinstance(known := getattr(network, "graph", None), Graph):  # drawn without Keras
        return known
    from autoseg._backend.loading import keras

    names = tuple(getattr(network, "prediction_channels", ()))
    if len(network.inputs) != 1 or not names:
        raise ModelError(f'the network "{network.name}" was not made by autoseg.networks, or does not take one image')
    steps: list[Step] = []

    def recorded(layer: Any) -> Callable[..., int]:
        def record(*arguments: Any, **_: Any) -> int:
            steps.append(Step(layer, tuple(keras.tree.flatten(arguments)), len(steps) + 1))
            return len(steps)

        return record

    found = network._run_through_graph([0], operation_fn=recorded)
    tensors = by_name(found, names)
    outputs = {name: int(tensors[name]) for name in names}
    return Graph(with_forgotten(steps[: max(outputs.values())], set(outputs.values())), outputs)


def by_name(found: Any, names: Iterable[str]) -> dict[str, Any]:
    """What a network gives, by the names of its outputs: Keras does not name the output of one that has no other."""
    if isinstance(found, dict):
        return found
    return dict(zip(names, found if isinstance(found, list | tuple) else [found], strict=True))


def with_forgotten(steps: Sequence[Step], kept: set[int]) -> tuple[Step, ...]:
    """The steps, each with the tensors that nothing reads after it, but for those that are kept."""
    last_use = {source: number for number, step in enumerate(steps) for source in step.sources}
    ends: dict[int, list[int]] = {}
    for source, number in last_use.items():
        if source not in kept:
            ends.setdefault(number, []).append(source)
    return tuple(Step(s.layer, s.sources, s.target, tuple(ends.get(number, ()))) for number, s in enumerate(steps))


def run(graph: Graph, x: Any, compute: Callable[[keras.Layer, list[Any]], Any]) -> dict[str, Any]:
    """The outputs for the input `x` by name, where `compute(layer, inputs)` does a step; keeps only what is needed."""
    values = {0: x}
    for step in graph.steps:
        values[step.target] = compute(step.layer, [values[source] for source in step.sources])
        for tensor in step.forgotten:
            del values[tensor]
    return {name: values[tensor] for name, tensor in graph.outputs.items()}


def count_bytes(graph: Graph, shape: tuple[int, int, int, int]) -> int:
    """The most that `run` keeps at a time of an input (images, rows, columns, channels) and of what comes of it.

    All of it is float32: 4 bytes a number. What a layer needs for itself while it computes is not known here.

    >>> from types import SimpleNamespace
    >>> twice = SimpleNamespace(compute_output_shape=lambda shape: (*shape[:3], 2 * shape[3]))
    >>> count_bytes(Graph((Step(twice, (0,), 1),), {"foreground": 1}), (1, 32, 64, 1)) // (4 * 32 * 64)
    3
    """
    shapes: dict[int, tuple[int, ...]] = {0: shape}
    most = 0
    for step in graph.steps:
        sources = [shapes[source] for source in step.sources]
        shapes[step.target] = step.layer.compute_output_shape(sources if len(sources) > 1 else sources[0])
        most = max(most, 4 * sum(map(math.prod, shapes.values())))
        for tensor in step.forgotten:
            del shapes[tensor]
    return most
