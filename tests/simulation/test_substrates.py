import numpy as np
import pytest

from autoseg.simulation.fields import smooth_field
from autoseg.simulation.substrates import draw_substrate


@pytest.mark.parametrize("scale", [1, 3, 6, 20, 200])
def test_a_field_has_features_of_the_scale_asked_for(scale):
    """Differences over a fraction of the scale are small, differences over the scale and more are not."""
    field = smooth_field((300, 400), scale, np.random.default_rng(0))
    assert field.dtype == np.float32 and abs(field.mean()) < 1e-3 and abs(field.std() - 1) < 1e-3
    if scale >= 3:
        step = max(scale // 6, 1)
        assert (field[:, step:] - field[:, :-step]).std() < 0.75
    if scale <= 20:
        step = 2 * scale
        assert (field[:, step:] - field[:, :-step]).std() > 1.1


def test_fields_differ_and_follow_from_the_rng():
    one, again, other = (smooth_field((40, 50), 8, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] < 0.5


@pytest.mark.parametrize("seed", range(12))
def test_substrates_lie_around_0(seed):
    texture = draw_substrate((80, 100), 20, np.random.default_rng(seed))
    assert texture.shape == (80, 100) and texture.dtype == np.float32 and np.isfinite(texture).all()
    assert np.mean(np.abs(texture) < 1.5) > 0.9


def test_substrates_are_of_many_kinds():
    deviations = [draw_substrate((80, 100), 20, np.random.default_rng(seed)).std() for seed in range(30)]
    assert max(deviations) > 3 * min(deviations)
