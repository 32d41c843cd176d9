"""Networks as ONNX files, whatever the backend of Keras is: written down layer by layer, with channels first inside.

Keras itself writes ONNX for images of any size with TensorFlow alone, and with further packages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from autoseg._backend.layer_writers import LayerWriters

Tensor = str
_writes = LayerWriters("ONNX cannot hold")
_OPERATORS, _FORMAT = 17, 8  # of the year 2022, so that older programs read it, too


class Writer:
    """Nodes and constants of a network that takes float32 images (batch, rows, columns, channels) of any size."""

    def __init__(self, name: str, channels: int):
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.name = name
        self.input = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", "rows", "columns", channels])
        self.images = self.add("Transpose", name, perm=[0, 3, 1, 2])

    def add(self, kind: str, *inputs: Tensor, **settings: Any) -> Tensor:
        """What a node computes from these inputs."""
        target = f"tensor{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [target], **settings))
        return target

    def constant(self, values: Any, kind: type = np.float32) -> Tensor:
        """Numbers that never change."""
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, kind), name))
        return name

    def per_channel(self, values: np.ndarray) -> Tensor:
        """One number for each channel."""
        return self.constant(np.reshape(values, (1, -1, 1, 1)))

    def write(self, layer: Any, inputs: list[Tensor]) -> Tensor:
        """The layer's output, computed from those of the layers before it."""
        return _writes.find(layer)(self, layer, inputs)

    def finish(self, outputs: Mapping[str, Tensor], channels: Mapping[str, int]) -> Any:
        """The checked model that has these outputs, channels last, under their names."""
        found = []
        for name, tensor in outputs.items():
            self.nodes.append(helper.make_node("Transpose", [tensor], [name], perm=[0, 2, 3, 1]))
            shape = ["batch", None, None, channels[name]]
            found.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
        graph = helper.make_graph(self.nodes, "network", [self.input], found, self.constants)
        versions = [helper.make_opsetid("", _OPERATORS)]
        model = helper.make_model(graph, producer_name="autoseg", opset_imports=versions, ir_version=_FORMAT)
        onnx.checker.check_model(model, full_check=True)
        return model


def _activated(writer: Writer, layer: Any, x: Tensor) -> Tensor:
    match name := layer.activation.__name__:
        case "linear":
            return x
        case "relu" | "sigmoid" | "tanh":
            return writer.add(name.capitalize(), x)
        case "softmax":
            return writer.add("Softmax", x, axis=1)
    raise _writes.unknown(layer, f"with the activation {name}")


def _auto_pad(layer: Any) -> str:
    return "SAME_UPPER" if layer.padding == "same" else "VALID"


@_writes("Conv2D")
def _convolution(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    if layer.groups != 1 or layer.data_format != "channels_last":
        raise _writes.unknown(layer, "with groups or with channels first")
    kernel, *bias = layer.get_weights()
    weights = [writer.constant(kernel.transpose(3, 2, 0, 1)), *map(writer.constant, bias)]
    settings = {"strides": layer.strides, "dilations": layer.dilation_rate, "auto_pad": _auto_pad(layer)}
    return _activated(writer, layer, writer.add("Conv", inputs[0], *weights, **settings))


@_writes("Conv2DTranspose")
def _transposed_convolution(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    if layer.padding != "valid" or layer.dilation_rate != (1, 1) or min(layer.kernel_size) < max(layer.strides):
        raise _writes.unknown(layer, "but one without padding or dilation, and a kernel as large as its stride")
    kernel, *bias = layer.get_weights()
    weights = [writer.constant(kernel.transpose(3, 2, 0, 1)), *map(writer.constant, bias)]
    return _activated(writer, layer, writer.add("ConvTranspose", inputs[0], *weights, strides=layer.strides))


@_writes("BatchNormalization")
def _batch_normalization(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    weights = layer.get_weights()
    factor = weights.pop(0) if layer.scale else np.float32(1)
    shift = weights.pop(0) if layer.center else np.float32(0)
    mean, variance = weights
    factor = factor / np.sqrt(variance + layer.epsilon)
    scaled = writer.add("Mul", inputs[0], writer.per_channel(factor))
    return writer.add("Add", scaled, writer.per_channel(shift - mean * factor))


@_writes("InstanceNormalization")
def _instance_normalization(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    gamma, beta = map(writer.constant, layer.get_weights())
    return writer.add("InstanceNormalization", inputs[0], gamma, beta, epsilon=layer.epsilon)


@_writes("Activation")
def _activation(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    return _activated(writer, layer, inputs[0])


@_writes("ReLU")
def _relu(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
        raise _writes.unknown(layer, "with a maximum, slope or threshold")
    return writer.add("Relu", inputs[0])


@_writes("LeakyReLU")
def _leaky_relu(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    return writer.add("LeakyRelu", inputs[0], alpha=float(layer.negative_slope))


@_writes("Add")
def _sum(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    return writer.add("Sum", *inputs)


@_writes("Concatenate")
def _join(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    if layer.axis not in (-1, 3):
        raise _writes.unknown(layer, "along other axes than the channels")
    return writer.add("Concat", *inputs, axis=1)


@_writes("MaxPooling2D")
def _largest(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    settings = {"kernel_shape": layer.pool_size, "strides": layer.strides, "auto_pad": _auto_pad(layer)}
    return writer.add("MaxPool", inputs[0], **settings)


@_writes("UpSampling2D", "BilinearUpsampling")
def _enlarged(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    nearest = getattr(layer, "interpolation", "bilinear") == "nearest"
    scales = writer.constant([1, 1, *getattr(layer, "size", (2, 2))])
    settings = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    settings = settings if nearest else {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    return writer.add("Resize", inputs[0], "", scales, **settings)


@_writes("ZeroPadding2D")
def _padded(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    return _pad(writer, inputs[0], layer.padding, "constant")


@_writes("ReflectionPadding")
def _reflected(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    return _pad(writer, inputs[0], ((layer.width,) * 2,) * 2, "reflect")


def _pad(writer: Writer, x: Tensor, margins: Sequence[tuple[int, int]], mode: str) -> Tensor:
    before, after = zip(*margins, strict=True)
    return writer.add("Pad", x, writer.constant([0, 0, *before, 0, 0, *after], np.int64), mode=mode)


@_writes("Cropping2D")
def _cropped(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    (top, bottom), (left, right) = layer.cropping
    ends = [-bottom or 2**31 - 1, -right or 2**31 - 1]
    places = [writer.constant(values, np.int64) for values in ([top, left], ends, [2, 3])]
    return writer.add("Slice", inputs[0], *places)


@_writes("Dropout", "GaussianNoise")
def _unchanged(writer: Writer, layer: Any, inputs: list[Tensor]) -> Tensor:
    return inputs[0]
