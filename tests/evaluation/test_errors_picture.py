"""The picture of errors: every kind of particle in its colour, the micrograph elsewhere."""

import numpy as np
import pytest

from autoseg.errors import ImageError
from autoseg.evaluation import ERROR_COLOURS, draw_errors
from tests.evaluation.scenes import rectangles

TRUTH = rectangles((2, 2, 8, 8), (2, 15, 8, 8), (15, 2, 8, 8), (15, 10, 8, 8), (15, 30, 8, 16))
PREDICTED = rectangles((2, 2, 8, 8), (2, 40, 8, 8), (15, 2, 8, 16), (15, 30, 8, 8), (15, 38, 8, 8))
CENTRES = {"true": (5, 5), "missed": (5, 18), "false": (5, 43), "merged": (18, 6), "split": (18, 34)}


def tinted(kind):
    return np.round(0.45 * np.array(ERROR_COLOURS[kind]))


@pytest.mark.parametrize("kind", ERROR_COLOURS)
def test_each_kind_has_its_colour(kind):
    picture = draw_errors(PREDICTED, TRUTH)
    assert (picture.shape, picture.dtype) == ((30, 60, 3), np.uint8)
    assert np.abs(picture[CENTRES[kind]] - tinted(kind)).max() <= 1


def test_outlines_of_true_particles_are_white_and_of_missed_and_false_ones_in_full_colour():
    picture = draw_errors(PREDICTED, TRUTH)
    for place in ((2, 5), (9, 5), (18, 9), (18, 10), (18, 30)):
        assert picture[place].tolist() == [255, 255, 255]
    assert picture[2, 18].tolist() == list(ERROR_COLOURS["missed"])
    assert picture[2, 43].tolist() == list(ERROR_COLOURS["false"])
    assert picture[18, 38].tolist() == list(ERROR_COLOURS["split"])


def test_a_false_particle_is_seen_where_it_covers_a_missed_one():
    picture = draw_errors(rectangles((5, 10, 10, 20)), rectangles((5, 5, 10, 10)))
    assert np.abs(picture[10, 7] - tinted("missed")).max() <= 1
    assert np.abs(picture[10, 12] - tinted("false")).max() <= 1


def test_a_prediction_that_lies_mostly_elsewhere_is_no_piece():
    picture = draw_errors(rectangles((5, 5, 8, 6), (5, 11, 8, 6), (5, 17, 8, 12)), rectangles((5, 5, 8, 16)))
    assert np.abs(picture[8, 8] - tinted("split")).max() <= 1
    assert np.abs(picture[8, 24] - tinted("false")).max() <= 1


def test_a_piece_that_also_merges_is_merged():
    picture = draw_errors(rectangles((5, 5, 10, 4), (5, 9, 10, 9)), rectangles((5, 5, 10, 10), (5, 15, 10, 3)))
    assert np.abs(picture[8, 7] - tinted("split")).max() <= 1
    assert np.abs(picture[8, 12] - tinted("merged")).max() <= 1


def test_a_particle_that_a_merging_one_only_touches_is_missed():
    truth = rectangles((5, 5, 10, 10), (5, 15, 10, 10), (5, 25, 10, 20))
    picture = draw_errors(rectangles((5, 5, 10, 24)), truth)
    assert np.abs(picture[8, 7] - tinted("merged")).max() <= 1
    assert np.abs(picture[8, 40] - tinted("missed")).max() <= 1


def test_the_micrograph_is_seen_in_grey():
    micrograph = np.tile(np.linspace(100, 40000, 60).astype(np.uint16), (30, 1))
    picture = draw_errors(PREDICTED, TRUTH, micrograph)
    background = picture[(PREDICTED == 0) & (TRUTH == 0)]
    assert np.ptp(background, axis=1).max() == 0
    assert (picture[12, 0, 0], picture[12, 59, 0]) == (0, 255)
    assert picture[5, 5].astype(int).sum() > tinted("true").sum()


def test_a_flat_micrograph_is_black():
    nothing = np.zeros_like(TRUTH)
    assert draw_errors(nothing, nothing, np.full(TRUTH.shape, 7)).max() == 0


def test_what_the_scores_leave_out_is_not_drawn():
    assert draw_errors(PREDICTED, TRUTH, minimum_size=1000).max() == 0
    edge = rectangles((0, 0, 5, 5))
    assert draw_errors(edge, edge, exclude_edge=True).max() == 0


def test_a_micrograph_of_another_shape_is_refused():
    with pytest.raises(ImageError, match=r"micrograph has shape \(3, 4\)"):
        draw_errors(PREDICTED, TRUTH, np.zeros((3, 4)))
