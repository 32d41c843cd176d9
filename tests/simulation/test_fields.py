import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.simulation.fields import simplex_noise


def on_lines(count=200, length=40.0, step=0.05):
    """Values along straight lines in random directions, each in a field of its own: (count, length / step)."""
    rng = np.random.default_rng(0)
    along = np.arange(0, length, step)
    values = []
    for angle in rng.uniform(0, 2 * np.pi, count):
        points = rng.uniform(-100, 100, 2) + np.outer(along, [np.cos(angle), np.sin(angle)])
        values.append(simplex_noise(points, rng))
    return np.array(values)


LINES = on_lines()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 2 * np.pi))
def test_nowhere_does_it_jump(seed, row, column, angle):
    step = 1e-4
    points = np.array([[row, column], [row + step * np.cos(angle), column + step * np.sin(angle)]])
    first, second = simplex_noise(points, np.random.default_rng(seed))
    assert abs(second - first) < 10 * step


def test_fills_the_range_and_stays_in_it():
    assert 0.95 < np.abs(LINES).max() <= 1


def test_mean_is_zero():
    assert abs(LINES.mean()) < 0.01


def test_frequency_is_as_stated():
    upward = (LINES[:, :-1] < 0) & (LINES[:, 1:] >= 0)
    assert upward.sum() / (len(LINES) * 40) == pytest.approx(0.7, abs=0.04)


def test_far_points_are_independent_and_near_ones_alike():
    def correlation(steps):
        return np.corrcoef(LINES[:, :-steps].ravel(), LINES[:, steps:].ravel())[0, 1]

    assert correlation(1) > 0.97
    assert abs(correlation(60)) < 0.05


def test_no_direction_is_preferred():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 200, (20_000, 2))
    here = simplex_noise(points, np.random.default_rng(1))
    differences = []
    for angle in np.arange(8) * np.pi / 8:
        there = simplex_noise(points + 0.2 * np.array([np.cos(angle), np.sin(angle)]), np.random.default_rng(1))
        differences.append(np.mean((there - here) ** 2))
    assert max(differences) / min(differences) < 1.1


def test_the_generator_decides():
    points = np.random.default_rng(0).uniform(0, 5, (4, 3, 2))
    first, again, other = (simplex_noise(points, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (4, 3)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
