"""The MultiRes U-Net (N. Ibtehaz and M. S. Rahman, doi 10.1016/j.neunet.2019.08.025), which segments micrographs."""

from __future__ import annotations

from autoseg._backend import keras
from autoseg.networks.layers import (
    FOREGROUND,
    Count,
    Outputs,
    Tensor,
    architecture,
    convolution,
    heads,
    image_input,
    max_pooling,
    network,
    normalization,
    transposed_convolution,
)

LEVELS = 4  # down and up; below them is the bottom


@architecture
def multires_unet(
    *,
    filters: Count = 16,
    decoder_filters: Count = 32,
    outputs: Outputs = FOREGROUND,
    input_channels: Count = 1,
) -> keras.Model:
    """A U-Net of MultiRes blocks with residual paths as skips: (n, height, width, c) -> the same size for each output.

    The blocks of the encoder have 1, 2, 4, 8 and 16 x `filters`, those of the decoder 8, 4 and 2 x
    `decoder_filters` and then `filters`: the published network keeps the decoder at 32 whatever the encoder has.
    `outputs` are (name, channels, activation). Layers are called encoder1 (the finest) to encoder5, path1 to path4,
    decoder4 to decoder1, and head, each with a suffix. 2,429,491 parameters with the defaults.
    """
    x = inputs = image_input(input_channels)
    skips = []
    for level in range(1, LEVELS + 1):
        width = filters * 2 ** (level - 1)
        x = _multires_block(x, width, f"encoder{level}")
        skips.append(_residual_path(x, width, LEVELS + 1 - level, f"path{level}"))
        x = max_pooling(2, name=f"encoder{level}_pooling")(x)
    x = _multires_block(x, filters * 2**LEVELS, f"encoder{LEVELS + 1}")
    for level in range(LEVELS, 0, -1):
        name, factor = f"decoder{level}", 2 ** (level - 1)
        x = transposed_convolution(x, filters * factor, 2, use_bias=True, name=f"{name}_upsampling")
        x = keras.layers.Concatenate(name=f"{name}_join")([x, skips[level - 1]])
        x = _multires_block(x, decoder_filters * factor if level > 1 else filters, name)
    outlets = heads(x, outputs, lambda x, channels, name: _convolution(x, channels, 1, name))
    return network(inputs, outlets, name="multires_unet", size_multiple=2**LEVELS)


def _multires_block(x: Tensor, filters: int, name: str) -> Tensor:
    """Three chained 3x3 convolutions, side by side: they see 3, 5 and 7 pixels. Plus a 1x1 shortcut."""
    widths = [max(1, int(1.67 * filters * share)) for share in (0.167, 0.333, 0.5)]
    shortcut = _convolution(x, sum(widths), 1, f"{name}_shortcut")
    scales = []
    for step, width in enumerate(widths, start=1):
        x = _activated(_convolution(x, width, 3, f"{name}_scale{step}"), f"{name}_scale{step}")
        scales.append(x)
    x = keras.layers.Concatenate(name=f"{name}_scales")(scales)
    x = normalization("batch", name=f"{name}_scales_normalization")(x)
    return _activated_sum(shortcut, x, name)


def _residual_path(x: Tensor, filters: int, length: int, name: str) -> Tensor:
    for step in range(1, length + 1):
        shortcut = _convolution(x, filters, 1, f"{name}_shortcut{step}")
        x = _activated(_convolution(x, filters, 3, f"{name}_step{step}"), f"{name}_step{step}")
        x = _activated_sum(shortcut, x, f"{name}_sum{step}")
    return x


def _convolution(x: Tensor, filters: int, size: int, name: str) -> Tensor:
    """Convolution and batch normalization; the latter without a scale, as published."""
    x = convolution(filters, size, name=f"{name}_convolution")(x)
    return normalization("batch", scale=False, name=f"{name}_normalization")(x)


def _activated(x: Tensor, name: str) -> Tensor:
    return keras.layers.ReLU(name=f"{name}_activation")(x)


def _activated_sum(shortcut: Tensor, x: Tensor, name: str) -> Tensor:
    x = _activated(keras.layers.Add(name=f"{name}_sum")([shortcut, x]), name)
    return normalization("batch", name=f"{name}_normalization")(x)
