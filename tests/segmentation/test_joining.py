"""Particles of several levels: large plausible ones beat their crumbs, and nothing else changes."""

import cv2
import numpy as np
import pytest

from autoseg.segmentation.joining import PREFERENCE, join
from autoseg.segmentation.pyramid import Found, bring_labels_back


def discs(*places, size=64):
    """Labels, int32, of discs (row, column, radius)."""
    labels = np.zeros((size, size), np.int32)
    for number, (row, column, radius) in enumerate(places, start=1):
        cv2.circle(labels, (column, row), radius, number, cv2.FILLED)
    return labels


CRUMBS = discs((20, 20, 4), (20, 30, 4), (30, 20, 4), (30, 30, 4), (55, 55, 5))
WHOLE = discs((25, 25, 14))


def test_a_plausible_particle_beats_the_crumbs_inside_it_and_no_others():
    joined, levels = join([Found(CRUMBS, np.full(5, 0.5)), Found(WHOLE, np.array([0.9]))])
    assert joined.scores.tolist() == [0.5, 0.9] and levels.tolist() == [0, 1]
    np.testing.assert_array_equal(joined.labels == 1, CRUMBS == 5)
    np.testing.assert_array_equal(joined.labels == 2, WHOLE == 1)


def test_particles_beat_what_joins_them_where_that_promises_little_more():
    pair = discs((32, 20, 9), (32, 40, 9))
    both = cv2.dilate((pair > 0).astype(np.uint8), np.ones((5, 5))).astype(np.int32)
    fair = 0.9 * (both > 0).sum() / (pair > 0).sum() / PREFERENCE
    for score, taken in ((fair - 0.02, 1), (fair + 0.02, 0)):
        _, levels = join([Found(pair, np.full(2, score)), Found(both, np.array([0.9]))])
        assert levels.tolist() == ([1] if taken else [0, 0])


def test_what_a_finer_level_shows_whole_is_not_replaced_by_a_fragment():
    joined, levels = join([Found(WHOLE, np.array([0.3])), Found(discs((25, 25, 6)), np.array([0.99]))])
    assert levels.tolist() == [0]
    np.testing.assert_array_equal(joined.labels, WHOLE)


def test_new_ones_take_only_free_pixels():
    first, second = discs((20, 20, 12)), discs((20, 36, 12))
    joined, _ = join([Found(first, np.array([0.9])), Found(second, np.array([0.9]))])
    np.testing.assert_array_equal(joined.labels == 1, first == 1)
    np.testing.assert_array_equal(joined.labels == 2, (second == 1) & (first == 0))


def test_of_particles_of_one_level_the_more_plausible_comes_first_and_crumbs_fall_once():
    large = discs((25, 25, 14), (25, 44, 8))
    joined, levels = join([Found(CRUMBS, np.full(5, 0.1)), Found(large, np.array([0.8, 0.9]))])
    assert levels.tolist() == [0, 1, 1] and joined.scores.tolist() == [0.1, 0.8, 0.9]


def test_a_single_level_and_levels_of_nothing_stay_as_they_are():
    nothing = Found(np.zeros((64, 64), np.int32), np.zeros(0))
    for several in ([Found(CRUMBS, np.full(5, 0.5))], [Found(CRUMBS, np.full(5, 0.5)), nothing]):
        joined, levels = join(several)
        np.testing.assert_array_equal(joined.labels, CRUMBS)
        assert levels.tolist() == [0] * 5
    assert join([nothing, Found(WHOLE, np.ones(1))])[0].scores.tolist() == [1]


@pytest.mark.parametrize("factor", [2, 3.5, 8, 0.5])
def test_labels_come_back_where_they_were_with_smooth_outlines(factor):
    seen = discs((14, 20, 9), (40, 44, 12), (60, 3, 10))
    size = round(64 * factor)
    found = bring_labels_back(seen, (size, size))
    row, column = np.indices((size, size)) + 0.5
    for number, (top, left, radius) in enumerate([(14, 20, 9), (40, 44, 12), (60, 3, 10)], start=1):
        true = np.hypot(row / factor - top - 0.5, column / factor - left - 0.5) < radius + 0.25
        mine = found == number
        assert (true & mine).sum() / (true | mine).sum() > 0.85, number
    assert found.dtype == np.int32
