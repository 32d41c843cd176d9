"""What is plausible: particles of good scores, and nothing in noise, shades and blanks."""

import cv2
import numpy as np
import pytest

import autoseg
from autoseg.files import shipped
from autoseg.images.micrograph import Micrograph
from autoseg.images.polarity import Polarity
from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.plausibility import LEAST, SHADED, find_doubt, measure_plausibility, shaded_share
from autoseg.segmentation.segment import Segmenter
from tests.marks import predicts_once

SAMPLES = sorted((shipped("datasets") / "samples").glob("*.tif"))
SHAPE = (96, 128)
ON_OPENVINO = {"predict": {"engine": "openvino"}}
EVERYTHING = {"plausibility": 0, "minimum_score": 0}


def test_particles_count_by_their_diameters_and_only_in_favour():
    sure, unsure, none = 1.0, 0.6, 0.1
    assert measure_plausibility(np.array([sure, sure]), np.array([5, 50])) == 1
    assert measure_plausibility(np.array([unsure]), np.array([9])) == pytest.approx(0.2)
    assert measure_plausibility(np.array([sure, none, none]), np.array([16, 1, 1])) == pytest.approx(4 / 6)
    assert measure_plausibility(np.array([none]), np.array([9])) == measure_plausibility(np.zeros(0), np.zeros(0)) == 0


GREY = np.random.default_rng(0).integers(0, 256, (64, 64))


def test_doubts_are_told_and_can_be_switched_off():
    assert find_doubt(GREY, LEAST, LEAST) is None
    assert "plausibility 0.02, below 0.03" in find_doubt(GREY, 0.018, 0.03)
    assert find_doubt(GREY, 0.0, 0) is None
    assert find_doubt(GREY, None, LEAST) is None  # nobody can tell


def test_particles_of_a_single_grey_value_are_none_whoever_found_them():
    for plausibility, least in ((0.9, LEAST), (None, LEAST), (0.9, 0)):
        assert "same grey value" in find_doubt(np.full((64, 64), 7), plausibility, least)


def test_shades_are_no_particles_but_particles_on_shades_are():
    across = np.arange(64) * np.ones((64, 1))
    steps = across // 13
    assert shaded_share(across) == pytest.approx(1) and shaded_share(steps) > SHADED > 0.5 > shaded_share(GREY)
    for image in (across, steps, across**2 + across.T, across + GREY / 64):
        assert find_doubt(image, 0.9, LEAST).endswith("hardly anything but a smooth shade")
    particle = cv2.circle(np.zeros((64, 64)), (20, 40), 6, 40.0, cv2.FILLED)
    assert find_doubt(across + particle, 0.9, LEAST) is None


def empty_images():
    rng, across = np.random.default_rng(0), np.tile(np.linspace(0, 1, SHAPE[1]), (SHAPE[0], 1))
    blurred = cv2.GaussianBlur(rng.normal(0, 1, SHAPE), (0, 0), 3)
    return {
        "noise": rng.integers(0, 256, SHAPE).astype(np.uint8),
        "blurred noise": (128 + 30 * blurred / blurred.std()).clip(0, 255).astype(np.uint8),
        "gradient of 16 bits": (60000 * across).astype(np.uint16),
        "gradient in few steps": (100 + 4 * across).astype(np.uint8),
        "lines": np.repeat(rng.integers(80, 120, (SHAPE[0], 1)), SHAPE[1], axis=1).astype(np.uint8),
        "constant": np.full(SHAPE, 7, np.uint8),
        "constant float": np.full(SHAPE, 0.1, np.float32),
    }


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", ("particles", "tio2-sem"))
@predicts_once
def test_no_particle_is_in_what_shows_none(name):
    segmenter = Segmenter(name, **ON_OPENVINO)
    doubted = 0
    for kind, image in empty_images().items():
        found = segmenter(image)
        assert found.count == 0, kind
        notes = [note for note in found.micrograph.notes if note.startswith("Nothing plausible was found: ")]
        assert len(notes) == (found.implausible > 0), kind
        assert not found.implausible or str(found.implausible) in notes[0]
        doubted += found.implausible > 0
    assert doubted >= 3  # the network does see something, and it is not dropped in silence


@predicts_once
def test_all_that_was_predicted_can_be_seen():
    noise = empty_images()["blurred noise"]
    doubted, believed = (autoseg.segment(noise, "particles", **some, **ON_OPENVINO) for some in ({}, EVERYTHING))
    assert doubted.count == believed.implausible == 0 and believed.count == doubted.implausible > 0
    assert doubted.plausibility == believed.plausibility < LEAST
    np.testing.assert_equal(doubted.probability, believed.probability)
    again = autoseg.segment_again(doubted)
    assert again.count > 0 and again.implausible == 0 and again.scores is None
    assert not any(note.startswith("Nothing plausible") for note in again.micrograph.notes)


@pytest.mark.parametrize("name", ("particles", "tio2-sem"))
@predicts_once
def test_samples_are_believed_by_a_wide_margin_whatever_is_to_be_left_out(name):
    few = {"minimum_size": 400, "exclude_edge": True}
    judging, choosy = Segmenter(name, **ON_OPENVINO), Segmenter(name, instances=few, **ON_OPENVINO)
    for path in SAMPLES:
        as_it_is = Adaptation(Polarity.BRIGHT if path.stem.startswith("bright") else Polarity.DARK)
        micrograph = Micrograph(autoseg.read(path).field[:256, :320])
        levels = judging.predict_levels(micrograph, as_it_is)
        found = judging.finish(micrograph, levels, as_it_is)
        assert found.plausibility > 5 * LEAST and found.scores.shape == (found.count,)
        assert found.scores.min() >= judging.minimum_score
        chosen = choosy.finish(micrograph, levels, as_it_is)
        assert chosen.count < found.count and chosen.scores.shape == (chosen.count,)


@predicts_once
def test_a_score_is_that_of_its_particle():
    segmenter, path = Segmenter("particles", **EVERYTHING, **ON_OPENVINO), SAMPLES[0]
    micrograph = Micrograph(autoseg.read(path).field[:256, :320])
    found = segmenter(micrograph)
    assert 0 < found.scores.min() < 0.9 < found.scores.max()
    strict = Segmenter("particles", minimum_score=0.9, **ON_OPENVINO)(micrograph)
    np.testing.assert_array_equal(strict.labels > 0, np.isin(found.labels, 1 + np.flatnonzero(found.scores >= 0.9)))
    np.testing.assert_array_equal(strict.scores, found.scores[found.scores >= 0.9])
    assert strict.implausible == found.count - strict.count


@predicts_once
def test_small_particles_are_judged_as_the_network_saw_them():
    segmenter = Segmenter("particles", **ON_OPENVINO)
    field = autoseg.read(next(path for path in SAMPLES if path.stem == "dark_rods_16bit")).field
    small = cv2.resize(field[:380, :480], (96, 76), interpolation=cv2.INTER_AREA)
    found = segmenter(small)
    assert any("magnified by" in note for note in found.micrograph.notes)
    assert found.count > 20 and found.plausibility > 5 * LEAST
