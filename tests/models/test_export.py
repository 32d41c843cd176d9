"""What other programs get: the same numbers for images of any size."""

import hashlib
import json
import zipfile

import numpy as np
import onnxruntime
import openvino
import pytest

from autoseg import networks
from autoseg._backend import BACKEND, inference, keras, to_numpy
from autoseg._backend.writing import write_onnx, write_openvino
from autoseg.cli import main
from autoseg.errors import AutosegError, BackendError
from autoseg.heads import Head
from autoseg.models import export
from autoseg.models.export import describe, export_model
from autoseg.models.folder import load_model, save_model
from tests.heads import HEADS
from tests.marks import predicts_once
from tests.networks.cases import IMAGE_TO_IMAGE, fill_weights, make_input, predict_by_name

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
    assert found["input"]["name"] == "input"  # which is told apart from the output


def in_openvino(path, x):
    """The outputs by name."""
    network = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    (name,) = network.input(0).names
    return {next(iter(output.names)): values for output, values in network({name: x}).items()}


def in_onnx(path, x):
    session = onnxruntime.InferenceSession(path)
    return dict(
        zip([one.name for one in session.get_outputs()], session.run(None, {input_of(session): x}), strict=True)
    )


def input_of(session):
    (one,) = session.get_inputs()
    return one.name


PROGRAMS = {"openvino": (".xml", in_openvino), "onnx": (".onnx", in_onnx)}


@pytest.mark.parametrize("program", PROGRAMS)
def test_other_programs_compute_the_same_for_any_size(model, tmp_path, program):
    ending, compute = PROGRAMS[program]
    names = [f"tiny.v1{ending}", f"tiny.v1{ending}.json", *(["tiny.v1.bin"] if program == "openvino" else [])]
    assert {path.name for path in export_model(model, tmp_path / "tiny.v1", program)} == set(names)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for shape in SHAPES:
        found = compute(tmp_path / f"tiny.v1{ending}", images(shape))
        np.testing.assert_allclose(found.pop("particles"), expected(model, images(shape)), atol=1e-5)
        assert not found


@predicts_once
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", IMAGE_TO_IMAGE)
def test_every_architecture_can_be_written(name, program, tmp_path):
    network, x = fill_weights(IMAGE_TO_IMAGE[name].build()), make_input(IMAGE_TO_IMAGE[name])
    ending, compute = PROGRAMS[program]
    {"openvino": write_openvino, "onnx": write_onnx}[program](network, tmp_path / f"a{ending}")
    outputs, found = predict_by_name(network, x), compute(tmp_path / f"a{ending}", x)
    assert found.keys() == outputs.keys()
    for output, values in outputs.items():
        np.testing.assert_allclose(found[output], values, atol=1e-5)


@predicts_once
@pytest.mark.parametrize("write", [write_onnx, write_openvino])
def test_a_layer_that_cannot_be_written_is_named(write, tmp_path):
    image = keras.Input((None, None, 1), name="image")
    network = keras.Model(image, keras.layers.DepthwiseConv2D(3, name="odd")(image))
    network.prediction_channels = {"foreground": 1}
    with pytest.raises(BackendError, match=r'the layer "odd" \(DepthwiseConv2D\)'):
        write(network, tmp_path / "a")
    assert not list(tmp_path.iterdir())


@predicts_once
def test_without_the_package_it_is_said_what_to_install(model, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"onnx needs onnx. Run: pip install 'autoseg\[export\]'"):
        export_model(model, tmp_path / "tiny", "onnx")
    assert not any(tmp_path.iterdir())


@pytest.fixture(scope="module")
def package(model, tmp_path_factory):
    path, _ = export_model(model, tmp_path_factory.mktemp("packages") / "tiny", "bioimageio")
    return path


@predicts_once
def test_a_package_of_bioimage_io_tells_what_its_network_makes_of_an_image(package, tmp_path):
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    told = json.loads((tmp_path / "rdf.yaml").read_text())
    image, prepared = np.load(tmp_path / "test_image.npy"), told["inputs"][0]["preprocessing"]
    assert [one["id"] for one in prepared] == ["scale_range", "clip"]
    low, high = np.percentile(image, [prepared[0]["kwargs"][f"{end}_percentile"] for end in ("min", "max")])
    found = in_onnx(tmp_path / "weights.onnx", ((image - low) / (high - low)).clip(0, 1).astype(np.float32))
    np.testing.assert_allclose(found["particles"], np.load(tmp_path / "test_particles.npy"), atol=1e-4)
    assert np.ptp(found["particles"]) > 0.01
    for entry in (told["weights"]["onnx"], told["documentation"], told["inputs"][0]["test_tensor"]):
        assert entry["sha256"] == hashlib.sha256((tmp_path / entry["source"]).read_bytes()).hexdigest()


@predicts_once
def test_the_package_is_valid(package):
    spec = pytest.importorskip("bioimageio.spec", reason="whoever has bioimageio.spec can check it")
    found = spec.load_description(package)
    assert found.validation_summary.status in ("valid-format", "passed"), found.validation_summary.details


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


def test_the_command_exports_or_names_the_backend_to_choose(model, tmp_path, capsys):
    save_model(tmp_path / "m", model.network, card="")
    assert main(["export", str(tmp_path / "m"), "--format", "openvino", "--output", str(tmp_path / "o.xml")]) == 0
    assert str(tmp_path / "o.xml") in capsys.readouterr().out.splitlines()
    if BACKEND != "tensorflow":
        assert main(["export", str(tmp_path / "m"), "--format", "saved_model", "--output", str(tmp_path / "s")]) == 1
        written = capsys.readouterr()
        assert not written.out and f"Keras runs on {BACKEND} here. Set KERAS_BACKEND=tensorflow" in written.err
        assert not list(tmp_path.glob("s*"))


@predicts_once
def test_a_failure_leaves_nothing_behind(model, tmp_path, monkeypatch):
    def fail(network, path):
        (tmp_path / "seen").touch()
        path.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "write_openvino", fail)
    with pytest.raises(KeyboardInterrupt):
        export_model(model, tmp_path / "tiny", "openvino")
    assert [path.name for path in tmp_path.iterdir()] == ["seen"]
