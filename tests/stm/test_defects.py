import numpy as np
import pytest

from autoseg.stm.classes import DEFECTS, SINGLE
from autoseg.stm.defects import DefectOptions, find_defects, known_defects
from autoseg.stm.scores import lines_of, pool_surfaces, score_surface
from autoseg.stm.simulation.options import SurfaceOptions
from autoseg.stm.simulation.topography import draw_topography


@pytest.fixture(scope="module")
def surfaces():
    options = SurfaceOptions(rules="published", size=400, defects=(30, 40), steps=(1, 1))
    return [draw_topography(options, rng, 4) for rng in np.random.default_rng(2).spawn(3)]


def test_pieces_of_a_defect_are_one_and_neighbours_are_not(surfaces):
    """The masks of published single vacancies are in two pieces."""
    from skimage.measure import label

    pieces = truths = counted = 0
    for surface in surfaces:
        truth = known_defects(surface.instances, surface.classes, smallest=40)
        pieces += label(surface.classes == SINGLE, connectivity=2).max()
        truths += len(truth)
        counted += len(find_defects(surface.classes))
    assert pieces > 1.2 * sum(known_defects(one.instances, one.classes, 40).counts[SINGLE] for one in surfaces)
    assert truths > 20 and abs(counted - truths) <= 0.1 * truths


def test_a_defect_is_of_the_class_of_most_of_its_pixels():
    classes = np.zeros((40, 40), np.uint8)
    classes[5:15, 5:20], classes[5:15, 20:24], classes[25:28, 25:28] = 2, 3, 1
    found = find_defects(classes, DefectOptions(smallest=10))
    assert (
        found.kinds.tolist() == [2] and set(np.unique(found.classes)) == {0, 2} and found.counts == {1: 0, 2: 1, 3: 0}
    )
    assert (found.of(2) > 0).sum() == 190 and not found.of(3).any()
    assert len(find_defects(np.zeros((9, 9), np.uint8))) == 0
    assert len(find_defects(np.full((9, 9), 255, np.uint8))) == 0


def test_truth_against_itself_has_full_scores_and_a_missing_defect_costs(surfaces):
    scores = []
    for surface in surfaces:
        truth = known_defects(surface.instances, surface.classes)
        scores.append(score_surface(truth, truth, surface.classes, (surface.rows > 0, surface.rows > 0)))
    full = pool_surfaces(scores)
    told = full.to_dict()
    assert told["mean_iou"] == 1 and told["rows"] == {"accuracy": 1, "iou": 1} and told["images"] == 3
    assert all(one["f1"] == 1 for one in told["objects"].values())
    surface = max(surfaces, key=lambda one: known_defects(one.instances, one.classes).counts[SINGLE])
    truth = known_defects(surface.instances, surface.classes)
    lost = int(np.flatnonzero(truth.kinds == SINGLE)[0]) + 1
    less = known_defects(np.where(surface.instances == 0, 0, truth.labels) * (truth.labels != lost), surface.classes)
    found = score_surface(less, truth, surface.classes).to_dict()
    of_singles = found["objects"]["1-dimer"]
    assert of_singles["predicted"] == of_singles["true"] - 1 and of_singles["precision"] == 1 > of_singles["recall"]
    assert found["iou_per_class"]["1-dimer"] < 1 == found["iou_per_class"]["double-dimer"] and found["rows"] is None
    assert len(lines_of(full)) == 1 + 1 + len(DEFECTS) + 2


def test_pixels_that_nobody_knows_do_not_count(surfaces):
    surface = surfaces[0]
    truth = known_defects(surface.instances, surface.classes)
    unknown = np.where(surface.classes > 0, 255, 0).astype(np.uint8)
    scores = score_surface(truth, truth, unknown)
    assert scores.pixels.ignored == (surface.classes > 0).sum() and scores.pixels.mean("iou") == 1
