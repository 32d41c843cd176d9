import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from autoseg.images.normalization import Percentiles, normalize


@pytest.mark.parametrize("scale", [1, 255, 65535])
def test_normalization_does_not_know_the_bit_depth(scale):
    image = np.linspace(0, 1, 1001).reshape(7, 143)
    depth = np.float64 if scale == 1 else np.min_scalar_type(scale)
    found = normalize((image * scale).astype(depth))
    np.testing.assert_allclose(found, np.clip((image - 0.005) / 0.99, 0, 1), atol=1.5 / max(scale, 100))
    assert found.dtype == np.float32 and found.min() == 0 and found.max() == 1


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_constant_image_becomes_black(value):
    assert not normalize(np.full((5, 5), value, np.uint8)).any()


def test_without_clipping_what_lies_beyond_the_percentiles_does_so_afterwards():
    found = normalize(np.arange(101.0)[None], (25, 75), clip=False)
    np.testing.assert_allclose(found, [np.linspace(-0.5, 1.5, 101)], atol=1e-6)


@pytest.mark.parametrize("wrong", [(99, 1), (5, 5), (-1, 99), (1, 101)])
def test_percentiles_must_rise_between_0_and_100(wrong):
    with pytest.raises(ValidationError, match="must rise and lie between 0 and 100"):
        TypeAdapter(Percentiles).validate_python(wrong)
