"""The trained models that come with autoseg load, find particles on every engine, and tell where they are from."""

from pathlib import Path

import numpy as np
import pytest

import autoseg
from autoseg._backend import BACKEND
from autoseg.evaluation import evaluate
from autoseg.files import shipped, shipped_models
from autoseg.images.labels import read_labels
from autoseg.models.folder import load_model
from autoseg.segmentation.segment import Segmenter
from autoseg.sem import Options

PART = np.s_[100:292, 200:456]
ENGINES = ("openvino",) if BACKEND == "openvino" else ("openvino", "backend")


PARTICLES = ("particles", "tio2-sem")


def test_all_are_there():
    assert shipped_models() == ["grains-ct", "particles", "stm-si100", "tio2-sem"]


@pytest.mark.parametrize("name", PARTICLES)
def test_it_finds_the_particles_of_a_sample_on_every_engine(name):
    samples, model = shipped("datasets") / "samples", load_model(name)
    field = autoseg.read(samples / "bright_spheroids.tif").field[PART]
    truth = read_labels(samples / "truth" / "bright_spheroids_labels.tif")[PART]
    settings = {"polarity": "bright", "magnification": 1}  # so that compilers see a single size
    found = [Segmenter(model, predict={"engine": engine}, **settings)(field) for engine in ENGINES]
    for one in found:
        scores = evaluate(one.labels, truth, minimum_size=10)
        assert scores.particles.f1 > 0.8 and scores.published.image_iou > 0.9
        assert np.mean((one.labels > 0) != (found[0].labels > 0)) < 1e-3


@pytest.mark.parametrize("name", shipped_models())
def test_it_tells_what_it_is_and_how_good(name):
    model, folder = load_model(name), shipped("trained_models") / name
    assert model.config.scores and model.card.startswith(f"# {name}\n") and "recipe.toml" in model.card
    assert all(recipe.name in model.card for recipe in folder.glob("*.toml"))
    assert all(picture.name in model.card for picture in folder.glob("pictures/*"))


@pytest.mark.parametrize("name", PARTICLES)
def test_its_recipe_trains_such_a_network(name, tmp_path):
    model, folder = load_model(name), shipped("trained_models") / name
    assert model.config.diameter_range and "prominence" in model.config.postprocessing
    options = Options.from_file(folder / "recipe.toml", images=tmp_path, outlines=tmp_path)
    assert options.train_segmenter.half and options.train_segmenter.head == model.config.head
    trained = network_of(options)
    assert trained["architecture"] == model.config.architecture["architecture"]
    assert list(trained["filters"]) == list(model.config.architecture["filters"])


def network_of(options):
    """What a recipe trains: a new network, or that of the recipe in whose run it starts."""
    start = Path(options.train_segmenter.start)
    if start == Path():
        return options.train_segmenter.network
    recipes = (Options.from_file(path) for path in (shipped("trained_models") / "particles").glob("*.toml"))
    (earlier,) = (recipe for recipe in recipes if recipe.folder == start.parents[1])
    assert start.parts[1:] == ("09_train_segmenter", "model")
    return network_of(earlier)


def test_the_second_step_of_a_recipe_goes_on_from_the_first():
    second = Options.from_file(shipped("trained_models") / "particles" / "recipe_world.toml")
    assert network_of(second)["filters"] == list(load_model("particles").config.architecture["filters"])
