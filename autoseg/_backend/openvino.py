"""Networks in OpenVINO, whatever the backend of Keras is.

Keras's own OpenVINO backend wraps each convolution into two transpositions, on which it spends more time than on the
convolutions. Here a network is written down anew with channels first, layer by layer, and compiled for one size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as opset

from autoseg._backend.layer_writers import LayerWriters
from autoseg.errors import BackendError

Tensor = Any
_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
_writes = LayerWriters("OpenVINO cannot run")


class CompiledNetwork:
    """A network for images of one size, ready to run: float32 (1, rows, columns, channels) in, and out by name."""

    def __init__(self, model: openvino.Model, names: Sequence[str], size: tuple[int, int], device: str, precision: str):
        self.size, self.names = size, names
        model = model.clone()
        model.reshape([1, model.inputs[0].partial_shape[1].get_length(), *size])
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _PRECISIONS[precision],
        }
        if (threads := os.environ.get("OMP_NUM_THREADS", "")).isdigit():  # as other libraries, which it does not heed
            settings["INFERENCE_NUM_THREADS"] = int(threads)
        self._request = openvino.Core().compile_model(model, device, settings).create_infer_request()

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The network's outputs for one image of that size."""
        x = np.ascontiguousarray(np.moveaxis(images, -1, 1), np.float32)
        found = self._request.infer({0: x}, share_inputs=True, share_outputs=True)
        # The next call would write into the shared outputs.
        return {name: np.moveaxis(found[place], 1, -1).copy() for place, name in enumerate(self.names)}


def find_device(name: str, precision: str) -> str:
    """OpenVINO's name of a device that Keras calls "cpu" or "gpu:0", if it is there and can compute so."""
    core, device = openvino.Core(), name.upper().replace(":", ".")
    known = core.available_devices
    if device not in known:
        raise BackendError(f'OpenVINO has no device "{name}"', advice=f"Choose one of {', '.join(known).lower()}.")
    if precision == "bfloat16" and "BF16" not in core.get_property(device, "OPTIMIZATION_CAPABILITIES"):
        raise BackendError("this processor cannot compute in bfloat16", advice="Set precision to float32.")
    return device


def image_input(channels: int) -> Tensor:
    """Where images of any size go in."""
    return opset.parameter([1, channels, -1, -1], np.float32)


def finish(x: Tensor, outputs: Mapping[str, Tensor]) -> openvino.Model:
    """The model that computes these outputs, in this order, from the input `x`."""
    return openvino.Model([opset.result(y) for y in outputs.values()], [x])


def save(path: Path, name: str, channels: int, compute: Callable[[Tensor], Mapping[str, Tensor]]) -> None:
    """Write `compute(images)`, the outputs by name, as a file for float32 images (batch, rows, columns, channels)."""
    images = opset.parameter([-1, -1, -1, channels], np.float32, name=name)
    images.output(0).set_names({name})
    results = []
    for output, y in compute(opset.transpose(images, [0, 3, 1, 2])).items():
        last = opset.transpose(y, [0, 2, 3, 1])
        last.output(0).set_names({output})
        results.append(opset.result(last, name=output))
    openvino.save_model(openvino.Model(results, [images], name), path, compress_to_fp16=False)


def write(layer: Any, inputs: list[Tensor]) -> Tensor:
    """The layer's output, computed with channels first from those of the layers before it."""
    return _writes.find(layer)(layer, inputs)


def _constant(values: np.ndarray) -> Tensor:
    return opset.constant(np.ascontiguousarray(values, np.float32))


def _per_channel(values: np.ndarray) -> Tensor:
    return _constant(np.reshape(values, (1, -1, 1, 1)))


def _activated(layer: Any, x: Tensor) -> Tensor:
    match name := layer.activation.__name__:
        case "linear":
            return x
        case "relu" | "sigmoid" | "tanh":
            return getattr(opset, name)(x)
        case "softmax":
            return opset.softmax(x, axis=1)
    raise _writes.unknown(layer, f"with the activation {name}")


@_writes("Conv2D")
def _convolution(layer: Any, inputs: list[Tensor]) -> Tensor:
    if layer.groups != 1 or layer.data_format != "channels_last":
        raise _writes.unknown(layer, "with groups or with channels first")
    kernel, *bias = layer.get_weights()
    y = opset.convolution(
        inputs[0], _constant(kernel.transpose(3, 2, 0, 1)), list(layer.strides), [0, 0], [0, 0],
        list(layer.dilation_rate), "same_upper" if layer.padding == "same" else "valid",
    )  # fmt: skip
    return _activated(layer, opset.add(y, _per_channel(bias[0])) if bias else y)


