"""The shipped model of grains finds them in slices that it has not seen, and its recipes train such a network."""

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


def test_its_recipes_train_such_a_network_one_after_the_other():
    folder, model = shipped("trained_models") / "grains-ct", load_model("grains-ct")
    names = ("recipe.toml", "recipe_small.toml", "recipe_noise.toml")
    first, *later = recipes = [Options.from_file(folder / name) for name in names]
    assert {folder / name for name in names} == set(folder.glob("*.toml"))
    assert list(first.train_segmenter.network["filters"]) == list(model.config.architecture["filters"])
    assert not first.train_segmenter.start and Options(images="a", masks="b").train_segmenter.start == "grains-ct"
    for recipe, before in zip(later, recipes, strict=False):
        assert recipe.train_segmenter.start == f"{before.folder}/03_train_segmenter/model"
        assert recipe.seed != before.seed and recipe.folder != before.folder
    for training in (recipe.train_segmenter for recipe in recipes):
        assert training.half and training.head == model.config.head
        assert training.percentiles == model.config.preprocessing.percentiles
