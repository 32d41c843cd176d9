import numpy as np
import pytest

from autoseg.errors import ImageError
from autoseg.images.uncertainty import entropy


def test_is_the_entropy_of_a_coin_in_bits():
    p = np.linspace(0.01, 0.99, 99).reshape(9, 11)
    expected = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    found = entropy(p)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_is_nothing_where_the_network_is_sure():
    assert not entropy(np.array([[0, 1], [1, 0]], np.float32)).any()
    assert entropy(np.array([[False, True]])).dtype == np.float32
    assert entropy(np.zeros((0, 5), np.float32)).shape == (0, 5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.full((3, 3), 1.5), "from 0 to 1, not from 1.5 to 1.5"),
        (np.full((3, 3), -0.1), "from 0 to 1, not from -0.1 to"),
        (np.full((3, 3), np.nan), "not from nan to nan"),
        (np.zeros((3, 3, 2)), r"not float64 of shape \(3, 3, 2\)"),
        (np.zeros((3, 3), complex), "not complex128"),
    ],
)
def test_needs_a_probability(wrong, message):
    with pytest.raises(ImageError, match=message):
        entropy(wrong)
