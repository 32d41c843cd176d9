"""Images at other magnifications keep their means and places."""

import numpy as np
import pytest

from autoseg.images.resizing import magnified, resized


def test_what_keeps_its_shape_is_left_alone():
    image = np.arange(6, dtype=np.uint16).reshape(2, 3)
    assert resized(image, (2, 3)) is image


def test_reduction_is_a_mean():
    image = np.kron(np.array([[10, 30], [20, 20]]), np.ones((2, 2))) + np.tile([[1, -1], [-1, 1]], (2, 2))
    np.testing.assert_allclose(magnified(image, 0.5), [[10, 30], [20, 20]])


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float64])
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
@pytest.mark.parametrize("factor", [0.001, 0.4, 2.5])
def test_any_kind_and_number_of_channels_is_resized_each_by_itself(kind, channels, factor):
    image = np.random.default_rng(0).integers(0, 200, (7, 9, *channels)).astype(kind)
    found = magnified(image, factor)
    assert found.dtype == np.float32
    assert found.shape == (max(1, round(7 * factor)), max(1, round(9 * factor)), *channels)
    for channel in range(channels[0] if channels else 0):
        np.testing.assert_allclose(found[..., channel], magnified(image[..., channel], factor), rtol=1e-5, atol=1e-4)


def test_a_slope_stays_a_slope_where_it_was():
    slope = np.tile(np.arange(16.0), (16, 1))
    there = (np.arange(48) + 0.5) / 3 - 0.5  # centres of pixels of a third of the width
    inner = slice(6, -6)  # edges are extrapolated
    np.testing.assert_allclose(magnified(slope, 3)[8][inner], there[inner], atol=0.1)
