"""From a file to its particles; the network sees nothing but brightness, so that the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

import autoseg
from autoseg._backend import keras
from autoseg.errors import AutosegError, ImageError, ModelError, OptionsError
from autoseg.heads import Head, Output
from autoseg.images.class_map import ClassMap
from autoseg.images.micrograph import Micrograph
from autoseg.images.normalization import normalize
from autoseg.images.polarity import Polarity
from autoseg.images.segmentation import Segmentation
from autoseg.models.config import ModelConfig, Preprocessing
from autoseg.models.folder import Model, save_model
from autoseg.models.scoring import TERMS, Scoring
from autoseg.networks import build
from autoseg.networks.layers import image_input, network
from autoseg.segmentation import segment as module
from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.options import SegmentOptions
from autoseg.segmentation.pipeline import AHEAD, segment_all
from autoseg.segmentation.segment import Segmenter, segment, segment_again
from tests.marks import predicts_once


def described(built, head, **description):
    """A network with a head as a model of its name, without a folder."""
    architecture = {"architecture": built.name, "outputs": head.network_outputs}
    return Model(built.name, built, ModelConfig(architecture=architecture, head=head, **description), "")


def make_model(**description):
    """A mask: the probability of foreground rises with the brightness, to 0.5 at 0.5."""
    inputs = image_input(1)
    convolution = keras.layers.Conv2D(1, 1, activation="sigmoid")
    brightness = network(inputs, {"foreground": convolution(inputs)}, name="brightness", size_multiple=4)
    convolution.set_weights([np.full((1, 1, 1, 1), 20.0), np.full(1, -10.0)])
    return described(brightness, Head(kind="mask"), **description)


WIDTH = 13  # of the window that the distance is estimated from


def make_judging_model(**description):
    """Instances: foreground by brightness, no contact, and a distance to the rim that suits 12 x 12 pixels only.

    It is estimated from how much of a window around a pixel is foreground: in smaller particles it is too low, and in
    larger ones, and in the ground, too high.
    """
    inputs = image_input(1)
    convolution = keras.layers.Conv2D
    layers = {
        "foreground": (convolution(1, 1, activation="sigmoid"), 20, -10),
        "contact": (convolution(1, 1, activation="sigmoid"), 0, -10),
        "distance": (convolution(1, WIDTH, padding="same", activation="sigmoid"), 10 / WIDTH**2, -6),
    }
    foreground = layers["foreground"][0](inputs)
    outputs = [foreground, *(layers[name][0](foreground) for name in ("contact", "distance"))]
    judging = network(inputs, {"particles": keras.layers.Concatenate()(outputs)}, name="judging", size_multiple=4)
    for layer, weight, bias in layers.values():
        layer.set_weights([np.full(layer.kernel.shape, weight), np.full(1, bias)])
    description = {"scoring": Scoring(coefficients=(-38, 50, *[0] * (TERMS - 2))), **description}  # by agreement alone
    return described(judging, Head(kind="instances"), **description)


ROWS = Output(name="rows", channels=("up", "down"), activation="linear")
CLASSES = Head(kind="classes", classes=["ground", "grain", "pore"], also=[ROWS])


def make_class_model(**description):
    """Classes: of normalised grey values up to 1/3, up to 2/3 and above; and twice the values, with either sign."""
    inputs = image_input(1)
    logits, rows = keras.layers.Conv2D(3, 1, activation="softmax"), keras.layers.Conv2D(2, 1)
    outputs = {"classes": logits(inputs), "rows": rows(inputs)}
    levels = network(inputs, outputs, name="levels", size_multiple=4)
    logits.set_weights([np.array([0, 30, 60.0]).reshape(1, 1, 1, 3), np.array([0, -10, -30.0])])
    rows.set_weights([np.array([2, -2.0]).reshape(1, 1, 1, 2), np.zeros(2)])
    return described(levels, CLASSES, **description)


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
    assert set(by_path.probability) == {"foreground"}
    assert by_path.foreground.shape == (33, 201) and by_path.foreground.dtype == np.float32
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


def scene(edge, rows=100, columns=180, bright=True):
    """Squares of `edge` x `edge` pixels, twice as far apart, on a ground with a little noise."""
    row, column = np.ogrid[:rows, :columns]
    image = np.where((row // edge % 2 > 0) & (column // edge % 2 > 0), 180, 60)
    image += np.random.default_rng(0).integers(-5, 6, image.shape)
    return (image if bright else 255 - image).astype(np.uint8)


def count(edge, rows=100, columns=180):
    """How many squares begin in such a scene."""
    return ((rows - 1) // edge + 1) // 2 * (((columns - 1) // edge + 1) // 2)


@pytest.mark.parametrize("trained", ["bright", "dark"])
@pytest.mark.parametrize("bright", [True, False])
def test_the_polarity_is_found_out_and_told_where_it_is_not_the_models(trained, bright):
    found = segment(scene(12, bright=bright), make_judging_model(polarity=trained))
    assert found.count == count(12)
    assert found.labels[18, 18] > 0 and found.labels[6, 6] == 0
    opposite = "dark" if trained == "bright" else "bright"  # for this network, what it was trained on is bright
    note = f"Particles were found to be {opposite}: the network saw the image inverted."
    assert found.micrograph.notes == (() if bright else (note,))


def test_particles_are_kept_by_contrast_as_the_polarity_of_the_image_is():
    model, dark = make_judging_model(), scene(12, bright=False)
    assert segment(dark, model, instances={"li_factor": 1.0}).count == count(12)
    assert segment(dark, model, instances={"li_factor": 1.0, "polarity": "bright"}).count == 0


@pytest.mark.parametrize("description", [{"polarity": "either"}, {}])
def test_networks_for_either_or_for_the_foreground_alone_see_images_as_they_are(description):
    made = make_judging_model(**description) if description else make_model()
    first = segment(scene(12, bright=False), made, plausibility=0)
    assert not first.micrograph.notes
    again = segment(scene(12, bright=False), made, polarity="model", plausibility=0)
    np.testing.assert_array_equal(first.labels, again.labels)


@pytest.mark.parametrize("image", [np.full((40, 50), 7, np.uint8), np.zeros((1, 1)), np.zeros((3, 70), bool)])
def test_an_empty_image_has_no_particles(image):
    found = segment(image, make_judging_model(diameter_range=(10, 16)))
    assert found.count == 0 and not found.micrograph.notes


@predicts_once
@pytest.mark.parametrize(
    ("edge", "factor", "reductions", "bright"), [(3, 4, 2, False), (6, 2, 1, True), (24, 1, 2, True), (48, 1, 3, False)]
)
def test_particles_of_all_sizes_are_found_and_measured_in_pixels_of_the_image(edge, factor, reductions, bright):
    size = {"rows": 8 * edge + 20, "columns": 9 * edge} if edge > 12 else {"rows": 64, "columns": 100}
    model = make_judging_model(diameter_range=(10, 16), postprocessing={"minimum_size": 1})
    segmenter, image = Segmenter(model), scene(edge, bright=bright, **size)
    polarity = Polarity.BRIGHT if bright else Polarity.DARK
    assert segmenter.choose(Micrograph(image)) == Adaptation(polarity, factor, reductions)
    found = segmenter(image)
    assert found.count == count(edge, **{name: length - length % edge for name, length in size.items()})
    assert found.labels.shape == found.foreground.shape == image.shape
    assert np.median(found.areas) == pytest.approx(edge**2, rel=0.15)
    assert any(f"magnified by {factor:g}" in note for note in found.micrograph.notes) == (factor > 1)
    as_it_is = make_judging_model(postprocessing={"minimum_size": 1})
    assert Segmenter(as_it_is).choose(Micrograph(image)).magnification == 1


def test_large_and_small_particles_of_one_image_are_found_together_each_with_its_score():
    image = scene(12, rows=204, columns=300)
    image[:, 150:] = 60
    image[60:108, 200:248] = 180  # 12 pixels in the image reduced by 4
    found = segment(image, make_judging_model(diameter_range=(10, 16)), polarity="bright")
    areas = np.sort(found.areas)
    assert found.count == count(12, 204, 150) + 1 and areas[-2] == 144
    assert areas[-1] == pytest.approx(48**2, rel=0.1) and found.labels[84, 224] == 1 + np.argmax(found.areas)
    assert found.scores.shape == (found.count,) and found.scores.min() > 0.45
    # Its prediction is that of the reduced image: the rim is far from the middle.
    assert found.probability["distance"][84, 224] > found.probability["distance"][84, 203] + 0.2


def test_particles_beyond_the_sizes_that_the_model_knows_are_noted():
    image = np.full((150, 150), 60, np.uint8)
    image[40:110, 40:110] = 180
    found = segment(image, make_judging_model(diameter_range=(2, 4)), minimum_score=0, plausibility=0)
    (note,) = found.micrograph.notes
    assert "pixels in diameter, but the model knows 2 to 8 pixels in such an image: look closely" in note


def test_a_scale_bar_is_no_particle_and_that_is_noted():
    image = scene(12, rows=144, columns=200)
    image[124:, :] = 60
    image[132:136, 150:186] = 255
    trusting = Scoring(coefficients=(3, *[0] * (TERMS - 1)))
    model = make_judging_model(scoring=trusting, postprocessing={"minimum_size": 20})
    settings = {"polarity": "bright", "plausibility": 0}
    found, with_bar = (segment(image, model, leave_out_letters=left_out, **settings) for left_out in (True, False))
    assert with_bar.labels[134, 170] and not found.labels[134, 170]
    assert found.count == with_bar.count - 1 and found.implausible == with_bar.implausible + 1
    assert "What is drawn into the image is left out: 1 region of letters or scale bars." in found.micrograph.notes
    assert not any("drawn into the image is" in note for note in with_bar.micrograph.notes)


def test_what_is_told_of_the_settings_leaves_to_the_images_what_they_decide(model):
    told = Segmenter(model).describe()
    assert (told.polarity, told.magnification) == ("auto", "auto") and told.decided_per_image == ()
    assert "polarity" not in told.segmentation.model_dump() and told.segmentation.method == "distance"
    told = Segmenter(make_judging_model(diameter_range=(10, 16))).describe()
    assert told.decided_per_image == ("polarity", "magnification")
    told = Segmenter(make_judging_model(diameter_range=(10, 16)), polarity="bright").describe()
    assert told.decided_per_image == ("magnification",)
    told = Segmenter(model, polarity="dark", magnification=2, instances={"polarity": "bright"}).describe()
    assert (told.polarity, told.magnification, told.segmentation.polarity) == ("dark", 2, "bright")


def test_known_sizes_are_left_alone():
    found = segment(scene(12), make_judging_model(diameter_range=(10, 16)))
    assert not found.micrograph.notes and set(found.areas[:5]) == {144}


@pytest.mark.parametrize("factor", [0.5, 1, 2.5])
def test_a_magnification_can_be_given(model, factor):
    found = segment(scene(12), model, magnification=factor)
    assert found.count == count(12) and found.foreground.shape == (100, 180)
    assert np.median(found.areas) == pytest.approx(144, rel=0.1) and not found.micrograph.notes


@pytest.mark.parametrize("wrong", [0, -1, "much", 100])
def test_a_magnification_that_cannot_be_is_refused(wrong):
    with pytest.raises(OptionsError, match='"magnification" must be'):
        SegmentOptions(magnification=wrong)


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
        prediction = Segmenter(model).predict(Micrograph(image))["foreground"][..., 0]
        np.testing.assert_allclose(prediction, 1 / (1 + np.exp(10 - 20 * expected)), atol=1e-4)


def test_the_options_are_the_users_then_the_models_then_what_its_head_allows(model):
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


def test_a_head_of_instances_parts_particles_by_contact():
    head = Head(kind="instances")
    segmenter = Segmenter(described(build("unet", filters=(2, 2), outputs=head.network_outputs), head))
    assert segmenter.instances.method == "contact"
    found = segmenter(squares(2))
    assert {name: channel.shape for name, channel in found.probability.items()} == dict.fromkeys(
        ("foreground", "contact", "distance"), (33, 201)
    )
    prediction = segmenter.predict(found.micrograph)
    assert {name: output.shape for name, output in prediction.items()} == {"particles": (33, 201, 3)}


def test_a_model_without_a_head_is_refused():
    built = build("resnet", filters=2, samplings=1, blocks=1)
    with pytest.raises(ModelError, match=r"translation: does not segment: its config\.json names no head"):
        Segmenter(Model("translation", built, ModelConfig(architecture=built.architecture), ""))


class TestClasses:
    IMAGE = np.tile(np.array([0, 51, 102, 128, 204, 255], np.uint8), (21, 15))
    PLAIN = Preprocessing(percentiles=(0, 100))

    def test_each_pixel_is_of_the_most_probable_class(self):
        found = segment(self.IMAGE, make_class_model(preprocessing=self.PLAIN))
        assert isinstance(found, ClassMap)
        np.testing.assert_array_equal(found.classes, np.tile([0, 0, 1, 1, 2, 2], (21, 15)))
        np.testing.assert_array_equal(found.classes, found.probability.argmax(axis=-1))
        assert found.probability.shape == (21, 90, 3)
        np.testing.assert_allclose(found.probability.sum(axis=-1), 1, atol=1e-5)
        assert found.names == ("ground", "grain", "pore") and found.pixels.tolist() == [630, 630, 630]

    @pytest.mark.parametrize("factor", [1, 2, 0.5])
    def test_further_outputs_come_along_in_their_own_range(self, factor):
        found = segment(self.IMAGE, make_class_model(preprocessing=self.PLAIN), magnification=factor)
        assert set(found.also) == {"rows"} and found.also["rows"].shape == (21, 90, 2)
        if factor == 1:
            expected = 2 * normalize(self.IMAGE, (0, 100))
            np.testing.assert_allclose(found.also["rows"], np.stack([expected, -expected], -1), atol=1e-5)
        assert found.also["rows"].min() < -1 and found.also["rows"].max() > 1

    @pytest.mark.parametrize("description", [{}, {"diameter_range": (10, 16), "polarity": "dark"}])
    def test_are_taken_for_nothing_else(self, description, monkeypatch):
        def fail(*arguments):
            raise AssertionError("this is for particles alone")

        monkeypatch.setattr(module, "assemble", fail)
        monkeypatch.setattr(module, "choose_adaptation", fail)
        segmenter = Segmenter(make_class_model(**description))
        known = Polarity(description.get("polarity", "bright"))
        for image in (scene(3), scene(12, bright=False)):
            assert segmenter.choose(Micrograph(image)) == Adaptation(known, 1)
            assert segmenter(image).micrograph.notes == ()

    def test_come_from_many_files(self, tmp_path):
        tifffile.imwrite(tmp_path / "a.tif", self.IMAGE)
        (found,) = segment_all([tmp_path / "a.tif"], make_class_model(preprocessing=self.PLAIN))
        assert found.micrograph.path == tmp_path / "a.tif" and found.pixels.tolist() == [630, 630, 630]


def test_a_model_folder_is_enough(tmp_path):
    save_model(tmp_path / "model", build("unet", filters=(2, 2)), card="", head="mask")
    assert autoseg.segment(squares(2), tmp_path / "model").labels.shape == (33, 201)


def test_particles_are_found_again_without_the_network(model):
    first = segment(squares(6), model)
    again = segment_again(first, method="distance", maximum_size=100)
    assert (first.count, again.count) == (6, 0)
    assert again.probability is first.probability and again.micrograph is first.micrograph
    without = Segmentation(first.labels, None, first.micrograph)
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
            np.testing.assert_array_equal(result.foreground, alone.foreground)

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
