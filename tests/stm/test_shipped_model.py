"""The shipped model of surfaces finds defects that it has not seen, and its recipes train such a network."""

import numpy as np

from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.particles import pool_particles, score_particles
from autoseg.files import shipped
from autoseg.models.folder import load_model
from autoseg.segmentation.predictor import PredictOptions
from autoseg.segmentation.segment import SegmentOptions
from autoseg.stm.classes import DEFECTS, surface_head
from autoseg.stm.defects import DefectOptions, known_defects
from autoseg.stm.segmenter import SurfaceSegmenter
from autoseg.stm.simulation.options import SurfaceOptions
from autoseg.stm.simulation.topography import draw_topography
from autoseg.stm.workflow import Options
from tests.marks import predicts_once

RECIPES = shipped("trained_models") / "stm-si100"


@predicts_once
def test_it_finds_defects_of_all_classes_by_both_rules():
    options = SegmentOptions(predict=PredictOptions(engine="openvino"), magnification=1)
    segmenter, smallest = SurfaceSegmenter("stm-si100", options), DefectOptions().smallest
    scores = {kind: [] for kind in DEFECTS}
    for number, rules in enumerate(("published", "corrected") * 2):
        kind_of = SurfaceOptions(rules=rules, size=300, defects=(30, 40), masks="pieces")
        drawn = draw_topography(kind_of, np.random.default_rng([40, number]))
        found, truth = segmenter(drawn.image), known_defects(drawn.instances, drawn.classes, smallest)
        for kind in DEFECTS:
            overlaps = find_overlaps(found.defects.of(kind), truth.of(kind), minimum_size=smallest)
            scores[kind].append(score_particles(overlaps))
    assert all(pool_particles(scores[kind]).f1 > 0.75 for kind in DEFECTS)


def test_its_recipes_train_such_a_network_one_after_the_other():
    names = ("recipe.toml", "recipe_more.toml", "recipe_rows.toml", "recipe_crops.toml")
    first, *later = recipes = [Options.from_file(RECIPES / name) for name in names]
    config = load_model("stm-si100").config
    assert all(config.head == surface_head() == recipe.train_segmenter.head for recipe in recipes)
    assert later[-1].train_segmenter.half and {RECIPES / name for name in names} == set(RECIPES.glob("*.toml"))
    assert first.train_segmenter.percentiles == config.preprocessing.percentiles
    assert list(first.train_segmenter.network["filters"]) == list(config.architecture["filters"])
    for recipe, before in zip(later, recipes, strict=False):
        assert recipe.train_segmenter.start == f"{before.folder}/03_train_segmenter/model"
    assert len({recipe.seed for recipe in recipes}) == len({recipe.folder for recipe in recipes}) == len(recipes)
