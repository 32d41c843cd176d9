import json

import numpy as np
import pytest

from autoseg._backend import BACKEND, keras, to_numpy
from autoseg.backends import TRAINABLE
from autoseg.errors import ModelError, OptionsError
from autoseg.models.config import CONFIG, FORMAT, WEIGHTS
from autoseg.models.folder import load_model, save_model
from autoseg.networks import build
from tests.heads import HEADS
from tests.networks.cases import fill_weights, predict


@pytest.fixture(scope="module")
def network():
    return fill_weights(
        build("unet", filters=(4, 6), outputs=(("foreground", 1, "sigmoid"), ("distance", 1, "linear")))
    )


@pytest.fixture
def folder(network, tmp_path):
    description = {"polarity": "dark", "postprocessing": {"threshold": 0.4}}
    save_model(tmp_path / "mödel", network, card="# Rods", **description)
    return tmp_path / "mödel"


def change(path, **changes):
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | changes), encoding="utf-8")


def test_a_model_comes_back_as_it_was_saved(network, folder):
    model = load_model(folder)
    image = np.random.default_rng(0).uniform(size=(1, 16, 24, 1)).astype("float32")
    expected, found = predict(network, image), predict(model.network, image)
    assert set(found) == {"foreground", "distance"}
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
    assert (model.name, model.card, model.config.polarity) == ("mödel", "# Rods", "dark")
    assert model.config.postprocessing == {"threshold": 0.4}
    assert sorted(path.name for path in folder.iterdir()) == ["CARD.md", CONFIG, WEIGHTS]


def test_the_architecture_is_written_in_full_so_that_changed_defaults_change_no_model(folder):
    architecture = json.loads((folder / CONFIG).read_text())["architecture"]
    assert (
        architecture["architecture"] == "unet" and architecture["norm"] == "batch" and architecture["filters"] == [4, 6]
    )


def test_an_unknown_name_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(ModelError, match=r"partciles: is neither a model folder nor a shipped model"):
        load_model("partciles")
    with pytest.raises(ModelError, match=r"is not a model folder: it has no config\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.pkl", "model.pt", "model.onnx"])
def test_files_that_can_hold_code_are_refused_unread(tmp_path, name):
    (tmp_path / name).write_bytes(b"never read")
    with pytest.raises(ModelError, match=rf"{name}: may hold code that runs when it is loaded"):
        load_model(tmp_path / name)


def test_a_bare_weights_file_is_refused(folder):
    with pytest.raises(ModelError, match=r"which network they belong to\. Name its folder"):
        load_model(folder / WEIGHTS)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda folder: (folder / WEIGHTS).unlink(), "is incomplete: it has no model.weights.h5"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"short"), "model.weights.h5: is damaged"),
        (lambda folder: (folder / CONFIG).write_text("{"), "config.json: is damaged"),
        (lambda folder: (folder / CONFIG).write_text("[]"), "config.json: is damaged"),
        (
            lambda folder: change(folder / CONFIG, format=FORMAT + 1),
            "config.json: has format 3, but autoseg .* reads formats up to 2",
        ),
        (lambda folder: change(folder / CONFIG, polarty="dark"), 'unknown option "polarty"; did you mean "polarity"'),
        (lambda folder: change(folder / CONFIG, architecture={"architecture": "unnet"}), 'did you mean "unet"'),
        (lambda folder: change(folder / CONFIG, architecture={}), "describes no network that autoseg knows"),
        (
            lambda folder: change(folder / CONFIG, architecture={"architecture": "unet", "filters": [4, 8]}),
            "does not fit the architecture in config.json",
        ),
        (
            lambda folder: change(folder / CONFIG, architecture={"architecture": "unet", "filters": [4, 6, 8]}),
            "does not fit the architecture in config.json",
        ),
        (
            lambda folder: change(folder / CONFIG, architecture={"architecture": "unet", "filters": [4, 6]}),
            "does not fit the architecture in config.json",
        ),
    ],
)
def test_what_is_wrong_with_a_model_is_said(folder, damage, expected):
    damage(folder)
    with pytest.raises(ModelError, match=expected) as caught:
        load_model(folder)
    assert str(caught.value).startswith(str(folder)) and "\n" not in str(caught.value)


def test_a_truncated_weights_file_is_damaged_even_where_it_is_still_hdf5(folder):
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="is damaged"):
        load_model(folder)


@pytest.mark.parametrize("name", HEADS)
def test_a_head_comes_back_with_its_network(name, tmp_path):
    head = HEADS[name]
    network = fill_weights(build("unet", filters=(2, 3), outputs=head.network_outputs))
    save_model(tmp_path, network, card="", head=head)
    model = load_model(tmp_path)
    assert model.config.head == head
    image = np.random.default_rng(0).uniform(size=(1, 16, 24, 1)).astype("float32")
    for output, values in predict(network, image).items():
        np.testing.assert_array_equal(predict(model.network, image)[output], values)


def test_a_head_that_does_not_fit_the_network_is_refused_and_leaves_no_model(network, tmp_path):
    needed = r'the head "instances" needs a network with the outputs particles \(3 x sigmoid\), not foreground'
    with pytest.raises(OptionsError, match=needed):
        save_model(tmp_path / "model", network, card="", head="instances")
    with pytest.raises(ModelError, match="it has no config"):
        load_model(tmp_path / "model")


@pytest.mark.skipif(BACKEND not in TRAINABLE, reason="this backend only predicts")
def test_weights_alone_are_saved_not_the_optimizer(network, tmp_path):
    trained = build("unet", filters=(4, 6))
    trained.compile(keras.optimizers.Adam(), "mse")
    trained.optimizer.build(trained.trainable_variables)
    save_model(tmp_path / "trained", trained, card="")
    save_model(tmp_path / "fresh", build("unet", filters=(4, 6)), card="")
    sizes = [(tmp_path / name / WEIGHTS).stat().st_size for name in ("trained", "fresh")]
    assert sizes[0] < 1.1 * sizes[1]


def test_half_the_bits_predict_nearly_the_same(tmp_path):
    network = build("unet", filters=(8, 16), seed=3)
    for half in (False, True):
        save_model(tmp_path / str(half), network, card="", half=half)
    whole, halved = (load_model(tmp_path / str(half)).network for half in (False, True))
    sizes = [(tmp_path / str(half) / "model.weights.h5").stat().st_size for half in (False, True)]
    assert sizes[1] < sizes[0] - 2 * network.count_params() * 0.9
    assert {str(variable.dtype) for variable in halved.weights} == {"float32"}
    image = np.random.default_rng(0).random((1, 32, 32, 1), dtype="float32")
    difference = np.abs(to_numpy(whole.predict_on_batch(image)) - to_numpy(halved.predict_on_batch(image))).max()
    assert 0 < difference < 5e-3


def test_weights_beyond_16_bits_are_not_halved(tmp_path):
    network = build("unet", filters=(4, 8))
    network.set_weights([weights * 1e7 for weights in network.get_weights()])
    with pytest.raises(ModelError, match="16 bits cannot hold"):
        save_model(tmp_path, network, card="", half=True)
