"""The plain U-Net, with one or several outputs."""

from __future__ import annotations

from collections.abc import Sequence

from autoseg._backend import keras
from autoseg.heads import Activation
from autoseg.networks.layers import (
    BilinearUpsampling,
    Tensor,
    architecture,
    check_outputs,
    convolution,
    image_input,
    max_pooling,
    network,
    normalization,
    output_activation,
    strided_convolution,
    transposed_convolution,
)
from autoseg.networks.unet_plan import Count, Filters, Norm, Outputs, UNetPlan, Up, draw

_DEFAULT = UNetPlan()


@architecture
def unet(
    *,
    filters: Filters = _DEFAULT.filters,
    norm: Norm = _DEFAULT.norm,
    up: Up = _DEFAULT.up,
    reduced: bool = _DEFAULT.reduced,
    refined: bool = _DEFAULT.refined,
    outputs: Outputs = _DEFAULT.outputs,
    input_channels: Count = _DEFAULT.input_channels,
) -> keras.Model:
    """Two 3x3 convolutions per level of `filters`: (n, height, width, c) -> the same size for every output.

    `outputs` are (name, channels, activation). A single one comes as an array, several as a dictionary by name.
    `reduced` computes at half the resolution, a quarter of the work: a convolution of stride 2 comes first, and outputs
    are enlarged in the end. `refined` ends with two convolutions more.
    Layers are called encoder1 (the finest) to encoder<n>, decoder<n-1> to decoder1, and head, each with a suffix.
    Height and width must be multiples of 2^(levels - 1), reduced: of twice that. 923,809 parameters with the defaults.
    """
    plan = UNetPlan(
        filters=filters, norm=norm, up=up, reduced=reduced, refined=refined, outputs=outputs,
        input_channels=input_channels,
    )  # fmt: skip
    check_outputs(outputs)
    inputs = image_input(input_channels)
    return network(inputs, draw(plan, _KerasPen(), inputs), name="unet", size_multiple=plan.size_multiple)


class _KerasPen:
    """Draws layers of Keras, see `autoseg.networks.unet_plan.Pen`."""

    def convolution(self, x: Tensor, filters: int, size: int, *, name: str, use_bias: bool = False) -> Tensor:
        return convolution(filters, size, name=name, use_bias=use_bias)(x)

    def strided_convolution(self, x: Tensor, filters: int, size: int, *, name: str) -> Tensor:
        return strided_convolution(x, filters, size, name=name)

    def transposed_convolution(self, x: Tensor, filters: int, *, name: str) -> Tensor:
        return transposed_convolution(x, filters, 2, use_bias=True, name=name)

    def normalization(self, x: Tensor, norm: Norm, *, name: str) -> Tensor:
        return normalization(norm, name=name)(x)

    def relu(self, x: Tensor, *, name: str) -> Tensor:
        return keras.layers.ReLU(name=name)(x)

    def pooling(self, x: Tensor, *, name: str) -> Tensor:
        return max_pooling(2, name=name)(x)

    def upsampling(self, x: Tensor, *, name: str) -> Tensor:
        return BilinearUpsampling(name=name)(x)

    def join(self, parts: Sequence[Tensor], *, name: str) -> Tensor:
        return keras.layers.Concatenate(name=name)(parts)

    def output(self, x: Tensor, activation: Activation, *, name: str) -> Tensor:
        return output_activation(activation, x, name=name)
