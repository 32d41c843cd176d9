"""The critic of the WGAN: how real does an outline look?"""

from __future__ import annotations

from typing import Annotated

import pydantic

from autoseg._backend import keras
from autoseg.networks.layers import (
    Count,
    architecture,
    average_over_positions,
    convolution,
    dropout,
    image_input,
    leaky_relu,
    network,
    strided_convolution,
)

Edge = Annotated[int, pydantic.Field(ge=16, multiple_of=16)]


@architecture
def critic(*, size: tuple[Edge, Edge] = (64, 64), filters: Count = 64, input_channels: Count = 1) -> keras.Model:
    """Four strided 5x5 convolutions with dropout, then one score per outline: (n, height, width, c) -> (n, 1).

    The published dense layer on the flattened features of an outline of `size` (height, width) is written as a
    convolution with a kernel as large as these features, which gives the same number. A larger outline gets the
    average over all positions of the kernel. 4,311,553 parameters with the defaults.
    """
    x = inputs = image_input(input_channels)
    for level, rate in enumerate((0.0, 0.3, 0.3, 0.2), start=1):
        width = filters * 2 ** (level - 1)
        x = strided_convolution(x, width, 5, use_bias=True, name=f"convolution{level}")
        x = leaky_relu(name=f"activation{level}")(x)
        x = dropout(rate, name=f"dropout{level}")(x)
    x = convolution(1, (size[0] // 16, size[1] // 16), padding="valid", use_bias=True, name="scores")(x)
    score = average_over_positions(dtype="float32", name="score")(x)
    return network(inputs, {"score": score}, name="critic", size_multiple=16)
