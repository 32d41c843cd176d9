"""Networks as graphs: the same outputs as the network's own, and the receptive field of each of their pixels."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

from autoseg._backend import BACKEND, inference, keras, ops, to_numpy
from autoseg._backend.graph import count_bytes, read_graph, run
from autoseg._backend.receptive_field import measure_receptive_field
from autoseg.errors import ModelError
from autoseg.networks import build
from autoseg.networks.layers import image_input, network
from tests.heads import HEADS
from tests.networks.cases import fill_weights, predict, predict_by_name

LOCAL = {
    "transposed": {"filters": (3, 4), "up": "transposed"},
    "bilinear": {"filters": (3, 4, 5)},
}


def call(layer, inputs):
    return layer(inputs if len(inputs) > 1 else inputs[0])


@pytest.mark.skipif(BACKEND == "jax", reason="JAX would compile each step by itself; it runs networks as a whole")
@pytest.mark.parametrize("outputs", HEADS.values(), ids=HEADS)
def test_steps_compute_what_the_network_does(outputs):
    network = fill_weights(build("unet", filters=(2, 3), up="transposed", outputs=outputs.network_outputs))
    x = np.random.default_rng(0).random((1, 16, 32, 1), dtype=np.float32)
    with inference():
        found = run(read_graph(network), ops.convert_to_tensor(x), call)
    expected = predict_by_name(network, x)
    assert list(found) == list(expected)
    for name, output in found.items():
        np.testing.assert_allclose(to_numpy(output), expected[name], atol=1e-5)


class Value:
    """Stands for a tensor; unlike one of every backend's, it can be watched."""


def test_a_tensor_is_forgotten_after_its_last_use():
    alive, most = weakref.WeakSet(), []

    def compute(layer, inputs):
        value = Value()
        alive.add(value)
        most.append(len(alive))
        return value

    graph = read_graph(build("unet", filters=(2, 2, 2)))
    run(graph, Value(), compute)
    assert max(most) <= 4 < len(graph.steps)  # two skips, an input and an output


def test_bytes_are_those_of_the_widest_place_and_grow_with_the_image():
    graph = read_graph(build("unet", filters=(4, 8), up="transposed"))
    # Where the decoder joins them: 4 channels of the skip, 4 that were enlarged, and 8 together.
    assert count_bytes(graph, (1, 32, 64, 1)) == 4 * 32 * 64 * 16
    assert count_bytes(graph, (1, 64, 64, 1)) == 2 * count_bytes(graph, (1, 32, 64, 1))


def test_networks_that_take_no_single_image_are_refused():
    one, other = image_input(1), keras.Input((None, None, 1), name="other")
    both = network([one, other], {"sum": keras.layers.Add()([one, other])}, name="both", size_multiple=1)
    foreign = keras.Model(one, keras.layers.ReLU()(one), name="foreign")
    for refused in (both, foreign):
        with pytest.raises(ModelError, match=f'"{refused.name}" was not made by autoseg.networks'):
            read_graph(refused)


def test_an_output_that_others_are_computed_from_is_kept():
    x = inputs = image_input(1)
    first = keras.layers.ReLU()(x)
    built = network(inputs, {"last": keras.layers.LeakyReLU(0.5)(first), "first": first}, name="chain", size_multiple=1)
    found = run(read_graph(built), -2.0, lambda layer, inputs: inputs[0] / 2)
    assert found == {"last": -0.5, "first": -1.0}


@pytest.mark.parametrize("parameters", LOCAL.values(), ids=LOCAL)
def test_a_pixel_changes_predictions_within_the_receptive_field_alone(parameters):
    network = fill_weights(build("unet", **parameters))
    field = measure_receptive_field(read_graph(network))
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
    assert 0.6 * field < furthest <= field


def test_of_several_outputs_the_widest_receptive_field_counts():
    inputs = image_input(1)
    outputs = {f"by_{size}": keras.layers.Conv2D(1, size, padding="same")(inputs) for size in (3, 11, 5)}
    assert measure_receptive_field(read_graph(network(inputs, outputs, name="wide", size_multiple=1))) == 5


def test_with_instance_normalization_the_receptive_field_is_the_whole_image():
    assert measure_receptive_field(read_graph(build("unet", filters=(2, 2), norm="instance"))) is None
    assert measure_receptive_field(read_graph(build("resnet", filters=2, blocks=1))) is None
