"""Networks without Keras: what OpenVINO needs of their layers, with weights straight from a file that Keras has saved.

Importing Keras takes longer, and more memory, than segmenting a small image.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np

from autoseg._backend.graph import Graph, Step, with_forgotten

_EPSILON = 1e-3  # of both normalizations
_GROUPS = {"Conv2D": "conv2d", "Conv2DTranspose": "conv2d_transpose"} | {
    f"{kind}Normalization": f"{kind.lower()}_normalization" for kind in ("Batch", "Instance")
}
"How Keras calls the groups of weights in a file: by the kind of layer, and counted."


class PlainLayer(SimpleNamespace):
    """A layer with the names that Keras gives to what it is made of; `kind` is the name of its class there."""

    kind: str
    name: str
    channels: int
    weights: Sequence[np.ndarray]
    resized: Callable[[int], int]

    def get_weights(self) -> list[np.ndarray]:
        """As Keras lists them."""
        return list(self.weights)

    def compute_output_shape(self, shape: Any) -> tuple[int, ...]:
        """Of an image (n, rows, columns, channels), or of the first of several."""
        n, rows, columns, _ = shape[0] if isinstance(shape, list) else shape
        return (n, self.resized(rows), self.resized(columns), self.channels)


@dataclass(frozen=True, eq=False)
class PlainNetwork:
    """A network that OpenVINO can run; whatever else is asked of one is asked of `in_keras()`."""

    name: str
    graph: Graph
    input_channels: int
    size_multiple: int
    prediction_channels: Mapping[str, int]
    in_keras: Callable[[], Any] = field(repr=False)
    "Builds the same network in Keras."

    @property
    def input_shape(self) -> tuple[Any, ...]:
        """As Keras tells it."""
        return (None, None, None, self.input_channels)


@dataclass(frozen=True)
class _Drawn:
    """What a layer gives: its number, and how many channels it has."""

    number: int
    channels: int


class PlainPen:
    """Draws layers without Keras, see `autoseg.networks.unet_plan.Pen`; their weights come from a file."""

    def __init__(self, weights: Path):
        self._file = _read_arrays(weights)
        self._counts: Counter[str] = Counter()
        self._steps: list[Step] = []

    def image(self, channels: int) -> _Drawn:
        """What the network is drawn upon."""
        return _Drawn(0, channels)

    def finish(self, outputs: Mapping[str, _Drawn]) -> Graph:
        """The graph of all that was drawn; raises ValueError if the file has more weights than that."""
        if self._file:
            raise ValueError(f"{len(self._file)} arrays too many")
        kept = {name: drawn.number for name, drawn in outputs.items()}
        return Graph(with_forgotten(self._steps, set(kept.values())), kept)

    def convolution(self, x: _Drawn, filters: int, size: int, *, name: str, use_bias: bool = False) -> _Drawn:
        return self._convolution(x, filters, size, name, "same", 1, use_bias)

    def strided_convolution(self, x: _Drawn, filters: int, size: int, *, name: str) -> _Drawn:
        margin = ((size - 2) // 2, (size - 1) // 2)
        padding = {"padding": (margin, margin), "resized": lambda length: length + sum(margin)}
        x = self._draw("ZeroPadding2D", [x], x.channels, f"{name}_padding", **padding)
        return self._convolution(x, filters, size, name, "valid", 2, False)

    def transposed_convolution(self, x: _Drawn, filters: int, *, name: str) -> _Drawn:
        weights = self._weights("Conv2DTranspose", [(2, 2, filters, x.channels), (filters,)])
        settings = {**_convolved(2, "valid", 2), "weights": weights, "resized": _doubled}
        return self._draw("Conv2DTranspose", [x], filters, name, **settings)

    def normalization(self, x: _Drawn, norm: str, *, name: str) -> _Drawn:
        kind = f"{norm.capitalize()}Normalization"
        weights = self._weights(kind, [(x.channels,)] * (4 if norm == "batch" else 2))
        return self._draw(kind, [x], x.channels, name, weights=weights, scale=True, center=True, epsilon=_EPSILON)

    def relu(self, x: _Drawn, *, name: str) -> _Drawn:
        return self._draw("ReLU", [x], x.channels, name, max_value=None, negative_slope=0, threshold=0)

    def pooling(self, x: _Drawn, *, name: str) -> _Drawn:
        settings = {"pool_size": (2, 2), "strides": (2, 2), "padding": "valid", "resized": lambda length: length // 2}
        return self._draw("MaxPooling2D", [x], x.channels, name, **settings)

    def upsampling(self, x: _Drawn, *, name: str) -> _Drawn:
        return self._draw("BilinearUpsampling", [x], x.channels, name, resized=_doubled)

    def join(self, parts: Sequence[_Drawn], *, name: str) -> _Drawn:
        return self._draw("Concatenate", parts, sum(part.channels for part in parts), name, axis=-1)

    def output(self, x: _Drawn, activation: str, *, name: str) -> _Drawn:
        return self._draw("Activation", [x], x.channels, name, activation=SimpleNamespace(__name__=activation))

    def _convolution(
        self, x: _Drawn, filters: int, size: int, name: str, padding: str, stride: int, use_bias: bool
    ) -> _Drawn:
        shapes = [(size, size, x.channels, filters), *([(filters,)] if use_bias else [])]
        settings = {**_convolved(size, padding, stride), "weights": self._weights("Conv2D", shapes)}
        if padding == "valid":
            settings["resized"] = lambda length: (length - size) // stride + 1
        return self._draw("Conv2D", [x], filters, name, **settings)

    def _draw(self, kind: str, inputs: Sequence[_Drawn], channels: int, name: str, **settings: Any) -> _Drawn:
        usual: dict[str, Any] = {"weights": (), "resized": _unchanged}
        layer: Any = PlainLayer(kind=kind, name=name, channels=channels, **usual | settings)
        target = len(self._steps) + 1
        self._steps.append(Step(layer, tuple(drawn.number for drawn in inputs), target))
        return _Drawn(target, channels)

    def _weights(self, kind: str, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
        """The weights of the next layer of this kind; raises ValueError if the file has none of these shapes."""
        group, count = _GROUPS[kind], self._counts[kind]
        self._counts[kind] += 1
        prefix = f"layers/{group}_{count}" if count else f"layers/{group}"
        arrays = [self._file.pop(f"{prefix}/vars/{number}", None) for number in range(len(shapes))]
        found = [None if array is None else array.shape for array in arrays]
        if found != list(shapes):
            raise ValueError(f"{prefix} has arrays of shape {found}, not {list(shapes)}")
        return [np.asarray(array, np.float32) for array in arrays]


def _convolved(size: int, padding: str, stride: int) -> dict[str, Any]:
    return {
        "kernel_size": (size, size),
        "strides": (stride, stride),
        "padding": padding,
        "dilation_rate": (1, 1),
        "groups": 1,
        "data_format": "channels_last",
        "activation": SimpleNamespace(__name__="linear"),
    }


def _unchanged(length: int) -> int:
    return length


def _doubled(length: int) -> int:
    return 2 * length


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file by their names; raises ValueError where one is not of numbers."""
    found: dict[str, np.ndarray] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            if item.dtype.kind != "f" or item.external or item.is_virtual or math.prod(item.shape) > 2**28:
                raise ValueError(f"{name} holds no weights")
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(take)
    return found