@_writes("Conv2DTranspose")
def _transposed_convolution(layer: Any, inputs: list[Tensor]) -> Tensor:
    if layer.padding != "valid" or layer.dilation_rate != (1, 1) or min(layer.kernel_size) < max(layer.strides):
        raise _writes.unknown(layer, "but one without padding or dilation, and a kernel as large as its stride")
    kernel, *bias = layer.get_weights()
    y = opset.convolution_backprop_data(
        inputs[0], _constant(kernel.transpose(3, 2, 0, 1)), list(layer.strides), pads_begin=[0, 0], pads_end=[0, 0]
    )
    return _activated(layer, opset.add(y, _per_channel(bias[0])) if bias else y)


@_writes("BatchNormalization")
def _batch_normalization(layer: Any, inputs: list[Tensor]) -> Tensor:
    weights = layer.get_weights()
    factor = weights.pop(0) if layer.scale else np.float32(1)
    shift = weights.pop(0) if layer.center else np.float32(0)
    mean, variance = weights
    factor = factor / np.sqrt(variance + layer.epsilon)
    return opset.add(opset.multiply(inputs[0], _per_channel(factor)), _per_channel(shift - mean * factor))


@_writes("InstanceNormalization")
def _instance_normalization(layer: Any, inputs: list[Tensor]) -> Tensor:
    gamma, beta = layer.get_weights()
    axes = opset.constant(np.array([2, 3]))
    y = opset.mvn(inputs[0], axes, normalize_variance=True, eps=layer.epsilon, eps_mode="inside_sqrt")
    return opset.add(opset.multiply(y, _per_channel(gamma)), _per_channel(beta))


@_writes("Activation")
def _activation(layer: Any, inputs: list[Tensor]) -> Tensor:
    return _activated(layer, inputs[0])


@_writes("ReLU")
def _relu(layer: Any, inputs: list[Tensor]) -> Tensor:
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
        raise _writes.unknown(layer, "with a maximum, slope or threshold")
    return opset.relu(inputs[0])


@_writes("LeakyReLU")
def _leaky_relu(layer: Any, inputs: list[Tensor]) -> Tensor:
    return opset.prelu(inputs[0], _constant(np.array([layer.negative_slope])))


@_writes("Add")
def _sum(layer: Any, inputs: list[Tensor]) -> Tensor:
    first, *others = inputs
    for other in others:
        first = opset.add(first, other)
    return first


@_writes("Concatenate")
def _join(layer: Any, inputs: list[Tensor]) -> Tensor:
    if layer.axis not in (-1, 3):
        raise _writes.unknown(layer, "along other axes than the channels")
    return opset.concat(inputs, axis=1)


@_writes("MaxPooling2D")
def _largest(layer: Any, inputs: list[Tensor]) -> Tensor:
    padding = "same_upper" if layer.padding == "same" else "valid"
    strides, window = list(layer.strides), list(layer.pool_size)
    return opset.max_pool(inputs[0], strides, [1, 1], [0, 0], [0, 0], window, "floor", padding).output(0)


@_writes("UpSampling2D", "BilinearUpsampling")
def _enlarged(layer: Any, inputs: list[Tensor]) -> Tensor:
    nearest = getattr(layer, "interpolation", "bilinear") == "nearest"
    factors = _constant(np.array(getattr(layer, "size", (2, 2))))
    return opset.interpolate(
        inputs[0], factors, mode="nearest" if nearest else "linear_onnx", shape_calculation_mode="scales",
        coordinate_transformation_mode="asymmetric" if nearest else "half_pixel", nearest_mode="floor",
        axes=opset.constant(np.array([2, 3])),
    )  # fmt: skip


@_writes("ZeroPadding2D")
def _padded(layer: Any, inputs: list[Tensor]) -> Tensor:
    return _pad(inputs[0], layer.padding, "constant")


@_writes("ReflectionPadding")
def _reflected(layer: Any, inputs: list[Tensor]) -> Tensor:
    return _pad(inputs[0], ((layer.width,) * 2,) * 2, "reflect")


def _pad(x: Tensor, margins: Sequence[tuple[int, int]], mode: str) -> Tensor:
    before, after = ([0, 0, *side] for side in zip(*margins, strict=True))
    return opset.pad(x, opset.constant(np.array(before)), opset.constant(np.array(after)), mode)


@_writes("Cropping2D")
def _cropped(layer: Any, inputs: list[Tensor]) -> Tensor:
    (top, bottom), (left, right) = layer.cropping
    ends = [-bottom or 2**31 - 1, -right or 2**31 - 1]
    start, stop, step, axes = (opset.constant(np.array(v)) for v in ([top, left], ends, [1, 1], [2, 3]))
    return opset.slice(inputs[0], start, stop, step, axes)


@_writes("Dropout", "GaussianNoise")
def _unchanged(layer: Any, inputs: list[Tensor]) -> Tensor:
    return inputs[0]
