"""The receptive field of a network: the pixels of the image from which it predicts one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from autoseg._backend.graph import Graph
from autoseg._backend.layer_writers import kind_of

_POINTWISE = {"Activation", "Add", "BatchNormalization", "Concatenate", "Dropout", "GaussianNoise", "LeakyReLU", "ReLU"}


@dataclass(frozen=True)
class _Window:
    """Element i of a tensor comes of the image's pixels `i * jump + low` to `i * jump + high`, along one axis."""

    jump: float = 1.0
    low: float = 0.0
    high: float = 0.0

    def moved(self, first: float, last: float, jump: float = 1.0) -> _Window:
        """The window of what comes of elements `i * jump + first` to `i * jump + last` of this tensor."""
        return _Window(self.jump * jump, self.low + self.jump * first, self.high + self.jump * last)


def measure_receptive_field(graph: Graph) -> int | None:
    """How many pixels to each side the network sees to predict a pixel; None where that is the whole image.

    >>> from types import SimpleNamespace
    >>> from autoseg._backend.graph import Step
    >>> settings = {"kernel_size": (5, 5), "strides": (1, 1), "dilation_rate": (1, 1), "padding": "same"}
    >>> measure_receptive_field(Graph((Step(SimpleNamespace(kind="Conv2D", **settings), (0,), 1),), {"foreground": 1}))
    2
    """
    fields = [_field_along(axis, graph) for axis in (0, 1)]
    return None if None in fields else max(field for field in fields if field is not None)


def _field_along(axis: int, graph: Graph) -> int | None:
    windows: dict[int, _Window] = {0: _Window()}
    for step in graph.steps:
        sources = [windows[source] for source in step.sources]
        joined = _Window(sources[0].jump, min(window.low for window in sources), max(window.high for window in sources))
        window = _after(step.layer, joined, axis)
        if window is None:
            return None
        windows[step.target] = window
    outputs = [windows[tensor] for tensor in graph.outputs.values()]
    return math.ceil(max(max(-window.low, window.high) for window in outputs))


def _after(layer: Any, window: _Window, axis: int) -> _Window | None:
    """The window of a layer's output; None where its elements come of the whole image, or that is not known."""
    match kind := kind_of(layer):
        case "Conv2D" | "MaxPooling2D":
            size = (layer.kernel_size if kind == "Conv2D" else layer.pool_size)[axis]
            stride = layer.strides[axis]
            last = (size - 1) * (layer.dilation_rate[axis] if kind == "Conv2D" else 1)
            # With strides, backends differ in how much of the padding "same" comes first: at most this.
            before = 0 if layer.padding == "valid" else last // 2 if stride == 1 else last
            after = last if layer.padding == "valid" or stride > 1 else last - before
            return window.moved(-before, after, stride)
        case "Conv2DTranspose":
            stride = layer.strides[axis]
            return window.moved(-(layer.kernel_size[axis] - 1) / stride, 0, 1 / stride)
        case "UpSampling2D":
            return window.moved(1 / layer.size[axis] - 1, 0, 1 / layer.size[axis])
        case "BilinearUpsampling":
            return window.moved(-1, 1, 1 / 2)
        case "ZeroPadding2D":
            return window.moved(-layer.padding[axis][0], -layer.padding[axis][0])
        case "ReflectionPadding":
            return window.moved(-layer.width, -layer.width)
        case "Cropping2D":
            return window.moved(layer.cropping[axis][0], layer.cropping[axis][0])
    return window if kind in _POINTWISE else None
