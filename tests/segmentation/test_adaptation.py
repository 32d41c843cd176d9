"""What the network is shown, and what comes back: no Keras needed for either."""

import numpy as np
import pytest

from autoseg.images.normalization import normalize
from autoseg.models.config import Preprocessing
from autoseg.segmentation.adaptation import CRUMBS, as_seen, bring_back, find_liveliest, prepare
from autoseg.segmentation.instances.finding import InstanceOptions

PLAIN = Preprocessing(percentiles=(0, 100))


def waves(rows, columns, length):
    """A chequered field of smooth bumps, as long as wide, from 0 to 1."""
    row, column = (axis + 0.5 for axis in np.ogrid[:rows, :columns])
    return 0.5 + 0.5 * np.sin(2 * np.pi * row / length) * np.sin(2 * np.pi * column / length)


def test_an_image_that_is_not_magnified_is_only_normalised():
    image = np.random.default_rng(0).integers(0, 4000, (37, 51)).astype(np.uint16)
    np.testing.assert_array_equal(prepare(image, 1, Preprocessing()), normalize(image))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float64])
@pytest.mark.parametrize(("factor", "shape"), [(0.5, (18, 26)), (3, (111, 153)), (0.001, (1, 1))])
def test_images_of_any_kind_are_resized(kind, factor, shape):
    prepared = prepare(np.eye(37, 51).astype(kind), factor, PLAIN)
    assert prepared.shape == shape and prepared.dtype == np.float32
    assert prepared.min() >= 0 and prepared.max() <= 1


def test_grey_values_are_scaled_after_reduction():
    image = np.kron(np.array([[10, 30], [20, 20]]), np.array([[1, 1], [1, 1]])) + np.tile([[1, -1], [-1, 1]], (2, 2))
    np.testing.assert_allclose(prepare(image, 0.5, PLAIN), [[0, 1], [0.5, 0.5]])


@pytest.mark.parametrize("factor", [0.25, 0.5, 2, 3.3])
def test_what_comes_back_lies_where_it_was(factor):
    image = waves(60, 90, 30).astype(np.float32)
    seen = prepare(image, factor, PLAIN)
    back = bring_back(np.dstack([seen, 1 - seen]), image.shape)
    assert back.shape == (60, 90, 2) and back.dtype == np.float32
    away = slice(4, -4), slice(4, -4)  # edges are extrapolated
    np.testing.assert_allclose(back[..., 0][away], image[away], atol=0.12)
    np.testing.assert_allclose(back.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("factor", [0.5, 1, 4])
def test_a_window_is_of_so_many_pixels_as_the_network_sees_them(factor):
    image = waves(300, 200, 20)
    image[:150] = 0.5
    window = prepare(image, factor, PLAIN, edge=80)
    assert window.shape == (80, 80)
    assert window.std() > 0.2  # of the half where there is something to see


def test_a_window_of_a_small_image_is_all_of_it():
    assert find_liveliest(np.eye(5, 9), 64) == (slice(0, 64), slice(0, 64))


def test_what_was_set_is_in_pixels_of_the_image_and_so_is_which_particles_count():
    options = InstanceOptions(minimum_core=12, pinhole_size=10, minimum_size=20)
    large = as_seen(options, 4, set(), finest=True)
    assert (large.minimum_core, large.pinhole_size, large.minimum_size) == (12, 10, 320)
    small = as_seen(options, 0.5, {"pinhole_size", "minimum_core"}, finest=True)
    assert (small.minimum_core, small.pinhole_size, small.minimum_size) == (3, 2, 5)
    assert as_seen(options, 1, {"minimum_core"}, finest=True) == options


def test_crumbs_of_reduced_levels_are_nothing():
    assert as_seen(InstanceOptions(minimum_size=16), 0.25, set(), finest=False).minimum_size == CRUMBS
    assert as_seen(InstanceOptions(minimum_size=1600), 0.25, set(), finest=False).minimum_size == 100
