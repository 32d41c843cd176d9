"""Networks that are drawn without Keras say what those in Keras say."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from autoseg._backend.graph import count_bytes, read_graph
from autoseg._backend.receptive_field import measure_receptive_field
from autoseg.errors import ModelError
from autoseg.models.config import CONFIG, WEIGHTS
from autoseg.models.folder import load_model, save_model
from autoseg.networks import build
from autoseg.networks.plain_unet import read_plain_unet
from autoseg.networks.unet_plan import UNetPlan
from autoseg.segmentation.engines import OpenVINOEngine
from tests.marks import predicts_once
from tests.networks.cases import IMAGE_TO_IMAGE, fill_weights
from tests.processes import ROOT

pytestmark = predicts_once

UNETS = {name: case for name, case in IMAGE_TO_IMAGE.items() if case.architecture == "unet"}


def drawn(path, parameters):
    return read_plain_unet(UNetPlan(**parameters), path, in_keras=build)


@pytest.mark.parametrize("name", UNETS)
def test_it_is_the_network_of_keras(name, tmp_path):
    case = UNETS[name]
    network = fill_weights(case.build())
    network.save_weights(tmp_path / WEIGHTS)
    plain = drawn(tmp_path / WEIGHTS, case.parameters)
    assert plain.input_shape == network.input_shape
    assert plain.size_multiple == network.size_multiple
    assert plain.prediction_channels == network.prediction_channels
    graph = read_graph(network)
    assert sorted(step.layer.name for step in plain.graph.steps) == sorted(step.layer.name for step in graph.steps)
    assert measure_receptive_field(plain.graph) == measure_receptive_field(graph)
    shape = (1, 64, 96, case.input_shape[-1])
    assert count_bytes(plain.graph, shape) == count_bytes(graph, shape)
    image = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    expected, found = OpenVINOEngine(network)(image), OpenVINOEngine(plain)(image)
    assert list(found) == list(expected)
    for output in expected:
        assert np.ptp(expected[output]) > 1e-3  # not all alike
        np.testing.assert_allclose(found[output], expected[output], atol=1e-5)


def test_weights_of_another_network_are_refused(tmp_path):
    build("unet", filters=(4, 6)).save_weights(tmp_path / WEIGHTS)
    for filters in ((4, 6, 8), (4, 5), (4,) * 2):
        with pytest.raises(ValueError, match="has arrays of shape"):
            drawn(tmp_path / WEIGHTS, {"filters": filters})
    build("unet", filters=(4, 6), refined=True).save_weights(tmp_path / "more.weights.h5")
    with pytest.raises(ValueError, match=r"has arrays of shape|arrays too many"):
        drawn(tmp_path / "more.weights.h5", {"filters": (4, 6)})


def python(code, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": "openvino", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


SEGMENT = """
import sys
import numpy as np
from autoseg.models.folder import load_model
from autoseg.segmentation.predictor import Predictor
model = load_model(sys.argv[1])
image = np.linspace(0, 1, 32 * 48, dtype=np.float32).reshape(32, 48)
without = Predictor(model.runnable)(image)
print("keras" in sys.modules)
from autoseg._backend import keras
with_keras = Predictor(model.network)(image)
differences = [float(abs(without[name] - with_keras[name]).max()) for name in with_keras]
print(isinstance(model.network, keras.Model), max(differences))
"""


def test_a_model_predicts_before_keras_is_there_and_has_its_network_in_keras_all_the_same(tmp_path):
    save_model(tmp_path / "model", fill_weights(build("unet", filters=(4, 6))), card="")
    has_keras, is_model, difference = python(SEGMENT, tmp_path / "model")
    assert (has_keras, is_model) == ("False", "True")
    assert float(difference) <= 1e-5


LOAD = """
import sys
from autoseg.errors import ModelError
from autoseg.models.folder import load_model
try:
    load_model(sys.argv[1])
except ModelError as error:
    print(error)
"""


def test_what_does_not_fit_is_told_as_keras_tells_it(tmp_path):
    save_model(tmp_path / "model", build("unet", filters=(4, 6)), card="")
    path = tmp_path / "model" / CONFIG
    content = json.loads(path.read_text())
    content["architecture"]["filters"] = [4, 8]
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError) as told:
        load_model(tmp_path / "model")
    assert python(LOAD, tmp_path / "model") == str(told.value).split()
