"""The plain U-Net without Keras, for OpenVINO, with weights from a file that Keras has saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from autoseg._backend.plain import PlainNetwork, PlainPen
from autoseg.networks.unet_plan import UNetPlan, draw


def read_plain_unet(plan: UNetPlan, weights: Path, in_keras: Callable[[], Any]) -> PlainNetwork:
    """The network with these weights; `in_keras` builds the same in Keras. ValueError if the weights are no such."""
    pen = PlainPen(weights)
    # Keras counts the layers of several outputs in the order of their names.
    drawn = draw(plan.changed(outputs=tuple(sorted(plan.outputs))), pen, pen.image(plan.input_channels))
    outputs = {name: drawn[name] for name, _, _ in plan.outputs}
    channels = {name: output.channels for name, output in outputs.items()}
    return PlainNetwork("unet", pen.finish(outputs), plan.input_channels, plan.size_multiple, channels, in_keras)
