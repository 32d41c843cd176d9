"""Both segmenters take the outputs that a head needs, whatever these are."""

from __future__ import annotations

import numpy as np
import pytest

from autoseg.networks import build
from tests.heads import HEADS
from tests.marks import predicts_once
from tests.networks.cases import fill_weights, predict_by_name

SMALL = {"unet": {"filters": (4, 6)}, "multires_unet": {"filters": 2, "decoder_filters": 2}}


@predicts_once  # every backend computes a sigmoid, a softmax and a linear output in the contract of all networks
@pytest.mark.parametrize("architecture", SMALL)
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_network_has_the_outputs_of_the_head(architecture, head):
    network = fill_weights(build(architecture, outputs=head.network_outputs, **SMALL[architecture]))
    head.check_network(network.architecture["outputs"])
    channels = {output.name: len(output.channels) for output in head.outputs}
    assert network.prediction_channels == channels
    x = np.random.default_rng(0).uniform(-1, 1, (2, 32, 48, 1)).astype("float32")
    prediction = predict_by_name(network, x)
    assert {name: output.shape for name, output in prediction.items()} == {
        name: (2, 32, 48, count) for name, count in channels.items()
    }
    for output in head.outputs:
        values = prediction[output.name]
        if output.activation == "linear":
            assert values.min() < 0
        else:
            assert 0 <= values.min() < values.max() <= 1
        if output.activation == "softmax":
            np.testing.assert_allclose(values.sum(axis=-1), 1, atol=1e-5)
