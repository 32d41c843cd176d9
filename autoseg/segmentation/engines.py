"""What a network runs on: its own backend, or OpenVINO. The same call, and an estimate of the memory beforehand."""

from __future__ import annotations

import importlib
import math
from abc import ABC, abstractmethod
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from autoseg._backend import openvino
from autoseg._backend.graph import count_bytes, read_graph, run
from autoseg._backend.plain import PlainNetwork
from autoseg.backends import settled_backend
from autoseg.errors import BackendError

if TYPE_CHECKING:
    from autoseg._backend import keras

Network: TypeAlias = "keras.Model | PlainNetwork"
Precision = Literal["float32", "bfloat16"]
EngineName = Literal["auto", "backend", "openvino"]

_OPENVINO_OVERHEAD: dict[Precision, float] = {"float32": 1.5, "bfloat16": 0.8}  # as in autoseg._backend.prediction
_SMALL, _FEW = 2**18, 8  # pixels of small images, and how many sizes of these stay compiled


class Engine(ABC):
    """Runs a network on images of the sizes that it takes, float32 (1, rows, columns, channels) in and out."""

    name: str
    "What reports call it."

    def __init__(self, network: Network):
        self.network = network
        self.graph = read_graph(network)

    @abstractmethod
    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The network's outputs for one image, by name."""

    @property
    @abstractmethod
    def overhead(self) -> float:
        """Bytes taken from the system for each byte of the tensors that have to be kept at a time."""

    def estimate_memory(self, rows: int, columns: int) -> float:
        """Bytes that predicting an image of this size takes, beyond what the process has already."""
        return self._bytes_per_pixel * rows * columns

    @cached_property
    def _bytes_per_pixel(self) -> float:
        edge = 64 * self.network.size_multiple  # so many that what layers pad does not count
        return self.overhead * count_bytes(self.graph, (1, edge, edge, self.network.input_shape[-1])) / edge**2


class BackendEngine(Engine):
    """The backend of this process, with the network's weights as they are at each call."""

    def __init__(self, network: Network, device: str | None = None):
        network = network.in_keras() if isinstance(network, PlainNetwork) else network
        super().__init__(network)
        self._backend = prediction()
        self.name, self.device = self._backend.BACKEND, device

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        return self._backend.predict(self.network, self.graph, images, self.device)

    @property
    def overhead(self) -> float:
        return self._backend.memory_overhead()


class OpenVINOEngine(Engine):
    """OpenVINO, in a process with any backend, with the weights that the network had when this was made."""

    name = "openvino"

    def __init__(self, network: Network, precision: Precision = "float32", device: str | None = None):
        super().__init__(network)
        self.precision = precision
        self.device = openvino.find_device(device or "cpu", precision)
        inputs = openvino.image_input(network.input_shape[-1])
        self._model = openvino.finish(inputs, run(self.graph, inputs, openvino.write))
        self._compiled: dict[tuple[int, int], openvino.CompiledNetwork] = {}

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        size, names = images.shape[1:3], tuple(self.graph.outputs)
        if size not in self._compiled:
            self._make_room(size)
            self._compiled[size] = openvino.CompiledNetwork(self._model, names, size, self.device, self.precision)
        return self._compiled[size](images)

    def _make_room(self, size: tuple[int, int]) -> None:
        """Each size is compiled for itself, and keeps memory: of large ones only the last is kept, of small ones some.

        Images of one size are seen in views of few sizes, which come again and again.
        """
        is_small = math.prod(size) <= _SMALL
        alike = [other for other in self._compiled if (math.prod(other) <= _SMALL) == is_small]
        for other in alike[: max(len(alike) + 1 - (_FEW if is_small else 1), 0)]:
            del self._compiled[other]

    @property
    def overhead(self) -> float:
        return _OPENVINO_OVERHEAD[self.precision]


def prediction() -> ModuleType:
    """What runs networks in Keras, which is imported only here."""
    return importlib.import_module("autoseg._backend.prediction")


def _is_processor(device: str | None) -> bool:
    """Whether a device, or what the backend uses where none is named, is the processor."""
    if settled_backend() == "openvino":
        return (device or "cpu").lower().startswith("cpu")
    return prediction().runs_on_processor(device)


def choose_engine(
    network: Network, engine: EngineName = "auto", precision: Precision = "float32", device: str | None = None
) -> Engine:
    """The engine of this name for a network.

    auto: OpenVINO on the processor, where it beats every backend in time and memory; the backend on any other device.

    >>> from autoseg.networks import build
    >>> type(choose_engine(build("unet", filters=(4, 8)), "openvino")).__name__
    'OpenVINOEngine'
    """
    if engine == "backend" and precision != "float32":
        raise BackendError(f"{precision} needs OpenVINO", advice='Set engine to "openvino" or "auto".')
    if engine == "openvino" or (engine == "auto" and (precision != "float32" or _is_processor(device))):
        return OpenVINOEngine(network, precision, device)
    return BackendEngine(network, device)
