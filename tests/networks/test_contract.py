"""What every network keeps to, whatever its architecture."""

from __future__ import annotations

import functools
import inspect
import json
import random
import re
from importlib import import_module

import h5py
import numpy as np
import pytest

from autoseg._backend import BACKEND, keras
from autoseg.errors import OptionsError
from autoseg.networks import ARCHITECTURES, build
from autoseg.networks.layers import InstanceNormalization
from tests.marks import builds_once
from tests.networks.cases import CASES, IMAGE_TO_IMAGE, fill_weights, make_input, predict

needs_training = pytest.mark.skipif(BACKEND == "openvino", reason="OpenVINO only predicts")
every_case = pytest.mark.parametrize("name", CASES)
every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


@functools.cache
def filled(name):
    return fill_weights(CASES[name].build())


@functools.cache
def prediction(name):
    return predict(filled(name), make_input(CASES[name]))


@pytest.fixture
def mixed_precision():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(policy)


@pytest.fixture
def channels_first():
    data_format = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format(data_format)


def test_every_architecture_has_a_case():
    assert {case.architecture for case in CASES.values()} == set(ARCHITECTURES)


@builds_once
def test_every_parameter_of_every_architecture_is_varied_by_some_case():
    for architecture in ARCHITECTURES:
        signature = inspect.signature(getattr(import_module(f"autoseg.networks.{architecture}"), architecture))
        varied = {key for case in CASES.values() if case.architecture == architecture for key in case.parameters}
        assert varied == set(signature.parameters)


@every_case
def test_outputs_have_the_stated_shapes_and_ranges(name):
    outputs = prediction(name)
    assert {key: value.shape for key, value in outputs.items()} == CASES[name].output_shapes
    for key, value in outputs.items():
        low, high = CASES[name].ranges.get(key, (-np.inf, np.inf))
        assert value.dtype == np.float32
        assert low <= value.min() < value.max() <= high  # NaN fails all of these


@every_case
def test_nothing_is_random_at_inference(name):
    again = predict(filled(name), make_input(CASES[name]))
    for key, value in prediction(name).items():
        np.testing.assert_array_equal(again[key], value)


@pytest.mark.parametrize("name", IMAGE_TO_IMAGE)
def test_any_multiple_of_the_size_multiple_gives_the_same_size(name):
    """And where no statistics of the whole image are taken, a shifted image gives a shifted output in the interior."""
    case, network = CASES[name], filled(name)
    shift, height, width = network.size_multiple, 2 * network.size_multiple, 25 * network.size_multiple
    strip = np.random.default_rng(0).uniform(-1, 1, (1, height, width + shift, case.input_shape[-1])).astype("float32")
    here, there = predict(network, strip[:, :, shift:]), predict(network, strip[:, :, :-shift])
    middle = slice(width // 2 - shift, width // 2 + shift)
    for key, shape in case.output_shapes.items():
        assert here[key].shape == there[key].shape == (1, height, width, shape[-1])
        if not any(isinstance(layer, InstanceNormalization) for layer in network.layers):
            shifted = np.roll(there[key], -shift, axis=2)
            np.testing.assert_allclose(shifted[:, :, middle], here[key][:, :, middle], atol=1e-5)
            assert np.ptp(here[key][:, :, middle]) > 1e-3


@builds_once
@every_case
def test_a_build_from_what_a_network_remembers_is_alike(name):
    again = build(**json.loads(json.dumps(filled(name).architecture)))
    assert [layer.name for layer in again.layers] == [layer.name for layer in filled(name).layers]
    assert again.get_config() == filled(name).get_config()


@every_case
def test_weights_move_between_builds_through_files(name, tmp_path):
    another = fill_weights(CASES[name].build(), seed=7)
    filled(name).save_weights(tmp_path / "filled.weights.h5")
    another.save_weights(tmp_path / "another.weights.h5")
    assert contents(tmp_path / "filled.weights.h5") == contents(tmp_path / "another.weights.h5")
    another.load_weights(tmp_path / "filled.weights.h5")
    for loaded, saved in zip(another.get_weights(), filled(name).get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, saved)


def contents(path):
    entries = []
    with h5py.File(path) as file:
        file.visititems(lambda place, item: entries.append((place, getattr(item, "shape", None))))
    return entries


@pytest.mark.skipif(BACKEND == "openvino", reason="compiles to read each of them; they are compared with the others'")
@every_architecture
def test_initial_weights_follow_from_the_seed_alone(architecture):
    parameters = next(case.parameters for case in CASES.values() if case.architecture == architecture)
    before = random.getstate()
    first, again, other = (build(architecture, seed=seed, **parameters).get_weights() for seed in (1, 1, 2))
    assert random.getstate() == before
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@needs_training
@pytest.mark.parametrize("name", ["critic", "patchgan_noise"])
def test_randomness_in_training_follows_from_the_seed(name):
    def draw(seed):
        output = fill_weights(CASES[name].build(seed))(make_input(CASES[name]), training=True)
        return keras.ops.convert_to_numpy(output)

    np.testing.assert_array_equal(draw(seed=1), draw(seed=1))
    assert np.abs(draw(seed=1) - draw(seed=2)).max() > 1e-3
    assert np.abs(draw(seed=1) - prediction(name)["output"]).max() > 1e-3


@builds_once
@every_architecture
def test_the_docstring_counts_the_parameters(architecture):
    function = getattr(import_module(f"autoseg.networks.{architecture}"), architecture)
    stated = re.search(r"([\d,]+) parameters with the defaults\.", " ".join(function.__doc__.split()))
    assert build(architecture).count_params() == int(stated[1].replace(",", ""))


@builds_once
@every_architecture
def test_images_are_channels_last_whatever_keras_is_set_to(architecture, channels_first):
    name = next(name for name, case in CASES.items() if case.architecture == architecture)
    assert CASES[name].build().get_config() == filled(name).get_config()


@needs_training
@every_case
def test_outputs_are_float32_and_sound_in_mixed_precision(name, mixed_precision):
    outputs = predict(fill_weights(CASES[name].build()), make_input(CASES[name]))
    for key, value in prediction(name).items():
        assert outputs[key].dtype == np.float32
        np.testing.assert_allclose(outputs[key], value, atol=0.1 * max(1, np.abs(value).max()))


# JAX takes long to compile the layers of this one, and those of `multires_unet_outputs` are the same.
TRAINED = [name for name in CASES if (BACKEND, name) != ("jax", "multires_unet")]


@needs_training
@pytest.mark.parametrize("name", TRAINED)
def test_gradients_reach_every_trainable_weight(name):
    case = CASES[name]
    network = fill_weights(case.build())
    before = [keras.ops.convert_to_numpy(variable) for variable in network.trainable_variables]
    rng = np.random.default_rng(1)
    truth = {key: rng.uniform(0, 1, shape).astype("float32") for key, shape in case.output_shapes.items()}
    network.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=BACKEND == "tensorflow")  # faster than tracing
    network.fit(make_input(case), truth if len(truth) > 1 else truth["output"], verbose=0)
    for variable, value in zip(network.trainable_variables, before, strict=True):
        change = np.abs(keras.ops.convert_to_numpy(variable) - value).max()
        if case.architecture == "multires_unet" and variable.path == "decoder1_normalization/beta":
            assert change < 1e-6  # its outputs are normalized as published, and lose any constant added before
        else:
            assert 1e-6 < change < np.inf, f"{variable.path} changed by {change}"


