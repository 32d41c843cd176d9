"""Small instances of every architecture and every option, with weights and inputs that are equal on every backend."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autoseg._backend import BACKEND, keras, to_numpy
from autoseg.networks import build

OUTPUTS = (("foreground", 1, "sigmoid"), ("phases", 2, "softmax"), ("depth", 1, "linear"))


@dataclass(frozen=True)
class Case:
    architecture: str
    input_shape: tuple[int, ...]
    output_shapes: dict[str, tuple[int, ...]]
    parameters: dict[str, Any] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)

    def build(self, seed: int = 0) -> keras.Model:
        return build(self.architecture, seed=seed, **self.parameters)


def _several_outputs(architecture: str, **parameters: Any) -> Case:
    shapes = {name: (2, 32, 48, channels) for name, channels, _ in OUTPUTS}
    image = (2, 32, 48, parameters.get("input_channels", 1))
    ranges = {"foreground": (0, 1), "phases": (0, 1)}
    return Case(architecture, image, shapes, {"outputs": OUTPUTS, **parameters}, ranges)


def _image_to_image(architecture: str, low: float, high: float, **parameters: Any) -> Case:
    image = (2, 32, 48)
    channels, input_channels = parameters.get("channels", 1), parameters.get("input_channels", 1)
    shapes = {"output": (*image, channels)}
    return Case(architecture, (*image, input_channels), shapes, parameters, {"output": (low, high)})


IMAGE_TO_IMAGE = {
    "multires_unet": _image_to_image("multires_unet", 0, 1, filters=4, decoder_filters=6, input_channels=3),
    "multires_unet_outputs": _several_outputs("multires_unet", filters=4, decoder_filters=4),
    "resnet": _image_to_image("resnet", -1, 1, filters=4, blocks=1, skip=True),
    "resnet_resize": _image_to_image("resnet", 0, 1, filters=4, blocks=2, samplings=2, resize_convolution=True,
                                     activation="sigmoid", channels=2, input_channels=3),
    "unet": _image_to_image("unet", 0, 1, filters=(4, 6, 8)),
    "unet_instance": _image_to_image("unet", 0, 1, filters=(4, 6), norm="instance", input_channels=3),
    "unet_transposed": _image_to_image("unet", -math.inf, math.inf, filters=(4, 8), up="transposed",
                                       outputs=(("logits", 1, "linear"),)),
    "unet_reduced": _image_to_image("unet", 0, 1, filters=(4, 6), norm="instance", reduced=True, refined=True),
    "unet_outputs": _several_outputs("unet", filters=(4, 6)),
}  # fmt: skip

CASES = IMAGE_TO_IMAGE | {
    "critic": Case("critic", (2, 48, 32, 3), {"output": (2, 1)},
                   {"size": (32, 16), "filters": 4, "input_channels": 3}),
    "generator": Case("generator", (3, 8), {"output": (3, 16, 24, 2)},
                      {"size": (16, 24), "latent": 8, "filters": 4, "channels": 2}, {"output": (-1, 1)}),
    "patchgan": Case("patchgan", (2, 48, 64, 1), {"output": (2, 4, 8, 1)}, {"filters": 4}),
    "patchgan_noise": Case("patchgan", (2, 32, 48, 3), {"output": (2, 9, 17, 1)},
                           {"filters": 4, "samplings": 1, "noise": 0.5, "input_channels": 3}),
}  # fmt: skip


def make_input(case: Case, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, case.input_shape).astype("float32")


def fill_weights(network: keras.Model, seed: int = 0) -> keras.Model:
    """Give a network weights that keep signals near unit variance; they do not depend on the backend."""
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        layer.set_weights([_values(variable, layer, rng) for variable in layer.weights])
    return network


def _values(variable: Any, layer: Any, rng: np.random.Generator) -> np.ndarray:
    if variable.name == "kernel":
        outputs = layer.units if isinstance(layer, keras.layers.Dense) else layer.filters
        return rng.normal(0, math.sqrt(outputs / math.prod(variable.shape)), variable.shape)
    if variable.name in ("gamma", "moving_variance"):
        return rng.uniform(0.5, 1.5, variable.shape)
    return rng.normal(0, 0.1, variable.shape)


def predict(network: keras.Model, x: np.ndarray, compiled: bool = BACKEND != "tensorflow") -> dict[str, np.ndarray]:
    """All outputs by name; that of a network with a single one is called "output".

    What TensorFlow predicts compiled is tested where that matters: tracing takes longer than all that is computed here.
    """
    outputs = network.predict(x, verbose=0) if compiled else network(x, training=False)
    outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
    return {name: to_numpy(output) for name, output in outputs.items()}


def predict_by_name(network: keras.Model, x: np.ndarray) -> dict[str, np.ndarray]:
    """All outputs under the names that the network itself gives them, a single one, too."""
    outputs = predict(network, x)
    return {name: outputs[name if name in outputs else "output"] for name in network.prediction_channels}
