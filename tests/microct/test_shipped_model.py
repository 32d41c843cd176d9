"""The shipped model of grains finds them in slices that it has not seen, and its recipe trains such a network."""

import numpy as np

from autoseg.files import shipped
from autoseg.microct import Options, predict_slices
from autoseg.models.folder import load_model
from autoseg.segmentation.predictor import PredictOptions
from autoseg.simulation.grains.slices import SliceOptions, draw_slice
from tests.marks import predicts_once


@predicts_once
def test_it_finds_most_of_the_grains_of_simulated_slices():
    probability, _ = predict_slices("grains-ct", predict=PredictOptions(engine="openvino"))
    common = total = 0
    for seed in range(3):
        image, labels = draw_slice(np.random.default_rng([30, seed]), SliceOptions(size=(256, 256)))
        found, true = probability(image) > 0.5, labels > 0
        common, total = common + 2 * np.sum(found & true), total + found.sum() + true.sum()
    assert common / total > 0.7


def test_its_recipe_trains_such_a_network():
    options, model = Options.from_file(shipped("trained_models") / "grains-ct" / "recipe.toml"), load_model("grains-ct")
    assert options.train_segmenter.half and options.train_segmenter.head == model.config.head
    assert list(options.train_segmenter.network["filters"]) == list(model.config.architecture["filters"])
    assert options.train_segmenter.percentiles == model.config.preprocessing.percentiles
    assert not options.train_segmenter.start and Options(images="a", masks="b").train_segmenter.start == "grains-ct"
