"""Print covers what lies below, and figures stay at their place."""

import numpy as np
import pytest

from autoseg.simulation.world.distractors import Overprint, draw_overprint
from autoseg.simulation.world.figures import publish
from autoseg.simulation.world.lettering import FONTS, _by_font
from autoseg.simulation.world.options import DistractorOptions, FigureOptions

NOTHING = dict.fromkeys(["panel", "scale_bar", "info_bar", "arrow", "inset", "margin"], 0)


def test_ink_shows_its_grey_value_and_half_ink_half_of_it():
    overprint = Overprint.empty((4, 4))
    overprint.put(np.array([[1.0, 0.5]], np.float32), 0.8, 1, 1)
    printed = overprint.printed_on(np.full((4, 4), 0.2, np.float32))
    assert printed[1, 1] == pytest.approx(0.8) and printed[1, 2] == pytest.approx(0.5)
    assert np.count_nonzero(np.isclose(printed, 0.2)) == 14


def test_ink_beyond_the_edge_is_cut_off():
    overprint = Overprint.empty((4, 4))
    for top, left in ((-1, -1), (3, 3), (9, 0), (-5, 2)):
        overprint.put(np.ones((2, 2), np.float32), 1.0, top, left)
    assert [tuple(place) for place in np.argwhere(overprint.hidden)] == [(0, 0), (3, 3)]


@pytest.mark.parametrize("kind", NOTHING)
def test_each_distractor_hides_something_but_not_everything(kind):
    options = DistractorOptions(**{**NOTHING, kind: 1})
    for seed in range(12):
        printed = draw_overprint((128, 160), options, 0.3, np.random.default_rng(seed))
        assert 0 < printed.hidden.mean() < 0.6
        assert 0 <= printed.grey.min() <= printed.grey.max() <= 1 + 1e-6 and printed.cover.max() <= 1 + 1e-6


def test_where_nothing_is_asked_for_nothing_is_printed():
    assert not draw_overprint((64, 64), DistractorOptions(**NOTHING), 0.3, np.random.default_rng(0)).cover.any()


@pytest.mark.parametrize("font", sorted(set(FONTS)))
def test_fonts_are_at_hand(font):
    assert _by_font("(a) 5 µm", 20, font).max() > 0.9


def test_a_published_picture_shows_an_edge_where_it_was():
    image = np.zeros((64, 96), np.float32)
    image[:, 40:] = 1
    for seed in range(20):
        figure = publish(image, FigureOptions(), np.random.default_rng(seed))
        crossing = np.argmax(figure.mean(axis=0) > 0.5)
        assert abs(int(crossing) - 40) <= 1 and 0 <= figure.min() <= figure.max() <= 1
