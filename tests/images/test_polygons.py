import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autoseg.images.polygons import rings_of, signed_area, trace
from tests.images.imagej import fill

label_images = arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 3))
RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])


def traced(labels):
    return dict(trace(np.asarray(labels)))


def test_a_pixel_is_a_square():
    (((square,),),) = traced([[0, 0], [0, 1]]).values()
    assert square.tolist() == [[1, 1], [2, 1], [2, 2], [1, 2]]


def test_a_hole_is_a_ring_that_turns_the_other_way():
    ((outer, hole),) = traced(RING)[1]
    assert (signed_area(outer), signed_area(hole)) == (9, -1)


def test_pieces_that_touch_at_a_corner_are_polygons_of_their_own():
    assert [len(polygon) for polygon in traced(np.eye(3, dtype=int))[1]] == [1, 1, 1]


def test_holes_that_touch_at_a_corner_are_rings_of_their_own():
    two_holes = np.ones((4, 4), int)
    two_holes[1, 1] = two_holes[2, 2] = 0
    (polygon,) = traced(two_holes)[1]
    assert [signed_area(ring) for ring in polygon] == [16, -1, -1]


def test_a_bay_that_meets_the_outside_at_a_corner_is_a_hole():
    open_ring = RING.copy()
    open_ring[0, 0] = 0
    (polygon,) = traced(open_ring)[1]
    assert [signed_area(ring) for ring in polygon] == [8, -1]


def test_no_particle_no_polygon():
    assert traced(np.zeros((3, 4), int)) == {}


def test_missing_labels_are_passed_over():
    assert list(traced([[3, 0, 9]])) == [3, 9]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(labels=label_images)
def test_polygons_hold_exactly_their_pixels(labels):
    result = traced(labels)
    assert list(result) == sorted(set(labels[labels > 0].tolist()))
    for label, polygons in result.items():
        rings = rings_of(polygons)
        assert np.array_equal(fill(rings, labels.shape), labels == label)
        assert sum(map(signed_area, rings)) == (labels == label).sum()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(labels=label_images)
def test_rings_are_valid(labels):
    for polygons in traced(labels).values():
        for outer, *holes in polygons:
            assert signed_area(outer) > 0
            assert all(signed_area(hole) < 0 for hole in holes)
            assert all(fill([outer], labels.shape)[fill([hole], labels.shape)].all() for hole in holes)
        for ring in rings_of(polygons):
            sides = np.roll(ring, -1, axis=0) - ring
            assert len(np.unique(ring, axis=0)) == len(ring)
            assert ((sides == 0).sum(axis=1) == 1).all()
            assert not ((sides == 0) == (np.roll(sides, 1, axis=0) == 0)).any()  # it turns at every point
