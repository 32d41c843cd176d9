"""The generators of the cycleGAN: micrographs into masks, and masks into micrographs."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from autoseg._backend import keras
from autoseg.errors import OptionsError
from autoseg.networks.layers import (
    Count,
    ReflectionPadding,
    Tensor,
    architecture,
    convolution,
    image_input,
    nearest_upsampling,
    network,
    normalization,
    output_activation,
    strided_convolution,
    transposed_convolution,
)


@architecture
def resnet(
    *,
    filters: Count = 64,
    samplings: Annotated[int, pydantic.Field(ge=1, le=6)] = 3,
    blocks: Annotated[int, pydantic.Field(ge=0)] = 9,
    skip: bool = False,
    resize_convolution: bool = False,
    activation: Literal["tanh", "sigmoid"] = "tanh",
    channels: Count = 1,
    input_channels: Count = 1,
) -> keras.Model:
    """Down by 2^samplings, residual blocks, and up again: (n, height, width, c) -> the same size.

    `skip` adds the input to the output just before the last activation: the network has to learn the difference
    alone, and what comes out stays in the range of the activation. `resize_convolution` repeats pixels and
    convolves where otherwise transposed convolutions enlarge, which avoids their chequered patterns.
    Images must be at least 2 x 2^samplings pixels high and wide. 45,591,425 parameters with the defaults.
    """
    if skip and channels != input_channels:
        raise OptionsError(f'"skip" needs as many channels out as in, not {channels} and {input_channels}')
    inputs = image_input(input_channels)
    x = _padded_convolution(inputs, filters, 7, "stem")
    x = _normalized(x, "stem")
    for level in range(1, samplings + 1):
        x = strided_convolution(x, filters * 2**level, 3, name=f"down{level}_convolution")
        x = _normalized(x, f"down{level}")
    for block in range(1, blocks + 1):
        x = _residual_block(x, f"block{block}")
    for level in range(samplings, 0, -1):
        x = _enlarged(x, filters * 2 ** (level - 1), resize_convolution, f"up{level}")
        x = _normalized(x, f"up{level}")
    x = _padded_convolution(x, channels, 7, "head", use_bias=True)
    if skip:
        x = keras.layers.Add(name="skip")([x, inputs])
    image = output_activation(activation, x, name="output")
    return network(inputs, {"image": image}, name="resnet", size_multiple=2**samplings)


def _padded_convolution(x: Tensor, filters: int, size: int, name: str, *, use_bias: bool = False) -> Tensor:
    x = ReflectionPadding(size // 2, name=f"{name}_padding")(x)
    return convolution(filters, size, padding="valid", use_bias=use_bias, name=f"{name}_convolution")(x)


def _normalized(x: Tensor, name: str) -> Tensor:
    x = normalization("instance", name=f"{name}_normalization")(x)
    return keras.layers.ReLU(name=f"{name}_activation")(x)


def _residual_block(x: Tensor, name: str) -> Tensor:
    filters = x.shape[-1]
    y = _padded_convolution(x, filters, 3, f"{name}_first")
    y = _normalized(y, f"{name}_first")
    y = _padded_convolution(y, filters, 3, f"{name}_second")
    y = normalization("instance", name=f"{name}_second_normalization")(y)
    return keras.layers.Add(name=f"{name}_sum")([x, y])


def _enlarged(x: Tensor, filters: int, resize_convolution: bool, name: str) -> Tensor:
    if not resize_convolution:
        return transposed_convolution(x, filters, 3, name=f"{name}_convolution")
    x = nearest_upsampling(2, name=f"{name}_upsampling")(x)
    return convolution(filters, 3, name=f"{name}_convolution")(x)
