"""The plain U-Net as a plan: its options and its layers, whoever draws them. Needs no Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

import pydantic

from autoseg.heads import Activation, NetworkOutput
from autoseg.options import Options

Tensor = Any
Count = Annotated[int, pydantic.Field(ge=1)]
Outputs = Annotated[tuple[NetworkOutput, ...], pydantic.Field(min_length=1)]
FOREGROUND: Outputs = (("foreground", 1, "sigmoid"),)
"The outputs of a segmenter as it was published; `autoseg.heads.Head` gives those of every other."
Norm = Literal["batch", "instance"]
Up = Literal["transposed", "bilinear"]
Filters = Annotated[tuple[Count, ...], pydantic.Field(min_length=2)]


class UNetPlan(Options):
    """What a U-Net is made of, see `autoseg.networks.unet.unet`."""

    filters: Filters = (16, 32, 64, 96, 128)
    norm: Norm = "batch"
    up: Up = "bilinear"
    reduced: bool = False
    refined: bool = False
    outputs: Outputs = FOREGROUND
    input_channels: Count = 1

    @property
    def size_multiple(self) -> int:
        """Height and width of images are multiples of this.

        >>> UNetPlan(filters=(4, 8, 16), reduced=True).size_multiple
        8
        """
        return 2 ** (len(self.filters) - 1 + self.reduced)


class Pen(Protocol):
    """Draws layers: each takes what others gave, and a name."""

    def convolution(self, x: Tensor, filters: int, size: int, *, name: str, use_bias: bool = False) -> Tensor:
        """A convolution that keeps the size."""

    def strided_convolution(self, x: Tensor, filters: int, size: int, *, name: str) -> Tensor:
        """A convolution that halves the size."""

    def transposed_convolution(self, x: Tensor, filters: int, *, name: str) -> Tensor:
        """A convolution of 2 x 2 that doubles the size."""

    def normalization(self, x: Tensor, norm: Norm, *, name: str) -> Tensor:
        """Batch or instance normalization."""

    def relu(self, x: Tensor, *, name: str) -> Tensor:
        """What is above 0."""

    def pooling(self, x: Tensor, *, name: str) -> Tensor:
        """The largest of 2 x 2."""

    def upsampling(self, x: Tensor, *, name: str) -> Tensor:
        """Twice the size, bilinear."""

    def join(self, parts: Sequence[Tensor], *, name: str) -> Tensor:
        """The channels of all parts."""

    def output(self, x: Tensor, activation: Activation, *, name: str) -> Tensor:
        """The last activation."""


def draw(plan: UNetPlan, pen: Pen, x: Tensor) -> dict[str, Tensor]:
    """Draw the network upon the image `x`: its outputs by name."""
    filters = plan.filters
    if plan.reduced:
        x = pen.strided_convolution(x, filters[0], 4, name="reduction")
    skips = []
    for level, width in enumerate(filters, start=1):
        if level > 1:
            x = pen.pooling(x, name=f"encoder{level}_pooling")
        x = _two_convolutions(plan, pen, x, width, f"encoder{level}")
        skips.append(x)
    for level in range(len(filters) - 1, 0, -1):
        x = _enlarged(plan, pen, x, filters[level - 1], f"decoder{level}_upsampling")
        x = pen.join([skips[level - 1], x], name=f"decoder{level}_join")
        x = _two_convolutions(plan, pen, x, filters[level - 1], f"decoder{level}")
    if plan.refined:
        x = _two_convolutions(plan, pen, x, filters[0], "refinement")
    return {
        name: pen.output(_last(plan, pen, x, channels, f"head_{name}"), activation, name=f"head_{name}")
        for name, channels, activation in plan.outputs
    }


def _two_convolutions(plan: UNetPlan, pen: Pen, x: Tensor, filters: int, name: str) -> Tensor:
    for step in (1, 2):
        x = pen.convolution(x, filters, 3, name=f"{name}_convolution{step}")
        x = pen.normalization(x, plan.norm, name=f"{name}_normalization{step}")
        x = pen.relu(x, name=f"{name}_activation{step}")
    return x


def _enlarged(plan: UNetPlan, pen: Pen, x: Tensor, filters: int, name: str) -> Tensor:
    if plan.up == "bilinear":
        return pen.upsampling(x, name=name)
    return pen.transposed_convolution(x, filters, name=name)


def _last(plan: UNetPlan, pen: Pen, x: Tensor, channels: int, name: str) -> Tensor:
    x = pen.convolution(x, channels, 1, name=f"{name}_convolution", use_bias=True)
    return pen.upsampling(x, name=f"{name}_enlarged") if plan.reduced else x
