import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.images.colours import PALETTE, choose_colours


def touching(labels):
    """Pairs of different labels whose pixels have an edge in common."""
    pairs = np.concatenate(
        [
            np.stack([one.ravel(), other.ravel()], 1)
            for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1]))
        ]
    )
    return pairs[(pairs[:, 0] != pairs[:, 1]) & (pairs > 0).all(axis=1)]


def mosaic(seed, cells, size):
    """Labels of the pixels nearest to each of some random points, with a line of background every ten rows."""
    points = np.random.default_rng(seed).uniform(0, size, (cells, 2))
    places = np.stack(np.mgrid[:size, :size], axis=-1)
    labels = np.linalg.norm(places[:, :, None] - points, axis=-1).argmin(axis=-1) + 1
    labels[::10] = 0
    return labels


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), cells=st.integers(1, 60))
def test_neighbours_differ(seed, cells):
    labels = mosaic(seed, cells, 40)
    colours = choose_colours(labels)
    pairs = touching(labels)
    assert (colours[pairs[:, 0]] != colours[pairs[:, 1]]).all()


def test_neighbours_across_a_gap_differ():
    labels = np.kron(np.arange(1, 50).reshape(7, 7), np.pad(np.ones((4, 4), int), 1))
    colours = choose_colours(labels)[labels[2::6, 2::6]]
    assert (colours[1:] != colours[:-1]).all()
    assert (colours[:, 1:] != colours[:, :-1]).all()


def test_all_colours_are_used_where_particles_are_far_apart():
    labels = np.zeros((1, 140), int)
    labels[0, ::20] = np.arange(1, 8)
    assert sorted(choose_colours(labels)[1:]) == list(range(len(PALETTE)))


def test_a_particle_with_more_neighbours_than_colours_gets_the_rarest():
    labels = np.array([[1, label] for label in range(2, 30)]).reshape(1, -1)
    colours = choose_colours(labels)
    assert np.bincount(colours[2:], minlength=7)[colours[1]] == np.bincount(colours[2:], minlength=7).min()


def test_missing_labels_and_none():
    assert len(choose_colours(np.array([[0, 5, 0]]))) == 6
    assert len(choose_colours(np.zeros((3, 4), int))) == 1
