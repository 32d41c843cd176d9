"""Networks as steps: the same output as the network's own, and how far each of its pixels looks."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

from autoseg._backend import BACKEND, inference, ops, to_numpy
from autoseg.errors import ModelError
from autoseg.networks import build
from autoseg.segmentation.reach import measure_reach
from autoseg.segmentation.steps import count_bytes, list_steps, run
from tests.networks.cases import IMAGE_TO_IMAGE, fill_weights, predict

LOCAL = {
    "transposed": {"filters": (3, 4), "up": "transposed"},
    "bilinear": {"filters": (3, 4, 5)},
}


def call(layer, inputs):
    return layer(inputs if len(inputs) > 1 else inputs[0])


@pytest.mark.skipif(BACKEND == "jax", reason="JAX would compile each step by itself; it runs networks as a whole")
def test_steps_compute_what_the_network_does():
    network = fill_weights(build("unet", filters=(2, 3), up="transposed"))
    x = np.random.default_rng(0).random((1, 16, 32, 1), dtype=np.float32)
    with inference():
        found = to_numpy(run(list_steps(network), ops.convert_to_tensor(x), call))
    np.testing.assert_allclose(found, predict(network, x)["output"], atol=1e-5)


class Value:
    """Stands for a tensor; unlike one of every backend's, it can be watched."""


def test_a_tensor_is_forgotten_after_its_last_use():
    alive, most = weakref.WeakSet(), []

    def compute(layer, inputs):
        value = Value()
        alive.add(value)
        most.append(len(alive))
        return value

    steps = list_steps(build("unet", filters=(2, 2, 2)))
    run(steps, Value(), compute)
    assert max(most) <= 4 < len(steps)  # two skips, an input and an output


def test_bytes_are_those_of_the_widest_place_and_grow_with_the_image():
    steps = list_steps(build("unet", filters=(4, 8), up="transposed"))
    # Where the decoder joins them: 4 channels of the skip, 4 that were enlarged, and 8 together.
    assert count_bytes(steps, (1, 32, 64, 1)) == 4 * 32 * 64 * 16
    assert count_bytes(steps, (1, 64, 64, 1)) == 2 * count_bytes(steps, (1, 32, 64, 1))


def test_networks_with_several_outputs_are_refused():
    with pytest.raises(ModelError, match="exactly one input and one output"):
        list_steps(IMAGE_TO_IMAGE["unet_heads"].build())


@pytest.mark.parametrize("parameters", LOCAL.values(), ids=LOCAL)
def test_a_pixel_changes_predictions_up_to_the_reach_and_no_further(parameters):
    network = fill_weights(build("unet", **parameters))
    reach = measure_reach(list_steps(network))
    x = np.random.default_rng(0).random((1, 96, 96, 1), dtype=np.float32)
    places = [(45, 45), (46, 47), (47, 46), (48, 48)]
    images = np.repeat(x, 1 + len(places), axis=0)
    for image, place in zip(images[1:], places, strict=True):
        image[place] += 50
    before, *after = predict(network, images)["output"][..., 0]
    furthest = 0
    for prediction, (row, column) in zip(after, places, strict=True):
        rows, columns = np.nonzero(prediction != before)
        furthest = max(furthest, *abs(rows - row), *abs(columns - column))
    assert 0.6 * reach < furthest <= reach


def test_with_instance_normalization_a_network_looks_at_the_whole_image():
    assert measure_reach(list_steps(build("unet", filters=(2, 2), norm="instance"))) is None
    assert measure_reach(list_steps(build("resnet", filters=2, blocks=1))) is None
