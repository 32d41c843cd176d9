"""What other programs get: the same numbers for images of any size."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from autoseg import networks
from autoseg._backend import BACKEND, inference, to_numpy
from autoseg.cli import main
from autoseg.errors import AutosegError, BackendError
from autoseg.heads import Head
from autoseg.models.export import describe, export_model
from autoseg.models.folder import load_model, save_model
from tests.heads import HEADS

SHAPES = (1, 16, 24, 1), (2, 8, 12, 1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    network = networks.build("unet", filters=(4, 8), outputs=(("particles", 3, "sigmoid"),), seed=1)
    save_model(folder, network, card="# tiny", head="instances", polarity="either", postprocessing={"threshold": 0.4})
    return load_model(folder)


def expected(model, images):
    with inference():
        return to_numpy(model.network(images))


def images(shape):
    return np.random.default_rng(0).random(shape, np.float32)


def test_the_description_tells_how_to_use_the_network(model):
    found = json.loads(json.dumps(describe(model, "onnx")))
    assert found["input"]["shape"] == [None, None, None, 1]
    assert found["input"]["rows_and_columns_are_multiples_of"] == 2
    channels = ["foreground", "contact", "distance"]
    assert found["outputs"] == {"particles": {"shape": [None, None, None, 3], "channels": channels}}
    assert Head(**found["head"]) == Head(kind="instances")
    assert found["preprocessing"] == {"percentiles": [0.5, 99.5], "clip": True}
    assert found["postprocessing"] == {"threshold": 0.4} and "0.5 and 99.5 percentiles" in found["preparation"][0]


def test_the_description_names_classes_and_every_output(tmp_path):
    head = HEADS["classes and rows"]
    save_model(tmp_path, networks.build("unet", filters=(4, 8), outputs=head.network_outputs), card="", head=head)
    found = json.loads(json.dumps(describe(load_model(tmp_path), "onnx")))
    assert found["outputs"] == {
        "classes": {"shape": [None, None, None, 3], "channels": ["background", "grain", "pore"]},
        "rows": {"shape": [None, None, None, 1], "channels": ["rows"]},
    }


def test_a_network_without_a_head_has_outputs_without_names_of_channels(tmp_path):
    save_model(tmp_path, networks.build("resnet", filters=2, samplings=1, blocks=0), card="")
    found = describe(load_model(tmp_path), "onnx")
    assert found["head"] is None
    assert found["outputs"] == {"image": {"shape": [None, None, None, 1], "channels": None}}


@pytest.mark.skipif(BACKEND != "tensorflow", reason="exports with TensorFlow")
def test_openvino_computes_the_same_for_any_size(model, tmp_path):
    import openvino

    names = ["tiny.v1.bin", "tiny.v1.xml", "tiny.v1.xml.json"]
    assert [path.name for path in export_model(model, tmp_path / "tiny.v1", "openvino")] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    network = openvino.Core().compile_model(tmp_path / "tiny.v1.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for shape in SHAPES:
        np.testing.assert_allclose(network(images(shape))[0], expected(model, images(shape)), atol=1e-5)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="exports with TensorFlow")
def test_a_saved_model_computes_the_same_for_any_size(model, tmp_path):
    import tensorflow

    export_model(model, tmp_path / "deeper" / "tiny", "saved_model")
    assert sorted(path.name for path in (tmp_path / "deeper").iterdir()) == ["tiny", "tiny.json"]
    network = tensorflow.saved_model.load(tmp_path / "deeper" / "tiny")
    for shape in SHAPES:
        np.testing.assert_allclose(network.serve(images(shape)).numpy(), expected(model, images(shape)), atol=1e-5)
    with pytest.raises(AutosegError, match="tiny: is there already"):
        export_model(model, tmp_path / "deeper" / "tiny", "saved_model")


@pytest.mark.skipif(BACKEND != "tensorflow", reason="exports with TensorFlow")
def test_onnx_computes_the_same_for_any_size_or_says_what_to_install(model, tmp_path):
    if not all(map(find_spec, ("tf2onnx", "onnx"))):
        with pytest.raises(BackendError, match=r"Run: pip install .*onnx"):
            export_model(model, tmp_path / "tiny", "onnx")
        assert not any(tmp_path.iterdir())
        return
    onnxruntime = pytest.importorskip("onnxruntime")
    path, _ = export_model(model, tmp_path / "tiny", "onnx")
    session = onnxruntime.InferenceSession(path)
    for shape in SHAPES:
        (found,) = session.run(None, {session.get_inputs()[0].name: images(shape)})
        np.testing.assert_allclose(found, expected(model, images(shape)), atol=1e-5)


def test_the_command_exports_or_names_the_backend_to_choose(model, tmp_path, capsys):
    save_model(tmp_path / "m", model.network, card="")
    code = main(["export", str(tmp_path / "m"), "--format", "openvino", "--output", str(tmp_path / "o.xml")])
    written = capsys.readouterr()
    if BACKEND == "tensorflow":
        assert code == 0 and str(tmp_path / "o.xml") in written.out.splitlines()
    else:
        assert code == 1 and not written.out
        assert f"Keras runs on {BACKEND} here. Set KERAS_BACKEND=tensorflow" in written.err
        assert not list(tmp_path.glob("o*"))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="exports with TensorFlow")
def test_a_failure_leaves_nothing_behind(model, tmp_path, monkeypatch):
    def fail(path, **settings):
        (tmp_path / "seen").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(model.network, "export", fail)
    with pytest.raises(KeyboardInterrupt):
        export_model(model, tmp_path / "tiny", "openvino")
    assert [path.name for path in tmp_path.iterdir()] == ["seen"]
