"""The critic's convolution over positions is the published dense layer."""

from __future__ import annotations

import numpy as np
import pytest

from autoseg._backend import keras
from autoseg.networks import build
from tests.networks.cases import fill_weights, predict


@pytest.fixture(scope="module")
def critic():
    return fill_weights(build("critic", size=(32, 48), filters=4))


def dense_scores(critic, x):
    """Flatten and multiply, at every position where a kernel of the native size fits."""
    scores = critic.get_layer("scores")
    features = predict(keras.Model(critic.input, scores.input), x)["output"]
    kernel, bias = (keras.ops.convert_to_numpy(weight) for weight in scores.weights)
    windows = np.lib.stride_tricks.sliding_window_view(features, kernel.shape[:2], axis=(1, 2))
    flattened = np.moveaxis(windows, 3, -1).reshape(*windows.shape[:3], -1)
    return flattened @ kernel.reshape(-1, 1) + bias


def test_at_the_native_size_it_is_flatten_and_dense(critic):
    x = np.random.default_rng(0).normal(size=(3, 32, 48, 1)).astype("float32")
    expected = dense_scores(critic, x)
    assert expected.shape == (3, 1, 1, 1)
    np.testing.assert_allclose(predict(critic, x)["output"], expected[:, 0, 0], atol=1e-5)


def test_a_larger_outline_gets_the_average_over_all_positions(critic):
    x = np.random.default_rng(0).normal(size=(3, 48, 80, 1)).astype("float32")
    expected = dense_scores(critic, x)
    assert expected.shape == (3, 2, 3, 1)
    np.testing.assert_allclose(predict(critic, x)["output"], expected.mean(axis=(1, 2)), atol=1e-5)
