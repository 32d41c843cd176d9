"""What the architectures are made of. Images are channels_last here, whatever ~/.keras/keras.json says."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, Literal, TypeVar, get_type_hints

import numpy as np
import pydantic

from autoseg._backend import keras, ops
from autoseg.errors import OptionsError
from autoseg.heads import NetworkOutput
from autoseg.networks.unet_plan import FOREGROUND, Count, Norm, Outputs  # noqa: F401 - the other architectures' types
from autoseg.options import Options

Tensor = Any
Activation = Literal["sigmoid", "softmax", "tanh", "linear"]
Function = TypeVar("Function", bound=Callable[..., Any])

# A bias would be without effect in front of a normalization: it is given only where none follows.
_LINEAR = {"use_bias": False, "kernel_initializer": "autoseg>GlorotUniform"}
_IMAGES = {"data_format": "channels_last"}
dense = partial(keras.layers.Dense, **_LINEAR)
convolution = partial(keras.layers.Conv2D, padding="same", **_LINEAR, **_IMAGES)
max_pooling = partial(keras.layers.MaxPooling2D, **_IMAGES)
nearest_upsampling = partial(keras.layers.UpSampling2D, **_IMAGES)
average_over_positions = partial(keras.layers.GlobalAveragePooling2D, **_IMAGES)


def architecture(function: Function) -> Function:
    """Decorate an architecture: its parameters are checked against its annotations, as all options are.

    The model remembers all of them, defaults included, as its `architecture`: what `networks.build` takes.
    """
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    fields: dict[str, Any] = {name: (hints[name], given.default) for name, given in signature.parameters.items()}
    parameters: type[Options] = pydantic.create_model(function.__name__, __base__=Options, **fields)

    @wraps(function)
    def checked(**values: Any) -> keras.Model:
        chosen = parameters(**values)
        model = function(**dict(chosen))
        model.architecture = {"architecture": function.__name__, **chosen.model_dump(mode="json")}
        return model

    return checked  # type: ignore[return-value]


def network(inputs: Tensor, outputs: Mapping[str, Tensor], *, name: str, size_multiple: int) -> keras.Model:
    """The finished model, whose single output comes as an array, and several as a dictionary by name.

    The height and width of its images must be multiples of its `size_multiple`; its `prediction_channels` tell the
    names of its outputs, and how many channels each has.
    """
    several = len(outputs) > 1
    model = keras.Model(inputs, dict(outputs) if several else next(iter(outputs.values())), name=name)
    model.size_multiple = size_multiple
    model.prediction_channels = {output: x.shape[-1] for output, x in outputs.items()}
    return model


def heads(
    x: Tensor, outputs: Sequence[NetworkOutput], finish: Callable[[Tensor, int, str], Tensor]
) -> dict[str, Tensor]:
    """The outputs of a segmenter by name; `finish(x, channels, name)` is its last convolution before an activation."""
    check_outputs(outputs)
    return {
        name: output_activation(activation, finish(x, channels, f"head_{name}"), name=f"head_{name}")
        for name, channels, activation in outputs
    }


def check_outputs(outputs: Sequence[NetworkOutput]) -> None:
    """Refuse outputs of one name."""
    names = [name for name, _, _ in outputs]
    if len(set(names)) < len(names):
        raise OptionsError('"outputs" must have different names')


def image_input(channels: int) -> Tensor:
    """The input for images of any size."""
    return keras.Input((None, None, channels), name="image")


def strided_convolution(x: Tensor, filters: int, size: int, *, name: str, **settings: Any) -> Tensor:
    """A convolution that halves height and width; padded explicitly, as backends differ in "same"."""
    margin = ((size - 2) // 2, (size - 1) // 2)
    x = keras.layers.ZeroPadding2D((margin, margin), name=f"{name}_padding", **_IMAGES)(x)
    return convolution(filters, size, strides=2, padding="valid", name=name, **settings)(x)


def transposed_convolution(x: Tensor, filters: int, size: int, *, name: str, **settings: Any) -> Tensor:
    """A transposed convolution that doubles height and width; cropped explicitly."""
    settings = {**_LINEAR, **_IMAGES, **settings}
    x = keras.layers.Conv2DTranspose(filters, size, strides=2, padding="valid", name=name, **settings)(x)
    excess = ((size - 2) // 2, (size - 1) // 2)
    return keras.layers.Cropping2D((excess, excess), name=f"{name}_cropping", **_IMAGES)(x) if any(excess) else x


def normalization(norm: Norm, *, name: str, **settings: Any) -> keras.Layer:
    """Batch or instance normalization."""
    if norm == "batch":
        return keras.layers.BatchNormalization(name=name, **settings)
    return InstanceNormalization(name=name, **settings)


def leaky_relu(*, name: str) -> keras.Layer:
    """The activation of the adversarial networks: a slope of 0.2 below zero."""
    return keras.layers.LeakyReLU(0.2, name=name)


def dropout(rate: float, *, name: str) -> keras.Layer:
    """Dropout with a seed. Keras would draw one as well, but on torch it then ignores it for torch's global state."""
    return keras.layers.Dropout(rate, seed=_draw_seed(), name=name)


