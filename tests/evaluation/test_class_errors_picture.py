"""Colours in the picture of a class map's errors, pixel by pixel."""

import numpy as np
import pytest

from autoseg.errors import AutosegError
from autoseg.evaluation.class_errors_picture import draw_class_errors

COLOURS = [(0, 0, 0), (230, 159, 0), (86, 180, 233)]
TRUTH = np.zeros((20, 30), np.uint8)
TRUTH[5:15, 5:15] = 1
TRUTH[5:15, 20:26] = 2
WHITE = [255] * 3


def test_what_is_right_is_grey_inside_white_outlines():
    picture = draw_class_errors(TRUTH, TRUTH, COLOURS)
    assert picture.shape == (20, 30, 3) and picture.dtype == np.uint8
    assert picture[5, 8].tolist() == picture[14, 25].tolist() == WHITE
    inside, outside = picture[8, 8], picture[0, 0]
    assert len(set(inside.tolist())) == 1 and 50 < inside[0] < 220 and inside.tolist() == outside.tolist()


def test_what_is_wrong_has_the_colour_of_the_predicted_class_also_on_outlines():
    predicted = TRUTH.copy()
    predicted[5:8, 5:8], predicted[0, 0], predicted[10, 10], predicted[11, 22] = 0, 1, 2, 255
    picture = draw_class_errors(predicted, TRUTH, COLOURS)
    assert (picture[5:8, 5:8] == 0).all()
    assert picture[0, 0].tolist() == list(COLOURS[1]) and picture[10, 10].tolist() == list(COLOURS[2])
    assert picture[11, 22].tolist() == WHITE
    same = predicted == TRUTH
    assert np.array_equal(picture[same], draw_class_errors(TRUTH, TRUTH, COLOURS)[same])


def test_where_the_truth_is_not_known_there_are_stripes_and_no_errors():
    truth = TRUTH.copy()
    truth[:, 15:] = 255
    pictures = [draw_class_errors(np.full_like(TRUTH, number), truth, COLOURS)[:, 16:] for number in (0, 1, 2)]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
    assert len(np.unique(pictures[0])) == 2 and not (pictures[0] == 0).any()


def test_the_micrograph_is_seen_below_but_neither_black_nor_white():
    micrograph = np.random.default_rng(0).integers(0, 65535, TRUTH.shape).astype(np.uint16)
    picture = draw_class_errors(np.zeros_like(TRUTH), np.zeros_like(TRUTH), COLOURS, micrograph)
    assert picture.min() > 50 and picture.max() < 220 and len(np.unique(picture)) > 50
    assert np.corrcoef(picture[..., 0].ravel(), micrograph.ravel())[0, 1] > 0.99


@pytest.mark.parametrize(
    ("predicted", "truth", "micrograph"),
    [(TRUTH[1:], TRUTH, None), (TRUTH, TRUTH, np.zeros((3, 3))), (TRUTH + 1, TRUTH, None)],
)
def test_what_does_not_fit_together_is_refused(predicted, truth, micrograph):
    with pytest.raises(AutosegError, match=r"shape|class 3"):
        draw_class_errors(predicted, truth, COLOURS, micrograph)
