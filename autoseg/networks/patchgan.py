"""The discriminators of the cycleGAN: does each patch of an image look real?"""

from __future__ import annotations

from typing import Annotated

import pydantic

from autoseg._backend import keras
from autoseg.networks.layers import (
    Count,
    architecture,
    convolution,
    image_input,
    leaky_relu,
    network,
    normalization,
    output_activation,
)


@architecture
def patchgan(
    *,
    filters: Count = 128,
    samplings: Annotated[int, pydantic.Field(ge=1, le=5)] = 2,
    noise: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.0,
    input_channels: Count = 1,
) -> keras.Model:
    """4x4 convolutions without padding, `samplings` of them with stride 2: (n, height, width, c) -> (n, h, w, 1).

    With the defaults, h = height / 4 - 8, likewise w: each score looks at 34x34 pixels. It is linear, for a
    least-squares loss. `noise` is the standard deviation of Gaussian noise that is added to the images during
    training. 2,633,345 parameters with the defaults.
    """
    inputs = image_input(input_channels)
    x = keras.layers.GaussianNoise(noise, name="noise")(inputs)
    for level in range(samplings + 1):
        strides = 2 if level < samplings else 1
        first = level == 0
        x = convolution(
            filters * 2**level, 4, strides=strides, padding="valid", use_bias=first, name=f"convolution{level + 1}"
        )(x)
        x = x if first else normalization("instance", name=f"normalization{level + 1}")(x)
        x = leaky_relu(name=f"activation{level + 1}")(x)
    x = convolution(1, 4, padding="valid", use_bias=True, name="head")(x)
    scores = output_activation("linear", x, name="scores")
    return network(inputs, {"scores": scores}, name="patchgan", size_multiple=2**samplings)