def _draw_seed() -> int:
    """From the generator that Keras draws its own seeds from."""
    return random.randint(1, 10**9)


def output_activation(activation: Activation, x: Tensor, *, name: str) -> Tensor:
    """The last activation of a network. It computes in float32 under a mixed-precision policy, too."""
    if activation == "softmax" and x.shape[-1] < 2:
        raise OptionsError("softmax of a single channel is always 1", advice='Use "sigmoid", or more channels.')
    return keras.layers.Activation(activation, dtype="float32", name=name)(x)


@keras.saving.register_keras_serializable(package="autoseg")
class GlorotUniform(keras.initializers.Initializer):
    """Keras' default for kernels, drawn by NumPy: a seed gives the same weights on every backend.

    Building is also faster: JAX and OpenVINO would compile a random generator for every shape of a kernel.
    """

    def __init__(self, seed: int | None = None):
        self.seed = _draw_seed() if seed is None else seed

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Tensor:
        limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        return ops.convert_to_tensor(np.random.default_rng(self.seed).uniform(-limit, limit, shape), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


@keras.saving.register_keras_serializable(package="autoseg")
class BilinearUpsampling(keras.layers.Layer):
    """Doubles height and width by bilinear interpolation between the centres of pixels.

    In Keras 3.15, `UpSampling2D(interpolation="bilinear")` fails on TensorFlow as soon as sizes vary.
    """

    def call(self, x: Tensor) -> Tensor:
        _, height, width, channels = ops.shape(x)
        x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
        near = 0.75 * x[:, 1:-1]
        x = ops.stack([near + 0.25 * x[:, :-2], near + 0.25 * x[:, 2:]], axis=2)
        x = ops.reshape(x, (-1, 2 * height, width + 2, channels))
        near = 0.75 * x[:, :, 1:-1]
        x = ops.stack([near + 0.25 * x[:, :, :-2], near + 0.25 * x[:, :, 2:]], axis=3)
        return ops.reshape(x, (-1, 2 * height, 2 * width, channels))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, *sides, channels = input_shape
        return (batch, *(side and 2 * side for side in sides), channels)


@keras.saving.register_keras_serializable(package="autoseg")
class ReflectionPadding(keras.layers.Layer):
    """Pads images by `width` pixels on all four sides, mirrored about the outermost pixels.

    >>> row = ReflectionPadding(2)(ops.reshape(ops.arange(9.0), (1, 3, 3, 1)))[0, 2, :, 0]
    >>> [int(value) for value in row]
    [2, 1, 0, 1, 2, 1, 0]
    """

    def __init__(self, width: int, **settings: Any):
        super().__init__(**settings)
        self.width = width

    def call(self, x: Tensor) -> Tensor:
        margin = (self.width, self.width)
        return ops.pad(x, ((0, 0), margin, margin, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, *sides, channels = input_shape
        return (batch, *(side and side + 2 * self.width for side in sides), channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable(package="autoseg")
class InstanceNormalization(keras.layers.Layer):
    """Normalizes every channel of every image by its own mean and variance (`epsilon` is added to the latter).

    The variance is taken of the centred image, in float32: `GroupNormalization(groups=-1)` subtracts E[x]^2 from
    E[x^2] on some backends, and loses its digits where the mean is much larger than the contrast.
    """

    def __init__(self, epsilon: float = 1e-3, **settings: Any):
        super().__init__(**settings)
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones", autocast=False)
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros", autocast=False)

    def call(self, inputs: Tensor) -> Tensor:
        x = ops.cast(inputs, self.variable_dtype)
        x = x - ops.mean(x, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(x), axis=(1, 2), keepdims=True)
        return ops.cast(x * (ops.rsqrt(variance + self.epsilon) * self.gamma) + self.beta, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}
