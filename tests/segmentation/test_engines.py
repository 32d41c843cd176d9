"""Engines: equal predictions, and clear refusals."""

from __future__ import annotations

import numpy as np
import openvino
import pytest

from autoseg._backend import BACKEND, keras, prediction
from autoseg._backend.openvino import CompiledNetwork
from autoseg.errors import BackendError
from autoseg.networks import build
from autoseg.networks.layers import image_input, network
from autoseg.segmentation import engines
from autoseg.segmentation.engines import BackendEngine, OpenVINOEngine, choose_engine
from tests.networks.cases import IMAGE_TO_IMAGE, fill_weights, make_input, predict, predict_by_name

# What OpenVINO runs is written alike on every backend: where those compile for long, a small network is enough.
CASES = {
    name: case
    for name, case in IMAGE_TO_IMAGE.items()
    if BACKEND in ("torch", "openvino") or name in ("unet", "unet_outputs")
}
HAS_BFLOAT16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@pytest.fixture(scope="module")
def small():
    return fill_weights(build("unet", filters=(4, 6)))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_both_engines_predict_the_named_outputs_of_the_network(case):
    built = fill_weights(case.build())
    x = make_input(case)[:1]
    expected = predict_by_name(built, x)
    for engine in (OpenVINOEngine(built), BackendEngine(built)):
        found = engine(x)
        assert list(found) == list(expected)
        for name, output in found.items():
            assert output.dtype == np.float32
            np.testing.assert_allclose(output, expected[name], atol=1e-4, rtol=1e-4)


def test_openvino_runs_every_kind_of_layer_of_the_networks():
    """Those that no network above has: enlarged pixels by another factor, noise and dropout, pooling with overlap."""
    layers = keras.layers
    x = inputs = image_input(2)
    x = layers.Conv2D(3, (3, 5), dilation_rate=2, padding="same", activation="tanh", bias_initializer="ones")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.UpSampling2D((2, 2), interpolation="nearest")(layers.GaussianNoise(0.5)(layers.Dropout(0.5)(x)))
    x = layers.Cropping2D(((1, 0), (0, 2)))(layers.ZeroPadding2D(((0, 1), (2, 0)))(layers.LeakyReLU(0.2)(x)))
    built = network(inputs, {"mix": layers.BatchNormalization(center=False)(x)}, name="mixed", size_multiple=2)
    image = np.random.default_rng(0).normal(size=(1, 16, 24, 2)).astype(np.float32)
    np.testing.assert_allclose(OpenVINOEngine(built)(image)["mix"], predict(built, image)["output"], atol=1e-4)


def test_the_backend_predicts_what_the_network_does_and_follows_its_weights(small):
    x = np.random.default_rng(0).random((1, 16, 24, 1), dtype=np.float32)
    engine = BackendEngine(small)
    first = engine(x)["foreground"]
    np.testing.assert_allclose(first, predict(small, x)["output"], atol=1e-5)
    weights = small.get_weights()
    small.set_weights([-weight for weight in weights])
    try:
        if BACKEND != "openvino":  # there, Keras writes the weights into what it compiles
            assert not np.allclose(engine(x)["foreground"], first, atol=1e-2)
    finally:
        small.set_weights(weights)


def test_openvino_is_compiled_anew_for_another_size_alone(small, monkeypatch):
    sizes = []

    class Watched(CompiledNetwork):
        def __init__(self, model, names, size, *settings):
            sizes.append(size)
            super().__init__(model, names, size, *settings)

    monkeypatch.setattr(engines.openvino, "CompiledNetwork", Watched)
    engine, rng = OpenVINOEngine(small), np.random.default_rng(0)
    x, larger = rng.random((1, 16, 24, 1), np.float32), rng.random((1, 32, 16, 1), np.float32)
    first, second = engine(x)["foreground"], engine(1 - x)["foreground"]
    assert sizes == [(16, 24)] and not np.array_equal(first, second)
    assert engine(larger)["foreground"].shape == (1, 32, 16, 1) and sizes == [(16, 24), (32, 16)]
    np.testing.assert_array_equal(engine(x)["foreground"], first)


@pytest.mark.skipif(not HAS_BFLOAT16, reason="this processor cannot compute in bfloat16")
def test_bfloat16_changes_probabilities_a_little(small):
    x = np.random.default_rng(0).random((1, 64, 64, 1), dtype=np.float32)
    exact, rounded = (OpenVINOEngine(small, kind)(x)["foreground"] for kind in ("float32", "bfloat16"))
    assert 0 < np.abs(exact - rounded).max() < 0.01
    assert isinstance(choose_engine(small, precision="bfloat16"), OpenVINOEngine)


@pytest.mark.skipif(HAS_BFLOAT16, reason="this processor can compute in bfloat16")
def test_bfloat16_is_refused_where_the_processor_lacks_it(small):
    with pytest.raises(BackendError, match="cannot compute in bfloat16"):
        OpenVINOEngine(small, "bfloat16")


def test_auto_is_openvino_on_the_processor_alone(small, monkeypatch):
    monkeypatch.setattr(prediction, "devices", lambda: ["cpu", "cuda:0 of some kind"])
    assert isinstance(choose_engine(small, device="cpu"), OpenVINOEngine)
    assert isinstance(choose_engine(small), OpenVINOEngine if BACKEND == "openvino" else BackendEngine)
    monkeypatch.setattr(prediction, "devices", lambda: ["CPU:0"])
    assert isinstance(choose_engine(small), OpenVINOEngine)


def test_what_an_engine_cannot_do_is_refused(small):
    with pytest.raises(BackendError, match="bfloat16 needs OpenVINO"):
        choose_engine(small, "backend", "bfloat16")
    with pytest.raises(BackendError, match=r'no device "gpu:7".*cpu'):
        choose_engine(small, "openvino", device="gpu:7")


def test_a_layer_that_openvino_does_not_know_is_named():
    inputs = image_input(1)
    built = network(
        inputs, {"odd": keras.layers.SeparableConv2D(1, 1, name="odd")(inputs)}, name="odd", size_multiple=1
    )
    with pytest.raises(BackendError, match=r'cannot run the layer "odd" \(SeparableConv2D\)'):
        choose_engine(built, "openvino")
