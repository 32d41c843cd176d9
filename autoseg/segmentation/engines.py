"""What a network runs on: its own backend, or OpenVINO. The same call, and an estimate of the memory beforehand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Literal

import numpy as np

from autoseg import _openvino
from autoseg._backend import BACKEND, devices, inference, keras, ops, to_numpy
from autoseg.errors import BackendError
from autoseg.segmentation.steps import count_bytes, list_steps, run

Precision = Literal["float32", "bfloat16"]
EngineName = Literal["auto", "backend", "openvino"]

# Bytes that a process grows by for each byte that the steps of a network need at least, measured with the published
# network: see benchmarks/inference.py.
_BACKEND_OVERHEAD = {"tensorflow": 2.5, "torch": 4.0, "jax": 4.0, "openvino": 2.2}
_OPENVINO_OVERHEAD: dict[Precision, float] = {"float32": 1.5, "bfloat16": 0.8}


class Engine(ABC):
    """Runs a network on images of the sizes that it takes, float32 (1, rows, columns, channels) in and out."""

    name: str
    "What reports call it."

    def __init__(self, network: keras.Model):
        self.network = network
        self.steps = list_steps(network)

    @abstractmethod
    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The network's output for one image."""

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
        return self.overhead * count_bytes(self.steps, (1, edge, edge, self.network.input_shape[-1])) / edge**2


class BackendEngine(Engine):
    """The backend of this process, with the network's weights as they are at each call."""

    name = BACKEND

    def __init__(self, network: keras.Model, device: str | None = None):
        super().__init__(network)
        self.device = device

    def __call__(self, images: np.ndarray) -> np.ndarray:
        with inference(self.device):
            if BACKEND == "torch":  # nothing is compiled, and Keras would keep every tensor up to the end
                return to_numpy(run(self.steps, ops.convert_to_tensor(images), _call))
            return to_numpy(self.network.predict_on_batch(images))

    @property
    def overhead(self) -> float:
        return _BACKEND_OVERHEAD[BACKEND]


def _call(layer: keras.Layer, inputs: list) -> object:
    return layer(inputs if len(inputs) > 1 else inputs[0])


class OpenVINOEngine(Engine):
    """OpenVINO, in a process with any backend, with the weights that the network had when this was made."""

    name = "openvino"

    def __init__(self, network: keras.Model, precision: Precision = "float32", device: str | None = None):
        super().__init__(network)
        self.precision = precision
        self.device = _openvino.find_device(device or "cpu", precision)
        inputs = _openvino.image_input(network.input_shape[-1])
        self._model = _openvino.finish(inputs, run(self.steps, inputs, _openvino.write))
        self._compiled: _openvino.CompiledNetwork | None = None

    def __call__(self, images: np.ndarray) -> np.ndarray:
        size = images.shape[1:3]
        if self._compiled is None or self._compiled.size != size:
            self._compiled = None  # gives its memory back before the next one takes some
            self._compiled = _openvino.CompiledNetwork(self._model, size, self.device, self.precision)
        return self._compiled(images)

    @property
    def overhead(self) -> float:
        return _OPENVINO_OVERHEAD[self.precision]


def choose_engine(
    network: keras.Model, engine: EngineName = "auto", precision: Precision = "float32", device: str | None = None
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


def _is_processor(device: str | None) -> bool:
    """Whether a device, or all that the backend has, where none is named, is the processor."""
    names = devices() if device is None and BACKEND != "openvino" else [device or "cpu"]
    return all(name.lower().startswith("cpu") for name in names)
