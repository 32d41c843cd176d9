"""Particles corrected by hand: what is changed, and that nothing else is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.images.corrections import Correction, correct, correct_labels, labels_at
from autoseg.images.micrograph import Micrograph
from autoseg.images.segmentation import Segmentation, numbered


def scene():
    """Two that touch, and one that stands alone."""
    labels = np.zeros((40, 60), np.uint16)
    labels[5:25, 5:20], labels[5:25, 20:35], labels[30:36, 45:55] = 1, 2, 3
    return labels


def test_what_is_deleted_is_gone_and_the_rest_is_numbered_anew():
    found = correct_labels(scene(), [Correction("delete", ((10, 10),))])
    np.testing.assert_array_equal(found > 0, scene() > 1)
    assert found.max() == 2 and found.dtype == np.uint16


def test_what_is_merged_is_one_particle():
    found = correct_labels(scene(), [Correction("merge", ((10, 10), (10, 30)))])
    assert found.max() == 2 and (found[5:25, 5:35] == 1).all()


@pytest.mark.parametrize("stroke", [((2, 12), (28, 12)), ((2, 12), (14, 15), (28, 12)), ((5, 5), (24, 19))])
def test_a_stroke_from_rim_to_rim_divides_and_loses_no_pixel(stroke):
    found = correct_labels(scene(), [Correction("divide", stroke)])
    np.testing.assert_array_equal(found > 0, scene() > 0)
    assert found.max() == 4 and len(np.unique(found[5:25, 5:20])) == 2
    assert np.unique(found[5:25, 20:35]).size == 1
    assert min(np.bincount(found.ravel())) > 20


@pytest.mark.parametrize("stroke", [((10, 8), (15, 12)), ((2, 12), (15, 12)), ((26, 0), (26, 59)), ((4, 6), (6, 4))])
def test_a_stroke_that_does_not_cross_a_particle_changes_nothing(stroke):
    np.testing.assert_array_equal(correct_labels(scene(), [Correction("divide", stroke)]), scene())


def test_one_stroke_divides_all_it_crosses():
    assert correct_labels(scene(), [Correction("divide", ((14, 0), (15, 40)))]).max() == 5


def test_places_may_lie_anywhere():
    assert labels_at(scene(), [(10, 10), (-3, 5), (1e4, 2), (0, 0), (10.4, 30.4)]) == [1, 2]
    nowhere = [Correction(kind, ((500, 500),)) for kind in ("delete", "merge", "divide")]
    np.testing.assert_array_equal(correct_labels(scene(), nowhere), scene())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 30), st.integers(-2, 30)), min_size=2, max_size=4), st.integers(0, 9))
def test_a_stroke_never_loses_or_joins_pixels(stroke, seed):
    blocks = np.random.default_rng(seed).integers(0, 4, (7, 7))
    labels = numbered(np.kron(blocks, np.ones((4, 4), int)))
    found = correct_labels(labels, [Correction("divide", tuple(stroke))])
    np.testing.assert_array_equal(found > 0, labels > 0)
    for label in range(1, int(found.max()) + 1):
        assert len(np.unique(labels[found == label])) == 1


def test_the_notes_tell_of_corrections_and_scores_are_no_longer_told():
    found = Segmentation(scene(), None, Micrograph(np.zeros((40, 60), np.uint8), notes=("a",)), scores=np.ones(3))
    corrected = correct(found, [Correction("delete", ((10, 10), (33, 50))), Correction("divide", ((2, 27), (28, 27)))])
    assert corrected.count == 2 and corrected.scores is None
    assert corrected.micrograph.notes == ("a", "Corrected by hand: 2 deleted, 1 divided.")
    assert correct(found, []) is found
