"""Prediction of whole images: of any size, in tiles, averaged over flips."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from autoseg.errors import ImageError, ModelError, OptionsError
from autoseg.networks import build
from autoseg.segmentation.predictor import FLIPS, PredictOptions, Predictor
from tests.networks.cases import fill_weights, predict


@pytest.fixture(scope="module")
def network():
    """A local one: a pixel's prediction looks at 9 pixels to each side."""
    return fill_weights(build("unet", filters=(4, 6), up="transposed"))


@pytest.fixture(scope="module")
def predictor(network):
    return Predictor(network)


def random_image(rows, columns):
    return np.random.default_rng(0).random((rows, columns), dtype=np.float32)


def test_a_whole_image_is_what_the_network_predicts(network, predictor):
    image = random_image(32, 48)
    prediction = predictor(image)
    assert prediction.dtype == np.float32
    np.testing.assert_allclose(prediction, predict(network, image[None, ..., None])["output"][0], atol=1e-5)
    np.testing.assert_array_equal(predictor(image[..., None]), prediction)
    np.testing.assert_array_equal(predictor(image.astype(float)), prediction)


def test_odd_sizes_are_padded_by_reflection(predictor):
    image = random_image(31, 47)
    padded = np.pad(image, ((0, 1), (0, 1)), mode="reflect")
    prediction = predictor(image)
    assert prediction.shape == (31, 47, 1)
    np.testing.assert_array_equal(prediction, predictor(padded)[:31, :47])


def test_tiny_images_are_padded_for_the_reflections_in_the_network_whose_output_keeps_its_range():
    predictor = Predictor(fill_weights(build("resnet", filters=2, samplings=1, blocks=1)))
    for size in [(1, 1), (3, 2), (4, 4)]:
        prediction = predictor(random_image(*size) * 2 - 1)
        assert prediction.shape == (*size, 1)
    assert -1 <= prediction.min() < 0 < prediction.max() <= 1


@pytest.mark.parametrize("join", ["auto", "crop"])
def test_tiles_predict_what_the_whole_image_does(network, predictor, join):
    image = random_image(75, 101)
    tiled = Predictor(network, tiles=48, join=join)
    assert tiled._tiling(76, 102).overlap >= 2 * tiled.reach > 0
    np.testing.assert_allclose(tiled(image), predictor(image), atol=1e-5)


@pytest.mark.parametrize("join", ["blend", "mean", "maximum"])
def test_other_ways_to_join_differ_only_where_tiles_overlap(network, predictor, join):
    image = random_image(48, 80)
    tiled, whole = Predictor(network, tiles=48, overlap=16, join=join)(image), predictor(image)
    assert not np.allclose(tiled, whole, atol=1e-5)
    np.testing.assert_allclose(tiled[:, :30], whole[:, :30], atol=1e-5)
    np.testing.assert_allclose(tiled[:, 50:], whole[:, 50:], atol=1e-5)


def test_where_the_network_sees_everything_half_a_tile_overlaps_and_is_blended():
    predictor = Predictor(build("unet", filters=(2, 2), norm="instance"), tiles=32)
    tiling = predictor._tiling(64, 96)
    assert (tiling.overlap, predictor._join(tiling.overlap)) == (16, "blend")


def test_test_time_augmentation_is_the_mean_over_flips(network, predictor):
    image = random_image(31, 47)
    expected = np.mean([predictor(image[flip])[flip] for flip in FLIPS], axis=0)
    found = Predictor(network, test_time_augmentation=True)(image)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32 and not np.allclose(found, predictor(image), atol=1e-3)
    mirrored = Predictor(network, test_time_augmentation=True)(image[::-1])
    np.testing.assert_allclose(mirrored[::-1], found, atol=1e-5)


def test_too_little_memory_leads_to_tiles_and_is_said_once(network, predictor, caplog):
    image = random_image(75, 101)
    limit = predictor.engine.estimate_memory(48, 48)
    frugal = Predictor(network, memory_limit=limit / 2**30)
    seen = []
    frugal.engine = _Watched(frugal.engine, seen)
    with caplog.at_level(logging.WARNING, "autoseg"):
        first, second = frugal(image), frugal(image)
    np.testing.assert_allclose(first, predictor(image), atol=1e-5)
    np.testing.assert_array_equal(first, second)
    assert set(seen) == {(1, 48, 48, 1)}
    assert len(caplog.messages) == 1 and "tiles of 48 pixels" in caplog.messages[0]


class _Watched:
    def __init__(self, engine, seen):
        self.engine, self.seen = engine, seen

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def __call__(self, images):
        self.seen.append(images.shape)
        return self.engine(images)


def test_half_of_the_free_memory_may_be_taken(network, monkeypatch):
    predictor = Predictor(network)
    for factor, tiled in ((2.1, False), (1.9, True)):
        free = type("Memory", (), {"available": factor * predictor.engine.estimate_memory(128, 128)})
        monkeypatch.setattr("psutil.virtual_memory", lambda free=free: free)
        assert (predictor._tiling(128, 128) is not None) == tiled
    assert Predictor(network, tiles="never")._tiling(128, 128) is None


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 5, 2)), np.zeros(7), np.zeros((0, 4)), np.full((8, 8), np.nan), np.zeros((8, 8), complex)],
    ids=["channels", "one dimension", "empty", "NaN", "complex"],
)
def test_what_is_no_image_is_refused(predictor, image):
    with pytest.raises(ImageError):
        predictor(image)


def test_options_are_checked():
    with pytest.raises(OptionsError, match='unknown option "tile"; did you mean "tiles"'):
        PredictOptions(tile=64)
    with pytest.raises(OptionsError, match="memory_limit"):
        PredictOptions(memory_limit=0)


def test_tiles_that_overlap_by_more_than_they_are_wide_are_refused(network):
    with pytest.raises(OptionsError, match="cannot overlap by 32"):
        Predictor(network, tiles=32, overlap=32)(random_image(64, 64))


def test_a_network_that_does_not_predict_pixels_is_refused():
    predictor = Predictor(build("patchgan", filters=2))
    with pytest.raises(ModelError, match='"patchgan" does not predict each pixel'):
        predictor(random_image(64, 64))
