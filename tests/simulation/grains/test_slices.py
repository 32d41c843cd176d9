"""Simulated slices show the grains of their labels."""

import numpy as np

from autoseg.simulation.grains.artefacts import add_cracks, ring_noise, streak_noise
from autoseg.simulation.grains.slices import SliceOptions, draw_slice

CLEAR = SliceOptions(
    size=(96, 112), radius=(7, 9), fraction=(0.15, 0.2), contrast_to_noise=(4, 4), shading=(0, 0.1), plates=(0, 0),
    cracks=(0, 0), blots=(0, 0), fringe=(0, 0), halo=(0, 0),
)  # fmt: skip


def test_grains_are_brighter_than_what_lies_around_them():
    image, labels = draw_slice(np.random.default_rng(0), CLEAR)
    inside = labels > 0
    assert image.dtype == np.float32 and 0.03 < inside.mean() < 0.5
    assert image[inside].mean() - image[~inside].mean() > 0.6
    assert abs(image[~inside].std() - 0.25) < 0.12


def test_a_seed_gives_the_same_slice():
    one, other = (draw_slice(np.random.default_rng(seed), CLEAR) for seed in (1, 1))
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert (draw_slice(np.random.default_rng(2), CLEAR).labels != one.labels).any()


def test_rings_depend_on_the_distance_from_their_axis():
    """Along a row through pixels of equal distance, noise of rings changes slowly; noise of pixels does not."""
    rings, streaks = (noise((80, 80), np.random.default_rng(3)) for noise in (ring_noise, streak_noise))
    assert abs(rings.std() - 1) < 1e-3 and abs(streaks.std() - 1) < 1e-3
    neighbours = [np.corrcoef(one[:, :-1].ravel(), one[:, 1:].ravel())[0, 1] for one in (streaks, rings)]
    assert max(neighbours) > 0.5


def test_cracks_are_thin():
    plain = np.zeros((90, 90), np.float32)
    changed = add_cracks(plain, 1, np.random.default_rng(1)) != 0
    assert 0 < changed.mean() < 0.15
    np.testing.assert_array_equal(add_cracks(plain, 0, np.random.default_rng(0)), plain)
