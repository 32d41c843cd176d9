import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autoseg.errors import ImageError, OptionsError
from autoseg.heads import Head
from autoseg.training.targets import foreground_ratio, make_class_targets, make_targets

MASK, INSTANCES = Head(kind="mask"), Head(kind="instances")
LABELS = arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 3))


def disc(size, centre, radius):
    rows, columns = np.mgrid[:size, :size]
    distance = np.hypot(rows - centre[0], columns - centre[1])
    return distance, distance < radius


def test_the_distance_in_a_disc_falls_linearly_from_its_centre_to_its_rim():
    distance, inside = disc(81, (40, 40), 30)
    targets = make_targets(inside.astype(int), INSTANCES)
    assert targets.shape == (81, 81, 3) and targets.dtype == np.float32
    np.testing.assert_array_equal(targets[..., 0], inside)
    np.testing.assert_allclose(targets[inside, 2], 1 - distance[inside] / 30, atol=1 / 30)  # to a pixel
    assert targets[40, 40, 2] == 1 and not targets[~inside].any()


def test_the_contact_of_two_squares_is_their_common_edge():
    labels = np.zeros((20, 20), int)
    labels[5:15, 3:10], labels[5:15, 10:17] = 1, 2
    expected = np.zeros((20, 20))
    expected[5:15, 8:11] = 1  # the last two columns of the one, the first of the other
    targets = make_targets(labels, INSTANCES)
    np.testing.assert_array_equal(targets[..., 1], expected)
    np.testing.assert_array_equal(targets[..., 0], labels > 0)
    # The contact is a rim, too: across, the distance falls to both sides of it.
    across = targets[10, 2:18, 2]
    np.testing.assert_allclose(across[1:8], across[8:15], atol=1e-6)
    np.testing.assert_allclose(across[:8] * 7, [0, 1, 3, 5, 7, 5, 3, 1], atol=1e-5)


def test_the_mask_parts_the_squares_by_one_line_of_the_lower_label():
    labels = np.zeros((20, 20), int)
    labels[5:15, 3:10], labels[5:15, 10:17] = 1, 2
    expected = labels > 0
    expected[5:15, 9] = False
    np.testing.assert_array_equal(make_targets(labels, MASK)[..., 0], expected)


def test_particles_apart_have_no_contact_and_an_undivided_mask():
    labels = 3 * disc(64, (20, 20), 10)[1] + 8 * disc(64, (44, 44), 15)[1]
    assert not make_targets(labels, INSTANCES)[..., 1].any()
    np.testing.assert_array_equal(make_targets(labels, MASK)[..., 0], labels > 0)


def test_small_particles_have_a_middle():
    labels = np.zeros((9, 9), np.uint16)
    labels[2, 2], labels[5:7, 5:7] = 7, 300
    np.testing.assert_array_equal(make_targets(labels, INSTANCES)[..., 2], labels > 0)


def test_weights_follow_the_targets():
    labels = np.array([[1] * 6 + [2] * 6])
    targets = make_targets(labels, INSTANCES, weighted=True)
    assert targets.shape == (1, 12, 6)
    np.testing.assert_array_equal(targets[0, :, 3], [1, 1, 1, 3, 3, 3, 3, 3, 1, 1, 1, 1])
    np.testing.assert_array_equal(targets[0, :, 4], [1, 1, 1, 1, 5, 5, 5, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(targets[0, :, 5], 1)
    np.testing.assert_array_equal(make_targets(labels, MASK, weighted=True)[..., 1], targets[..., 3])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(LABELS)
def test_targets_of_any_label_image(labels):
    mask = make_targets(labels, MASK)[..., 0]
    foreground, contact, distance = np.rollaxis(make_targets(labels, INSTANCES), 2)
    np.testing.assert_array_equal(foreground, labels > 0)
    assert not contact[labels == 0].any() and not distance[labels == 0].any()
    assert (mask <= foreground).all() and (distance[labels > 0] > 0).all()
    for label in np.unique(labels[labels > 0]):
        assert distance[labels == label].max() == 1
    # No two particles of the mask touch, not even at corners.
    kept = np.pad(labels * (mask > 0), 1)
    for rows, columns in ((0, 1), (1, 0), (1, 1), (1, -1)):
        shifted = np.roll(kept, (rows, columns), (0, 1))
        assert not ((kept > 0) & (shifted > 0) & (kept != shifted)).any()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(LABELS, st.sampled_from([np.flipud, np.fliplr, np.transpose]))
def test_targets_turn_with_the_labels(labels, turned):
    expected = np.stack([turned(channel) for channel in np.rollaxis(make_targets(labels, INSTANCES), 2)], axis=-1)
    np.testing.assert_allclose(make_targets(turned(labels), INSTANCES), expected, rtol=1e-6)


def test_the_ratio_is_that_of_all_masks_together():
    assert foreground_ratio([np.ones((2, 2)), np.zeros((4, 4))]) == 4
    assert foreground_ratio([np.zeros((2, 2))]) == 4
    assert foreground_ratio([np.ones((2, 2))]) == 0


@pytest.mark.parametrize("labels", [np.zeros((4, 4)), np.zeros((4, 4, 1), int), np.full((4, 4), -1), [[2**24]]])
def test_what_is_no_label_image_is_refused(labels):
    with pytest.raises(ImageError, match="label"):
        make_targets(np.asarray(labels), MASK)


def test_an_unknown_head_is_refused():
    with pytest.raises(OptionsError, match="\"kind\" must be 'mask', 'instances' or 'classes', not 'masks'"):
        Head(kind="masks")


CLASSES = Head(kind="classes", classes=["ground", "grain", "pore"])
CLASS_MAP = np.array([[0, 1, 2], [255, 2, 1]], np.uint8)


def test_a_class_map_becomes_one_hot_and_weights():
    targets = make_class_targets(CLASS_MAP, CLASSES)
    assert targets.shape == (2, 3, 4) and targets.dtype == np.float32
    np.testing.assert_array_equal(targets[..., :3], CLASS_MAP[..., None] == np.arange(3))
    np.testing.assert_array_equal(targets[..., 3], CLASS_MAP != 255)


def test_pixels_weigh_as_much_as_their_class_times_their_certainty():
    weights = make_class_targets(CLASS_MAP, CLASSES, class_weights=(1.0, 0.0, 4.0))[..., 3]
    np.testing.assert_array_equal(weights, [[1, 0, 4], [0, 4, 0]])
    certainty = np.array([[0.5, 1, 0.25], [1, 0, 1]])
    targets = make_class_targets(CLASS_MAP, CLASSES, class_weights=(1.0, 2.0, 4.0), certainty=certainty)
    np.testing.assert_array_equal(targets[..., 3], [[0.5, 2, 1], [0, 0, 2]])
    np.testing.assert_array_equal(targets[..., :3], make_class_targets(CLASS_MAP, CLASSES)[..., :3])


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (np.array([[0, 3]], np.uint8), "a class map holds 0 to 2, or 255 where nothing is known, not 3"),
        (np.array([[254, 0]], np.uint8), "not 254"),
        (np.array([[-1, 0]]), "not -1"),
        (np.array([[256, 0]]), "not 256"),
        (np.zeros((4, 4)), "integers, not 2 and float64"),
        (np.zeros((4, 4, 1), np.uint8), "two dimensions and integers, not 3"),
    ],
)
def test_what_is_no_class_map_is_refused(wrong, expected):
    with pytest.raises(ImageError, match=expected):
        make_class_targets(wrong, CLASSES)
