"""A tiny network that was trained on discs learns from micrographs of discs, in rounds that can be interrupted."""

import csv
import shutil

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

from autoseg.errors import ImageError, OptionsError
from autoseg.heads import Head
from autoseg.images.labels import read_labels
from autoseg.models.config import Preprocessing
from autoseg.models.folder import load_model, save_model
from autoseg.networks import build
from autoseg.segmentation.segment import Segmenter
from autoseg.stages import self_train as module
from autoseg.stages.pairs import Pair, ParticlePairs
from autoseg.stages.self_train import SelfTrain, SelfTrainOptions
from autoseg.stages.train_segmenter import TrainedSegmenter
from autoseg.training.callbacks import Checkpoint
from autoseg.training.segmenter import SegmenterOptions, make_batches, train_segmenter
from tests.marks import trains_once
from tests.simulation.particles.scenes import scene, write_scenes

pytestmark = trains_once  # every backend passes through this stage in the workflow

SIZE = (64, 80)
TRAINING = SegmenterOptions(batch_size=4, views_per_pair=1, validation=0.0, averaging=0.5, schedule="cosine")


def write_teacher(folder, head, pairs=()):
    """A network that has learned discs, if it was given any, as a model folder."""
    network = build("unet", filters=(4, 8), norm="instance", outputs=Head(kind=head).network_outputs)
    if pairs:
        options = TRAINING.changed(head=head, views_per_pair=8, epochs=12, learning_rate=0.02)
        train_segmenter(network, *make_batches(pairs, options), options)
    method = "distance" if head == "mask" else "contact"
    settings = {"preprocessing": Preprocessing(percentiles=(1, 99)), "postprocessing": {"method": method}}
    save_model(folder, network, card="# Discs\n", head=head, polarity="bright", **settings)
    return TrainedSegmenter(model=folder)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Micrographs, true pairs, a teacher and its head."""
    folder, rng = tmp_path_factory.mktemp("given"), np.random.default_rng(5)
    scenes = [scene(rng, size=SIZE, count=5) for _ in range(4)]
    pairs = ParticlePairs(images=folder / "pairs", truth=folder / "masks")
    for number, (image, labels) in enumerate(scenes):
        pairs.write(folder, f"{number:05}", image / 255, labels > 0, labels)
    write_scenes(folder, 2, sizes=[(72, 96)])
    return folder, pairs, write_teacher(folder / "teacher", "instances", scenes), "instances"


def stage_of(folder, head, polarity="bright", **changes):
    settings = {"rounds": 2, "epochs": 2, "views_per_epoch": 8, "scales": (0.75, 1.0), "learning_rate": 0.005}
    options = SelfTrainOptions(**{**settings, "crop": 48, **changes})
    return SelfTrain(options=options, images=folder / "images", polarity=polarity, training=TRAINING.changed(head=head))


def run(given, folder, **changes):
    source, pairs, teacher, head = given
    folder.mkdir(exist_ok=True)
    stage = stage_of(source, head, **changes)
    return folder / stage.run(folder, np.random.default_rng(1), train_segmenter=teacher, pairs=(pairs,)).model


@pytest.fixture(scope="module")
def undisturbed(given, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder, run(given, folder)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def weights_of(model):
    return load_model(model).network.get_weights()


def test_the_result_is_a_model_like_the_teacher_with_weights_of_its_own(given, undisturbed):
    teacher, student = load_model(given[2].model), load_model(undisturbed[1])
    kept = {"exclude": {"weights_sha256"}}
    assert student.config.model_dump(**kept) == teacher.config.model_dump(**kept)
    assert student.card.startswith("# Discs\n") and "own particles in 2 micrographs" in student.card
    changes = [np.abs(a - b).max() for a, b in zip(weights_of(undisturbed[1]), weights_of(given[2].model), strict=True)]
    assert 0 < max(changes) < 1  # it went on from there


def test_each_round_leaves_what_a_user_can_look_at(undisturbed):
    folder, model = undisturbed
    assert model == folder / "round_2" / "model"
    for number in (1, 2):
        own = folder / f"round_{number}"
        for name in "01":
            labels, weights = (tifffile.imread(own / "labels" / f"{name}_{kind}.tif") for kind in ("labels", "weights"))
            assert labels.shape == weights.shape == (72, 96) and weights.dtype == np.uint8
            assert (own / "labels" / f"{name}_overlay.png").is_file()
        with (own / "log.csv").open(newline="") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1"]
        assert sorted(path.name for path in (own / "pictures").iterdir()) == ["epoch_0001.png", "epoch_0002.png"]
        assert not (own / "checkpoint.npz").exists()


def test_the_first_labels_are_the_teachers_the_second_ones_the_students(given, undisturbed):
    folder, _ = undisturbed
    truth = read_labels(given[0] / "truth" / "0_labels.tif") > 0
    found = [read_labels(folder / f"round_{number}" / "labels" / "0_labels.tif") > 0 for number in (1, 2)]
    assert all((truth & labels).sum() / (truth | labels).sum() > 0.7 for labels in found)
    weights = [tifffile.imread(folder / f"round_{number}" / "labels" / "0_weights.tif") for number in (1, 2)]
    assert (weights[0] != weights[1]).any()


class Interruption(Exception):
    pass


def interrupt_after(monkeypatch, owner, name, calls):
    """The process is gone once it has done this for the so-manyth time."""
    original, count = getattr(owner, name), []

    def call(*arguments, **settings):
        result = original(*arguments, **settings)
        count.append(1)
        if len(count) == calls:
            raise Interruption
        return result

    monkeypatch.setattr(owner, name, call)


def test_interrupted_in_each_round_it_ends_the_same(given, undisturbed, tmp_path, monkeypatch):
    for owner, name, calls in (
        (Checkpoint, "on_epoch_end", 1),
        (module, "write_overlay", 2),  # in the second round, where the weights are still missing
    ):
        with monkeypatch.context() as patched, pytest.raises(Interruption):
            interrupt_after(patched, owner, name, calls)
            run(given, tmp_path)
    assert (tmp_path / "round_2" / "labels" / "0_weights.tif").is_file()
    assert not (tmp_path / "round_2" / "labels" / "1_weights.tif").exists()
    (tmp_path / "round_2" / "labels" / ".partial-left").mkdir()
    run(given, tmp_path)
    expected, found = contents(undisturbed[0]), contents(tmp_path)
    assert found.keys() == expected.keys()
    assert [key for key in expected if found[key] != expected[key]] == []
    assert not list(tmp_path.rglob(".partial-*"))


def test_finished_work_is_not_done_again(given, undisturbed, tmp_path, monkeypatch):
    shutil.copytree(undisturbed[0], tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "round_2" / "model")
    seen = []
    monkeypatch.setattr(Segmenter, "predict", lambda self, micrograph: seen.append("predicted"))
    monkeypatch.setattr(module, "train_segmenter", lambda network, *rest: seen.append(network))
    run(given, tmp_path / "copy")
    assert len(seen) == 1 and seen[0] != "predicted"


def mixed_batches(given, folder, monkeypatch, **changes):
    """The batches of the first round, of which nothing is learned."""
    made = []
    monkeypatch.setattr(module, "train_segmenter", lambda network, training, *rest: made.append(training))
    run(given, folder, rounds=1, **changes)
    return made[0]


@pytest.mark.parametrize(("head", "from_disk"), [("instances", False), ("mask", True)])
def test_views_are_of_both_in_the_share_that_was_asked_for(given, tmp_path, monkeypatch, head, from_disk):
    if head == "mask":
        given = (*given[:2], write_teacher(tmp_path / "teacher", head), head)
    batches = mixed_batches(given, tmp_path, monkeypatch, share=0.25, from_disk=from_disk)
    true = [isinstance(files, Pair) for files in batches.items]
    assert (true.count(True), true.count(False)) == (2, 6)
    channels = len(Head(kind=head).main.channels)
    images, targets = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert images.shape == (8, 48, 48, 1) and targets.shape == (8, 48, 48, 2 * channels)
    sure = (targets[..., -1] == 1).all((1, 2))
    assert 2 <= sure.sum() < 8  # true pairs count fully, what the network found not everywhere


def test_pairs_that_were_held_out_are_not_learned_but_choose_the_prominence(given, tmp_path, monkeypatch):
    def choose(network, options, pairs):
        asked.extend(pair.image.stem for pair in pairs)
        return {"method": "contact", "prominence": 0.4}

    asked, (source, pairs, teacher, head) = [], given
    monkeypatch.setattr(module, "choose_postprocessing", choose)
    given = source, pairs, teacher.changed(held_out=(1, 3)), head
    batches = mixed_batches(given, tmp_path, monkeypatch, share=0.5)
    learned = {pair.image.stem for pair in batches.items if isinstance(pair, Pair)}
    assert learned == {"00000", "00002"} and asked == ["00001", "00003"]
    assert load_model(tmp_path / "round_1" / "model").config.postprocessing == {"method": "contact", "prominence": 0.4}


def test_to_a_teacher_that_knows_bright_particles_dark_ones_are_bright(given, tmp_path, monkeypatch):
    source, pairs, *rest = given
    shutil.copytree(source, tmp_path / "dark")
    for path in (*(tmp_path / "dark" / "images").iterdir(), *(tmp_path / "dark" / "pairs").iterdir()):
        imageio.imwrite(path, 255 - imageio.imread(path))
    dark_pairs = ParticlePairs(images=tmp_path / "dark" / "pairs", truth=pairs.truth)
    bright = mixed_batches(given, tmp_path / "from_bright", monkeypatch)
    dark = mixed_batches((tmp_path / "dark", dark_pairs, *rest), tmp_path / "from_dark", monkeypatch, polarity="dark")
    for (image, target), (of_dark, also_target) in zip(bright, dark, strict=True):
        np.testing.assert_allclose(of_dark, image, atol=1e-5)
        np.testing.assert_allclose(also_target, target, atol=0.02)  # weights are kept in 8 bits


def test_views_are_as_large_as_true_pairs_if_nothing_is_said(given, tmp_path, monkeypatch):
    assert mixed_batches(given, tmp_path, monkeypatch, crop=None)[0][0].shape[1:] == (64, 64, 1)


def test_a_size_must_come_from_somewhere(given, tmp_path):
    source, _, teacher, head = given
    stage = stage_of(source, head, crop=None, share=0.0)
    with pytest.raises(OptionsError, match='Set "crop"'):
        stage.run(tmp_path, np.random.default_rng(1), train_segmenter=teacher, pairs=())


def test_true_pairs_are_missed_where_a_share_is_wanted(given, tmp_path):
    source, _, teacher, head = given
    with pytest.raises(OptionsError, match="no true pairs"):
        stage_of(source, head).run(tmp_path, np.random.default_rng(1), train_segmenter=teacher, pairs=())


def test_a_broken_micrograph_is_named(given, tmp_path):
    source, pairs, teacher, head = given
    tifffile.imwrite(tmp_path / "broken.tif", np.full((64, 64), np.nan, np.float32))
    stage = stage_of(source, head).changed(images=tmp_path)
    with pytest.raises(ImageError, match=r"broken\.tif"):
        stage.run(tmp_path / "run", np.random.default_rng(1), train_segmenter=teacher, pairs=(pairs,))
