"""The layers against analytic truth."""

from __future__ import annotations

import numpy as np
import pytest

from autoseg._backend import keras
from autoseg.networks.layers import BilinearUpsampling, GlorotUniform, InstanceNormalization, ReflectionPadding
from tests.networks.cases import predict


def apply(layer, x):
    """The layer on images of any size, after a round trip through its configuration."""
    inputs = keras.Input((None, None, x.shape[-1]))
    network = keras.Model(inputs, type(layer).from_config(layer.get_config())(inputs))
    outputs = predict(network, x)["output"]
    assert network.compute_output_shape(x.shape) == outputs.shape
    return outputs


def images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_reflection_padding_is_that_of_numpy():
    x = images(2, 5, 4, 3)
    expected = np.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(apply(ReflectionPadding(3), x), expected)


@pytest.mark.parametrize("offset", [0, 1000])
def test_instance_normalization_is_exact_even_far_from_zero(offset):
    x = images(2, 8, 6, 3) + np.float32(offset)
    exact = x.astype("float64")
    mean, variance = exact.mean((1, 2), keepdims=True), exact.var((1, 2), keepdims=True)
    normalized = apply(InstanceNormalization(epsilon=0.01), x)
    np.testing.assert_allclose(normalized, (exact - mean) / np.sqrt(variance + 0.01), atol=2e-4 if offset else 1e-6)


def test_instance_normalization_of_a_constant_image_is_zero():
    np.testing.assert_array_equal(apply(InstanceNormalization(), np.full((1, 4, 4, 2), 7.0, "float32")), 0)


def test_bilinear_upsampling_of_a_ramp_is_a_finer_ramp_held_at_the_rim():
    ramp = np.broadcast_to(np.arange(4.0, dtype="float32")[:, None, None], (1, 4, 3, 2))
    expected = np.clip((np.arange(8) - 0.5) / 2, 0, 3)
    for x, axis in ((ramp, 1), (ramp.swapaxes(1, 2), 2)):
        finer = np.moveaxis(apply(BilinearUpsampling(), x), axis, -1)
        np.testing.assert_allclose(finer, np.broadcast_to(expected, finer.shape), atol=1e-6)


def test_glorot_uniform_fills_its_range_and_follows_its_seed():
    kernel, again, other = (
        keras.ops.convert_to_numpy(GlorotUniform(seed)((5, 5, 20, 30), "float32")) for seed in (1, 1, 2)
    )
    limit = np.sqrt(6 / (25 * (20 + 30)))
    assert 0.99 * limit < np.abs(kernel).max() <= limit
    assert abs(kernel.std() / (limit / np.sqrt(3)) - 1) < 0.02
    np.testing.assert_array_equal(kernel, again)
    assert not np.array_equal(kernel, other)
