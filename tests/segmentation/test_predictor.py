"""Prediction of whole images: of any size, in tiles, averaged over flips."""

from __future__ import annotations

import logging
from itertools import product

import numpy as np
import pytest

from autoseg._backend import BACKEND
from autoseg.errors import ImageError, ModelError, OptionsError
from autoseg.networks import build
from autoseg.segmentation.predictor import FLIPS, PredictOptions, Predictor
from tests.heads import HEADS
from tests.networks.cases import fill_weights, predict, predict_by_name


@pytest.fixture(scope="module")
def network():
    """A local one: a pixel's prediction looks at 9 pixels to each side."""
    return fill_weights(build("unet", filters=(4, 6), up="transposed"))


class Foreground(Predictor):
    """A predictor of a network with nothing but that output; this is what calls return."""

    def __call__(self, image):
        prediction = super().__call__(image)
        assert list(prediction) == ["foreground"]
        return prediction["foreground"]


@pytest.fixture(scope="module")
def predictor(network):
    return Foreground(network)


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
        prediction = predictor(random_image(*size) * 2 - 1)["image"]
        assert prediction.shape == (*size, 1)
    assert -1 <= prediction.min() < 0 < prediction.max() <= 1


@pytest.mark.parametrize("join", ["auto", "crop"])
def test_tiles_predict_what_the_whole_image_does(network, predictor, join):
    image = random_image(75, 101)
    tiled = Foreground(network, tiles=48, join=join)
    assert 0 < 2 * tiled.receptive_field <= 48 / 2
    np.testing.assert_allclose(tiled(image), predictor(image), atol=1e-5)


@pytest.mark.parametrize("join", ["blend", "mean", "maximum"])
def test_other_ways_to_join_differ_only_where_tiles_overlap(network, predictor, join):
    image = random_image(48, 80)
    tiled, whole = Foreground(network, tiles=48, overlap=16, join=join)(image), predictor(image)
    assert not np.allclose(tiled, whole, atol=1e-5)
    np.testing.assert_allclose(tiled[:, :30], whole[:, :30], atol=1e-5)
    np.testing.assert_allclose(tiled[:, 50:], whole[:, 50:], atol=1e-5)


def test_where_the_network_sees_everything_half_a_tile_overlaps_and_is_blended():
    network, image = fill_weights(build("unet", filters=(2, 2), norm="instance")), random_image(50, 64)
    prediction = Foreground(network, tiles=32)(image)
    np.testing.assert_array_equal(prediction, Foreground(network, tiles=32, overlap=16, join="blend")(image))
    for other in ({"overlap": 14}, {"overlap": 18}, {"join": "crop"}):
        assert not np.allclose(prediction, Foreground(network, tiles=32, **{"join": "blend"} | other)(image), atol=1e-4)


def test_test_time_augmentation_is_the_mean_over_flips(network, predictor):
    image = random_image(31, 47)
    expected = np.mean([predictor(image[flip])[flip] for flip in FLIPS], axis=0)
    found = Foreground(network, test_time_augmentation=True)(image)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32 and not np.allclose(found, predictor(image), atol=1e-3)
    mirrored = Foreground(network, test_time_augmentation=True)(image[::-1])
    np.testing.assert_allclose(mirrored[::-1], found, atol=1e-5)


def test_too_little_memory_leads_to_tiles_and_is_said_once(network, predictor, caplog):
    image = random_image(75, 101)
    limit = predictor.engine.estimate_memory(48, 48)
    frugal = Foreground(network, memory_limit=limit / 2**30)
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
    for factor, tiles, tiled in ((2.1, "auto", False), (1.9, "auto", True), (1.9, "never", False)):
        predictor, seen = Foreground(network, tiles=tiles), []
        free = type("Memory", (), {"available": factor * predictor.engine.estimate_memory(128, 128)})
        monkeypatch.setattr("psutil.virtual_memory", lambda free=free: free)
        predictor.engine = _Watched(predictor.engine, seen)
        predictor(random_image(128, 128))
        assert (set(seen) != {(1, 128, 128, 1)}) == tiled


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
        Foreground(network, tiles=32, overlap=32)(random_image(64, 64))


@pytest.fixture(scope="module")
def classifier():
    """A local network with two outputs, of which the second one is unbounded."""
    outputs = HEADS["classes and rows"].network_outputs
    return fill_weights(build("unet", filters=(4, 6), up="transposed", outputs=outputs))


@pytest.mark.parametrize("engine", ["backend", "openvino"])
@pytest.mark.parametrize("options", [{}, {"tiles": 48}], ids=["whole", "tiles"])
def test_several_outputs_come_by_name_as_the_network_predicts_them(classifier, engine, options):
    image = random_image(76, 102)
    prediction = Predictor(classifier, engine=engine, **options)(image)
    expected = predict_by_name(classifier, image[None, ..., None])
    assert list(prediction) == list(expected) == ["classes", "rows"]
    for name, output in prediction.items():
        assert output.dtype == np.float32 and output.shape[:2] == image.shape
        np.testing.assert_allclose(output, expected[name][0], atol=1e-4, rtol=1e-4)


def test_several_outputs_are_averaged_over_flips(classifier):
    image = random_image(31, 47)
    plain = Predictor(classifier)
    averaged = Predictor(classifier, test_time_augmentation=True)(image)
    for name, output in averaged.items():
        expected = np.mean([plain(image[flip])[name][flip] for flip in FLIPS], axis=0)
        np.testing.assert_allclose(output, expected, atol=1e-5)


NETWORKS = {
    "unet": {"filters": (4, 6), "norm": "instance"},
    "multires_unet": {"filters": 2, "decoder_filters": 2},
}
WAYS = {"whole": {}, "tiles and flips": {"tiles": 48, "test_time_augmentation": True}}
COMBINATIONS = [
    (architecture, head, way)
    for architecture, head, way in product(NETWORKS, ("mask", "classes and rows"), WAYS)
    if BACKEND in ("torch", "openvino")  # others compile long
    or (head == "classes and rows" and (architecture == "unet" or way == "whole"))
]


@pytest.mark.parametrize(("architecture", "head", "way"), COMBINATIONS)
def test_engines_predict_the_same(architecture, head, way):
    options = WAYS[way]
    network = fill_weights(build(architecture, outputs=HEADS[head].network_outputs, **NETWORKS[architecture]))
    image = random_image(75, 101)
    backend, openvino = (Predictor(network, engine=engine, **options)(image) for engine in ("backend", "openvino"))
    assert list(backend) == list(openvino) == [output.name for output in HEADS[head].outputs]
    for name, output in backend.items():
        assert output.shape == openvino[name].shape
        np.testing.assert_allclose(openvino[name], output, atol=1e-4, rtol=1e-4)


def test_a_network_that_does_not_predict_pixels_is_refused():
    predictor = Predictor(build("patchgan", filters=2))
    with pytest.raises(ModelError, match='"patchgan" does not predict each pixel'):
        predictor(random_image(64, 64))
