"""The generator of the WGAN: outlines out of noise."""

from __future__ import annotations

from typing import Annotated

import pydantic

from autoseg._backend import keras
from autoseg.networks.layers import (
    Count,
    architecture,
    convolution,
    dense,
    leaky_relu,
    nearest_upsampling,
    network,
    normalization,
    output_activation,
)

Edge = Annotated[int, pydantic.Field(ge=8, multiple_of=8)]


@architecture
def generator(
    *, size: tuple[Edge, Edge] = (64, 64), latent: Count = 128, filters: Count = 64, channels: Count = 1
) -> keras.Model:
    """A dense layer, then three times resize and convolve: (n, latent) -> (n, height, width, channels) in -1..1.

    The one network whose input is no image: it takes vectors of `latent` normally distributed numbers, and makes
    images of `size` (height, width). 2,468,164 parameters with the defaults.
    """
    height, width = size[0] // 8, size[1] // 8
    inputs = keras.Input((latent,), name="latent")
    x = dense(height * width * 4 * filters, name="dense")(inputs)
    x = keras.layers.Reshape((height, width, 4 * filters), name="reshape")(x)
    x = normalization("batch", name="normalization")(x)
    x = leaky_relu(name="activation")(x)
    for block, outputs in enumerate((2 * filters, filters, channels), start=1):
        x = nearest_upsampling(2, name=f"upsampling{block}")(x)
        x = convolution(outputs, 3, name=f"convolution{block}")(x)
        x = normalization("batch", name=f"normalization{block}")(x)
        if block < 3:
            x = leaky_relu(name=f"activation{block}")(x)
    outlines = output_activation("tanh", x, name="outline")
    return network(inputs, {"outline": outlines}, name="generator", size_multiple=8)
