"""The plain U-Net, with one or several outputs."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from autoseg._backend import keras
from autoseg.networks.layers import (
    FOREGROUND,
    BilinearUpsampling,
    Count,
    Norm,
    Outputs,
    Tensor,
    architecture,
    convolution,
    heads,
    image_input,
    max_pooling,
    network,
    normalization,
    strided_convolution,
    transposed_convolution,
)

Up = Literal["transposed", "bilinear"]


@architecture
def unet(
    *,
    filters: Annotated[tuple[Count, ...], pydantic.Field(min_length=2)] = (16, 32, 64, 96, 128),
    norm: Norm = "batch",
    up: Up = "bilinear",
    reduced: bool = False,
    refined: bool = False,
    outputs: Outputs = FOREGROUND,
    input_channels: Count = 1,
) -> keras.Model:
    """Two 3x3 convolutions per level of `filters`: (n, height, width, c) -> the same size for every output.

    `outputs` are (name, channels, activation). A single one comes as an array, several as a dictionary by name.
    `reduced` computes at half the resolution, a quarter of the work: a convolution of stride 2 comes first, and outputs
    are enlarged in the end. `refined` ends with two convolutions more.
    Layers are called encoder1 (the finest) to encoder<n>, decoder<n-1> to decoder1, and head, each with a suffix.
    Height and width must be multiples of 2^(levels - 1), reduced: of twice that. 923,809 parameters with the defaults.
    """
    x = inputs = image_input(input_channels)
    if reduced:
        x = strided_convolution(x, filters[0], 4, name="reduction")
    skips = []
    for level, width in enumerate(filters, start=1):
        if level > 1:
            x = max_pooling(2, name=f"encoder{level}_pooling")(x)
        x = _two_convolutions(x, width, norm, f"encoder{level}")
        skips.append(x)
    for level in range(len(filters) - 1, 0, -1):
        x = _enlarged(x, filters[level - 1], up, f"decoder{level}")
        x = keras.layers.Concatenate(name=f"decoder{level}_join")([skips[level - 1], x])
        x = _two_convolutions(x, filters[level - 1], norm, f"decoder{level}")
    if refined:
        x = _two_convolutions(x, filters[0], norm, "refinement")
    last = _last_enlarged if reduced else _last
    return network(inputs, heads(x, outputs, last), name="unet", size_multiple=2 ** (len(filters) - 1 + reduced))


def _two_convolutions(x: Tensor, filters: int, norm: Norm, name: str) -> Tensor:
    for step in (1, 2):
        x = convolution(filters, 3, name=f"{name}_convolution{step}")(x)
        x = normalization(norm, name=f"{name}_normalization{step}")(x)
        x = keras.layers.ReLU(name=f"{name}_activation{step}")(x)
    return x


def _enlarged(x: Tensor, filters: int, up: Up, name: str) -> Tensor:
    if up == "bilinear":
        return BilinearUpsampling(name=f"{name}_upsampling")(x)
    return transposed_convolution(x, filters, 2, use_bias=True, name=f"{name}_upsampling")


def _last(x: Tensor, channels: int, name: str) -> Tensor:
    return convolution(channels, 1, use_bias=True, name=f"{name}_convolution")(x)


def _last_enlarged(x: Tensor, channels: int, name: str) -> Tensor:
    return BilinearUpsampling(name=f"{name}_enlarged")(_last(x, channels, name))
