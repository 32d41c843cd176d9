"""From a file to its particles; the network sees nothing but brightness, so that the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

import autoseg
from autoseg._backend import keras
from autoseg.errors import AutosegError, ImageError, ModelError, OptionsError
from autoseg.images.micrograph import Micrograph
from autoseg.models import Model, ModelConfig, Preprocessing, save_model
from autoseg.networks import build
from autoseg.networks.layers import image_input, network
from autoseg.segmentation.instances import InstanceOptions
from autoseg.segmentation.pipeline import AHEAD, segment_all
from autoseg.segmentation.segment import Segmenter, SegmentOptions, segment, segment_again


def make_model(**description):
    """One channel: the probability of foreground rises with the brightness, to 0.5 at 0.5."""
    inputs = image_input(1)
    convolution = keras.layers.Conv2D(1, 1, activation="sigmoid")
    brightness = network(inputs, convolution(inputs), name="brightness", size_multiple=4)
    convolution.set_weights([np.full((1, 1, 1, 1), 20.0), np.full(1, -10.0)])
    return Model("brightness", brightness, ModelConfig(architecture={}, **description), "")


@pytest.fixture(scope="module")
def model():
    return make_model()


def squares(count, level=200, background=20):
    """Squares of 12 x 12 pixels, 8 apart, in an image of 33 x 201 pixels."""
    image = np.full((33, 201), background, np.uint8)
    for number in range(count):
        image[10:22, 5 + 20 * number : 17 + 20 * number] = level
    return image


def test_a_file_a_micrograph_and_an_array_give_the_same(model, tmp_path):
    tifffile.imwrite(tmp_path / "ä.tif", squares(7))
    by_path = segment(tmp_path / "ä.tif", model)
    expected = np.repeat(np.arange(1, 8), 144).tolist()
    assert sorted(by_path.labels[by_path.labels > 0].tolist()) == expected
    assert by_path.labels[15, 10] == 1 and by_path.labels[15, 130] == 7
    assert by_path.probability.shape == (33, 201, 1) and by_path.probability.dtype == np.float32
    assert by_path.micrograph.path == tmp_path / "ä.tif"
    for image in (str(tmp_path / "ä.tif"), Micrograph(squares(7)), squares(7)):
        np.testing.assert_array_equal(segment(image, model).labels, by_path.labels)


def test_the_info_bar_is_left_out(model):
    image = np.vstack([squares(3), np.full((10, 201), 255, np.uint8)])
    found = segment(Micrograph(image, info_bar=33), model)
    assert found.labels.shape == (33, 201) and found.count == 3


def test_files_are_read_as_the_options_say(model, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", squares(3))
    found = segment(tmp_path / "a.tif", model, read={"pixel_size": 2.5, "info_bar": 16})
    assert found.micrograph.pixel_size == 2.5 and found.labels.shape == (16, 201)


@pytest.mark.parametrize("trained", ["bright", "dark"])
@pytest.mark.parametrize("found", ["model", "bright", "dark"])
def test_images_are_inverted_where_the_model_saw_the_opposite(trained, found):
    image = squares(4) if found in ("model", trained) else 255 - squares(4)
    assert segment(image, make_model(polarity=trained), polarity=found).count == 4


def test_grey_values_are_scaled_as_the_model_was_trained():
    image = squares(4) + np.arange(201, dtype=np.uint8) % 3
    clipped = make_model(preprocessing=Preprocessing(percentiles=(5, 60)))
    free = make_model(preprocessing=Preprocessing(percentiles=(5, 60), clip=False))
    low, high = np.percentile(image, (5, 60))
    scaled = ((image - low) / (high - low)).astype(np.float32)
    for model, expected in ((clipped, scaled.clip(0, 1)), (free, scaled)):
        np.testing.assert_allclose(Segmenter(model)._prepare(image), expected, atol=1e-6)


def test_the_options_are_the_users_then_the_models_then_what_its_channels_allow(model):
    recommended = make_model(polarity="dark", postprocessing={"minimum_size": 100, "threshold": 0.7})
    assert Segmenter(model).instances == InstanceOptions(method="distance")
    assert Segmenter(recommended).instances == InstanceOptions(
        method="distance", polarity="dark", minimum_size=100, threshold=0.7
    )
    chosen = SegmentOptions().changed(instances=InstanceOptions().changed(minimum_size=20))
    assert Segmenter(recommended, chosen).instances.minimum_size == 20
    assert Segmenter(recommended, chosen).instances.threshold == 0.7


def test_a_model_that_recommends_nonsense_is_refused():
    with pytest.raises(ModelError, match=r'"brightness" recommends.*unknown option "treshold"'):
        Segmenter(make_model(postprocessing={"treshold": 0.5}))


def test_a_network_with_three_channels_parts_particles_by_contact():
    built = build("unet", filters=(2, 2), outputs=(("instances", 3, "sigmoid"),))
    segmenter = Segmenter(Model("contact", built, ModelConfig(architecture={}), ""))
    assert segmenter.instances.method == "contact"
    assert segmenter(squares(2)).probability.shape == (33, 201, 3)


def test_a_model_folder_is_enough(tmp_path):
    save_model(tmp_path / "model", build("unet", filters=(2, 2)), card="")
    assert autoseg.segment(squares(2), tmp_path / "model").labels.shape == (33, 201)


def test_particles_are_found_again_without_the_network(model):
    first = segment(squares(6), model)
    again = segment_again(first, method="distance", maximum_size=100)
    assert (first.count, again.count) == (6, 0)
    assert again.probability is first.probability and again.micrograph is first.micrograph
    without = autoseg.images.segmentation.Segmentation(first.labels, None, first.micrograph)
    with pytest.raises(OptionsError, match="no probability"):
        segment_again(without)


@pytest.mark.parametrize("wrong", [np.full((9, 9), np.nan), np.zeros((0, 9)), np.zeros((9, 9), complex)])
def test_pixels_that_are_no_grey_values_are_refused_by_name(model, wrong, tmp_path):
    with pytest.raises(ImageError, match=r"a\.tif: has no pixels, or some"):
        segment(Micrograph(wrong, path=tmp_path / "a.tif"), model)


def test_an_unknown_option_is_refused(model):
    with pytest.raises(OptionsError, match='unknown option "instance"; did you mean "instances"'):
        segment(squares(1), model, instance={})
    with pytest.raises(OptionsError, match=r'unknown option "predict\.tile"; did you mean "tiles"'):
        segment(squares(1), model, predict={"tile": 64})


class TestMany:
    @pytest.fixture
    def paths(self, tmp_path):
        paths = [tmp_path / f"{count}.tif" for count in range(9)]
        for count, path in enumerate(paths):
            tifffile.imwrite(path, squares(count))
        paths[4].write_bytes(b"no image")
        return paths

    def test_results_come_in_order_and_a_bad_file_does_not_stop_the_rest(self, model, paths):
        results = list(segment_all([*paths, paths[0].parent / "missing.tif"], model))
        errors = {number: result for number, result in enumerate(results) if isinstance(result, AutosegError)}
        assert set(errors) == {4, 9} and errors[4].file == paths[4]
        assert [result.count for number, result in enumerate(results) if number not in errors] == [
            *range(4),
            *range(5, 9),
        ]

    def test_each_is_as_if_it_were_alone(self, model, paths):
        for path, result in zip(paths[:3], segment_all(paths[:3], model), strict=True):
            alone = segment(path, model)
            np.testing.assert_array_equal(result.labels, alone.labels)
            np.testing.assert_array_equal(result.probability, alone.probability)

    def test_few_are_in_work_at_a_time_and_the_rest_is_not_begun(self, model, paths):
        taken = []

        def watched():
            for path in paths:
                taken.append(path)
                yield path

        results = segment_all(watched(), model)
        next(results)
        assert len(taken) == AHEAD
        results.close()
        assert len(taken) == AHEAD

    def test_a_defect_is_not_taken_for_a_bad_file(self, model, paths):
        with pytest.raises(TypeError):
            list(segment_all([3.5], model))

    def test_no_paths_give_no_results(self, model):
        assert list(segment_all([], model)) == []
