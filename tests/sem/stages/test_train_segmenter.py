"""The training goes on from a model that is given, on renderings of a few pixels."""

import numpy as np
import pytest

from autoseg._backend import BACKEND
from autoseg.backends import TRAINABLE
from autoseg.errors import ModelError, OptionsError
from autoseg.models import Preprocessing, load_model, save_model
from autoseg.networks import build
from autoseg.sem.stages import train_segmenter as module
from autoseg.sem.stages.pairs import Pairs, read_pair, write_pair
from autoseg.sem.stages.train_segmenter import TrainSegmenter, check_start
from tests.sem.scenes import scene

pytestmark = pytest.mark.skipif(BACKEND not in TRAINABLE, reason="this backend only predicts")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("pairs"), np.random.default_rng(5)
    written = Pairs(micrographs=folder / "micrographs", masks=folder / "masks")
    for number in range(4):
        image, labels = scene(rng, size=(48, 64), count=4)
        write_pair(folder, written, f"{number:05}", image / 255, labels > 0, labels)
    return written


def inverted(pairs, folder):
    """The same pairs, but of dark particles."""
    written = Pairs(micrographs=folder / "micrographs", masks=folder / "masks")
    for files in pairs.files():
        image, labels = read_pair(files, rims=False)
        write_pair(folder, written, files[0].stem, 1 - image / 255, labels > 0, labels)
    return written


def write_model(folder, channels=3):
    network = build("unet", filters=(4, 8), outputs=(("particles", channels, "sigmoid"),), seed=7)
    save_model(folder, network, card="# Start\n", preprocessing=Preprocessing(percentiles=(1, 99)))
    return network.get_weights()


def test_a_training_goes_on_from_a_model(pairs, tmp_path):
    weights = write_model(tmp_path / "start")
    settings = {"epochs": 1, "views": 1, "batch": 2, "crop": 32, "learning_rate": 1e-6, "schedule": "constant"}
    stage = TrainSegmenter(start=str(tmp_path / "start"), **settings)
    assert stage.sources() == [tmp_path / "start"]
    trained = stage.run(tmp_path, np.random.default_rng(0), render=pairs).model
    model = load_model(tmp_path / trained)
    assert model.config.preprocessing.percentiles == (1, 99)
    assert str(tmp_path / "start") in model.card
    low, high = model.config.diameter_range
    assert 10 < low <= high < 20  # of discs with radii of 6 to 10 pixels, some of them cut
    kernels = [(new, old) for new, old in zip(model.network.get_weights(), weights, strict=True) if old.ndim == 4]
    changes = [np.abs(new - old).max() for new, old in kernels]
    assert 0 < max(changes) < 1e-4  # learned, but hardly, from where it was


def test_pairs_that_are_laid_aside_are_told_and_choose_the_prominence(pairs, tmp_path, monkeypatch):
    write_model(tmp_path / "start")
    learned = []
    monkeypatch.setattr(module, "train_segmenter", lambda network, training, *rest: learned.extend(training.items))
    monkeypatch.setattr(module, "choose_prominence", lambda predict, pairs: len(list(pairs)) / 10)
    stage = TrainSegmenter(start=str(tmp_path / "start"), views=1, validation=0.5, from_disk=True)
    trained = stage.run(tmp_path, np.random.default_rng(0), render=pairs)
    aside = {pairs.files()[i] for i in trained.laid_aside}
    assert len(aside) == 2 and set(learned) == set(pairs.files()) - aside
    assert load_model(tmp_path / trained.model).config.postprocessing == {"method": "contact", "prominence": 0.2}


def test_a_model_that_knows_bright_particles_sees_dark_ones_as_bright(pairs, tmp_path, monkeypatch):
    write_model(tmp_path / "start")
    batches = []
    monkeypatch.setattr(module, "train_segmenter", lambda network, training, *rest: batches.append(training[0]))
    for polarity, given in (("bright", pairs), ("dark", inverted(pairs, tmp_path / "dark_pairs"))):
        stage = TrainSegmenter(polarity=polarity, crop=32, batch=2, start=str(tmp_path / "start"))
        model = load_model(tmp_path / stage.run(tmp_path, np.random.default_rng(0), render=given).model)
        assert model.config.polarity == "bright"
    bright, dark = batches
    np.testing.assert_allclose(dark[0], bright[0], atol=1e-5)
    np.testing.assert_array_equal(dark[1], bright[1])


def test_a_model_to_start_from_must_exist_and_have_the_channels_of_the_head(tmp_path):
    with pytest.raises(ModelError, match='Did you mean "particles"'):
        TrainSegmenter(start="particle").sources()
    with pytest.raises(OptionsError, match='set start = ""'):
        TrainSegmenter(start="particles", network={"filters": 2})
    with pytest.raises(OptionsError, match="particles that it knows decide"):
        check_start(TrainSegmenter(start="particles", inverted=True))
    write_model(tmp_path / "start", channels=1)
    stage = TrainSegmenter(start=str(tmp_path / "start"), epochs=1, crop=32)
    with pytest.raises(OptionsError, match="3 channels"):
        check_start(stage)
