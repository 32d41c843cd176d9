"""How far a network looks: from which pixels of the image it predicts one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autoseg.segmentation.steps import Step

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


def measure_reach(steps: Sequence[Step]) -> int | None:
    """Half the width in pixels of what the network looks at to predict a pixel; None where that is the whole image.

    >>> from autoseg.networks import build
    >>> from autoseg.segmentation.steps import list_steps
    >>> measure_reach(list_steps(build("unet", filters=(4, 8), up="transposed")))
    9
    """
    reaches = [_reach_along(axis, steps) for axis in (0, 1)]
    return None if None in reaches else max(reach for reach in reaches if reach is not None)


def _reach_along(axis: int, steps: Sequence[Step]) -> int | None:
    windows: dict[int, _Window] = {0: _Window()}
    for step in steps:
        sources = [windows[source] for source in step.sources]
        joined = _Window(sources[0].jump, min(window.low for window in sources), max(window.high for window in sources))
        window = _after(step.layer, joined, axis)
        if window is None:
            return None
        windows[step.target] = window
    window = windows[steps[-1].target]
    return math.ceil(max(-window.low, window.high))


def _after(layer: Any, window: _Window, axis: int) -> _Window | None:
    """The window of a layer's output; None where each of its elements comes of the whole image, or nobody knows."""
    match kind := type(layer).__name__:
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