@builds_once
@pytest.mark.parametrize(("architecture", "parameters", "problem"), [
    ("unett", {}, 'unknown architecture "unett"; did you mean "unet"?'),
    (None, {}, 'unknown architecture "None"; known are critic,'),
    ("resnet", {"sampling": 2}, 'unknown option "sampling"; did you mean "samplings"?'),
    ("resnet", {"filters": 0}, '"filters" must be greater than or equal to 1, not 0'),
    ("resnet", {"activation": "softmax"}, "\"activation\" must be 'tanh' or 'sigmoid', not 'softmax'"),
    ("resnet", {"skip": True, "channels": 3}, '"skip" needs as many channels out as in, not 3 and 1'),
    ("critic", {"size": (64, 40)}, '"size.1" must be a multiple of 16, not 40'),
    ("generator", {"size": (64,)}, '"size.1"'),
    ("generator", {"latent": "many"}, '"latent"'),
    ("patchgan", {"noise": float("nan")}, '"noise"'),
    ("multires_unet", {"filters": 2.5}, '"filters"'),
    ("multires_unet", {"outputs": (("classes", 1, "softmax"),)}, "softmax of a single channel"),
    ("multires_unet", {"channels": 2}, 'unknown option "channels"'),
    ("unet", {"norm": "layer"}, "\"norm\" must be 'batch' or 'instance', not 'layer'"),
    ("unet", {"filters": (8,)}, '"filters"'),
    ("unet", {"filters": 8}, '"filters"'),
    ("unet", {"outputs": ()}, '"outputs"'),
    ("unet", {"outputs": (("a/b", 1, "linear"),)}, '"outputs.0.0"'),
    ("unet", {"outputs": (("a", 1, "linear"), ("a", 2, "softmax"))}, '"outputs" must have different names'),
])  # fmt: skip
def test_wrong_parameters_are_told(architecture, parameters, problem):
    with pytest.raises(OptionsError, match=re.escape(problem)):
        build(architecture, **parameters)


def test_a_failed_build_leaves_the_random_state_alone():
    before = random.getstate()
    with pytest.raises(OptionsError):
        build("unet", filters=0)
    assert random.getstate() == before
