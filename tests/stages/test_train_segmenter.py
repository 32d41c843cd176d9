"""The training goes on from a model that is given, on renderings of a few pixels."""

import numpy as np
import pytest

from autoseg.errors import ModelError, OptionsError
from autoseg.heads import Head
from autoseg.models.config import Preprocessing
from autoseg.models.folder import load_model, save_model
from autoseg.models.scoring import Scoring
from autoseg.networks import build
from autoseg.stages import calibration
from autoseg.stages import train_segmenter as module
from autoseg.stages.pairs import ParticlePair, ParticlePairs
from autoseg.stages.progress_pictures import draw_predictions
from autoseg.stages.train_segmenter import TrainSegmenter, TrainSegmenterOptions, check_start
from tests.marks import trains_once
from tests.simulation.particles.scenes import scene

SCORING = Scoring(least=0.7)
pytestmark = trains_once  # every backend passes through this stage in the workflow


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("pairs"), np.random.default_rng(5)
    written = ParticlePairs(images=folder / "images", truth=folder / "masks")
    for number in range(4):
        image, labels = scene(rng, size=(48, 64), count=4)
        written.write(folder, f"{number:05}", image / 255, labels > 0, labels)
    return written


def inverted(pairs, folder):
    """The same pairs, but of dark particles."""
    written = ParticlePairs(images=folder / "images", truth=folder / "masks")
    for files in pairs.files():
        image, labels, *_ = files.read(Head(kind="instances"))
        written.write(folder, files.image.stem, 1 - image / 255, labels > 0, labels)
    return written


def write_model(folder, head="instances", **more):
    network = build("unet", filters=(4, 8), outputs=Head(kind=head).network_outputs, seed=7)
    save_model(folder, network, card="# Start\n", head=head, preprocessing=Preprocessing(percentiles=(1, 99)), **more)
    return network.get_weights()


def test_a_training_goes_on_from_a_model(pairs, tmp_path):
    weights = write_model(tmp_path / "start")
    settings = {
        "epochs": 1,
        "views_per_pair": 1,
        "batch_size": 2,
        "crop": 32,
        "learning_rate": 1e-6,
        "schedule": "constant",
    }
    stage = TrainSegmenter(options=TrainSegmenterOptions(start=str(tmp_path / "start"), **settings))
    assert stage.sources() == [tmp_path / "start"]
    trained = stage.run(tmp_path, np.random.default_rng(0), pairs=(pairs,)).model
    model = load_model(tmp_path / trained)
    assert model.config.preprocessing.percentiles == (1, 99)
    assert str(tmp_path / "start") in model.card
    low, high = model.config.diameter_range
    assert 10 < low <= high < 20  # of discs with radii of 6 to 10 pixels, some of them cut
    kernels = [(new, old) for new, old in zip(model.network.get_weights(), weights, strict=True) if old.ndim == 4]
    changes = [np.abs(new - old).max() for new, old in kernels]
    assert 0 < max(changes) < 1e-4  # learned, but hardly, from where it was


def test_pairs_that_are_held_out_are_told_and_choose_the_prominence(pairs, tmp_path, monkeypatch):
    write_model(tmp_path / "start")
    learned = []
    monkeypatch.setattr(module, "train_segmenter", lambda network, training, *rest: learned.extend(training.items))
    monkeypatch.setattr(calibration, "choose_prominence", lambda predict, pairs: len(list(pairs)) / 10)
    options = TrainSegmenterOptions(start=str(tmp_path / "start"), views_per_pair=1, validation=0.5, from_disk=True)
    stage = TrainSegmenter(options=options)
    trained = stage.run(tmp_path, np.random.default_rng(0), pairs=(pairs,))
    held_out = {pairs.files()[i] for i in trained.held_out}
    assert len(held_out) == 2 and set(learned) == set(pairs.files()) - held_out
    assert load_model(tmp_path / trained.model).config.postprocessing == {"method": "contact", "prominence": 0.2}


def test_without_pairs_known_in_full_the_model_finds_particles_as_its_start(pairs, tmp_path, monkeypatch):
    write_model(tmp_path / "start", postprocessing={"method": "contact", "prominence": 0.45}, scoring=SCORING)
    monkeypatch.setattr(module, "train_segmenter", lambda *rest: None)
    monkeypatch.setattr(ParticlePair, "is_complete", False)
    options = TrainSegmenterOptions(start=str(tmp_path / "start"), views_per_pair=1)
    trained = TrainSegmenter(options=options).run(tmp_path, np.random.default_rng(0), pairs=(pairs,))
    config = load_model(tmp_path / trained.model).config
    assert (config.postprocessing["prominence"], config.scoring) == (0.45, SCORING)


def test_the_start_has_its_share_in_the_weights_that_are_kept(pairs, tmp_path, monkeypatch):
    weights = write_model(tmp_path / "start")

    def train(network, *rest):
        network.set_weights([one + 1 for one in network.get_weights()])

    monkeypatch.setattr(module, "train_segmenter", train)
    options = TrainSegmenterOptions(start=str(tmp_path / "start"), start_share=0.25, views_per_pair=1, validation=0)
    trained = TrainSegmenter(options=options).run(tmp_path, np.random.default_rng(0), pairs=(pairs,))
    for new, old in zip(load_model(tmp_path / trained.model).network.get_weights(), weights, strict=True):
        np.testing.assert_allclose(new, old + 0.75, atol=1e-6)
    with pytest.raises(OptionsError, match='"start_share" needs a "start"'):
        TrainSegmenterOptions(start_share=0.25)


def test_a_picture_is_drawn_of_images_of_any_size():
    network = build("unet", filters=(4, 8, 16), outputs=Head(kind="mask").network_outputs, up="transposed", seed=7)
    picture = draw_predictions(network, [np.zeros((30, 45), np.uint8)], TrainSegmenterOptions(head="mask"))
    assert picture.shape[0] >= 30 and picture.shape[1] >= 3 * 45


def test_a_model_that_knows_bright_particles_sees_dark_ones_as_bright(pairs, tmp_path, monkeypatch):
    write_model(tmp_path / "start")
    batches, options = [], TrainSegmenterOptions(crop=32, batch_size=2, start=str(tmp_path / "start"))
    monkeypatch.setattr(module, "train_segmenter", lambda network, training, *rest: batches.append(training[0]))
    for polarity, given in (("bright", pairs), ("dark", inverted(pairs, tmp_path / "dark_pairs"))):
        stage = TrainSegmenter(options=options, polarity=polarity)
        model = load_model(tmp_path / stage.run(tmp_path, np.random.default_rng(0), pairs=(given,)).model)
        assert model.config.polarity == "bright"
    bright, dark = batches
    np.testing.assert_allclose(dark[0], bright[0], atol=1e-5)
    np.testing.assert_array_equal(dark[1], bright[1])


def test_a_model_to_start_from_must_exist_and_have_the_head(tmp_path):
    with pytest.raises(ModelError, match='Did you mean "particles"'):
        TrainSegmenter(options=TrainSegmenterOptions(start="particle")).sources()
    with pytest.raises(OptionsError, match='set start = ""'):
        TrainSegmenterOptions(start="particles", network={"filters": 2})
    with pytest.raises(OptionsError, match="particles that it knows decide"):
        check_start(TrainSegmenterOptions(start="particles", shown_as="bright"))
    write_model(tmp_path / "start", head="mask")
    with pytest.raises(OptionsError, match="predicts foreground, and the head is foreground, contact, distance"):
        check_start(TrainSegmenterOptions(start=str(tmp_path / "start"), epochs=1, crop=32))
