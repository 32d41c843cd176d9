"""The cycleGAN's generator: what its skip connection does."""

from __future__ import annotations

import numpy as np
import pytest

from autoseg._backend import keras
from autoseg.networks import build
from tests.networks.cases import predict


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_silent_network_with_skip_passes_the_image_through_the_activation(activation):
    network = build("resnet", filters=2, samplings=1, blocks=0, skip=True, activation=activation)
    head = network.get_layer("head_convolution")
    head.set_weights([np.zeros(weight.shape) for weight in head.weights])
    x = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 1)).astype("float32")
    expected = keras.ops.convert_to_numpy(getattr(keras.ops, activation)(x))
    np.testing.assert_allclose(predict(network, x)["output"], expected, atol=1e-6)
