"""Inference: on which devices, without a graph for gradients, and with results as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from autoseg._backend.graph import Graph, by_name, run
from autoseg._backend.loading import BACKEND, keras, ops

Tensor = Any

# Bytes that a process grows by for each byte that the steps of a network need at least, measured with the published
# network: see benchmarks/inference.py.
_OVERHEAD = {"tensorflow": 2.5, "torch": 4.0, "jax": 4.0, "openvino": 2.2}

match BACKEND:
    case "tensorflow":
        import tensorflow as tf
    case "torch":
        import torch
    case "jax":
        import jax
    case "openvino":
        import openvino


def devices() -> list[str]:
    """The devices this backend can use, by its own names."""
    match BACKEND:
        case "tensorflow":
            return [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]
        case "torch":
            return ["cpu", *(f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count()))]
        case "jax":
            return [f"{device.platform}:{device.id} {device.device_kind}" for device in jax.devices()]
    return list(openvino.Core().available_devices)


@contextmanager
def inference(device: str | None = None) -> Iterator[None]:
    """Calls to networks in this block keep no graph for gradients, and run on `device` ("cpu", "gpu:0") if given."""
    without_graph = torch.no_grad() if BACKEND == "torch" else nullcontext()
    with without_graph, keras.device(device) if device else nullcontext():
        yield


def to_numpy(tensor: Tensor) -> np.ndarray:
    """The tensor as a NumPy array; bfloat16, which NumPy does not know, as float32."""
    value = tf.convert_to_tensor(tensor) if BACKEND == "tensorflow" else tensor  # reads variables of several devices
    array = np.asarray(ops.convert_to_numpy(value))
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def predict(network: keras.Model, graph: Graph, images: np.ndarray, device: str | None = None) -> dict[str, np.ndarray]:
    """What a network with this graph predicts for images (n, rows, columns, channels): each output by its name."""
    with inference(device):
        if BACKEND == "torch":  # nothing is compiled, and Keras would keep every tensor up to the end
            found = run(graph, ops.convert_to_tensor(images), _call)
        else:
            found = by_name(network.predict_on_batch(images), graph.outputs)
        return {name: to_numpy(found[name]) for name in graph.outputs}


def runs_on_processor(device: str | None) -> bool:
    """Whether a device, or all that the backend has, where none is named, is the processor."""
    names = devices() if device is None and BACKEND != "openvino" else [device or "cpu"]
    return all(name.lower().startswith("cpu") for name in names)


def memory_overhead() -> float:
    """Bytes taken from the system for each byte of the tensors that `predict` has to keep at a time."""
    return _OVERHEAD[BACKEND]


def _call(layer: keras.Layer, inputs: list) -> object:
    return layer(inputs if len(inputs) > 1 else inputs[0])
