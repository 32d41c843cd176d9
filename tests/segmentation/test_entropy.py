import numpy as np
import pytest

from autoseg.errors import ImageError
from autoseg.segmentation.entropy import entropy


def test_is_the_entropy_of_a_coin_in_bits():
    p = np.linspace(0.01, 0.99, 99).reshape(9, 11)
    expected = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    found = entropy(p)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_looks_at_the_foreground_alone():
    stack = np.zeros((4, 5, 3), np.float32)
    stack[..., 0], stack[..., 1] = 0.5, 0.1
    np.testing.assert_array_equal(entropy(stack), np.ones((4, 5)))
    np.testing.assert_array_equal(entropy({"foreground": stack[..., 0]}), np.ones((4, 5)))


@pytest.mark.parametrize("wrong", [np.full((3, 3), 1.5), np.full((3, 3), np.nan), np.zeros((3, 3, 2))])
def test_needs_a_probability(wrong):
    with pytest.raises(ImageError):
        entropy(wrong)
