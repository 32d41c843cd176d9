import numpy as np
import pytest

from autoseg.errors import OptionsError
from autoseg.stm.levelling import LevellingOptions, align_rows, find_scars, level, remove_facets, remove_plane
from tests.stm.surfaces import rows, smooth, streaks

RNG = np.random.default_rng(4)
DOWN, ACROSS = np.mgrid[:120, :160].astype(float)
PLANE = 0.03 * ACROSS - 0.05 * DOWN
TERRACES = 2.0 * (ACROSS > 50) + 2.0 * (ACROSS + 0.3 * DOWN > 130)
BUMPS = 0.05 * smooth((120, 160), 2, RNG)
LINES = RNG.normal(0, 1, (120, 1))


def without_offset(values):
    return values - np.median(values)


def test_steps_stay_and_tilt_and_line_offsets_go():
    found = level(TERRACES + PLANE + LINES + BUMPS).heights
    assert np.abs(found - without_offset(TERRACES)).max() < 0.5
    for terrace in np.unique(TERRACES):
        on = terrace == TERRACES
        assert np.ptp(without_offset(found)[on]) < 0.8  # the bumps
        slope = np.polyfit(ACROSS[on], found[on], 1)[0]
        assert abs(slope) < 3e-3


def test_level_is_float32_with_a_median_of_zero():
    found = level((PLANE + BUMPS).astype(np.float32))
    assert found.heights.dtype == np.float32
    assert abs(np.median(found.heights)) < 1e-6
    assert found.scars.shape == found.outliers.shape == found.heights.shape


@pytest.mark.parametrize(("method", "largest"), [("median", 0.06), ("differences", 0.2), ("polynomial", 0.06)])
def test_line_offsets_are_found(method, largest):
    found = align_rows(BUMPS + LINES, method)
    assert (found - BUMPS).mean(axis=1).std() < largest < LINES.std() / 4


def test_polynomials_remove_the_bow_of_each_line_and_leave_outliers():
    bow = np.outer(np.linspace(-1, 1, 120), (np.arange(160) / 80 - 1) ** 2)
    heights = bow.copy()
    heights[:, 70:74] += 50
    found = align_rows(heights, "polynomial", 2)
    found[:, 70:74] -= 50
    assert np.abs(found).max() < 1e-3


def test_a_plane_is_removed_exactly():
    np.testing.assert_allclose(remove_plane(PLANE + 7), 0, atol=1e-9)


def test_facets_level_terraces_where_a_plane_cannot():
    surface = TERRACES + PLANE + 0.2 * BUMPS
    lower = TERRACES == 0
    assert np.ptp(remove_facets(surface)[lower]) < 0.35 < np.ptp(remove_plane(surface)[lower])


def test_scars_are_found_and_filled():
    rng = np.random.default_rng(8)
    surface = rows(18, 60, rng, shape=(200, 300), noise=0.05).heights
    scars = streaks(surface.shape, rng)
    found = level(surface + 4.0 * scars)
    assert found.scars[scars].mean() > 0.95
    assert found.scars[~scars].mean() < 0.002
    clean = level(surface).heights
    assert np.abs(found.heights - clean)[scars].mean() < 0.35  # was 4
    assert level(surface, LevellingOptions(scars=False)).scars.sum() == 0


def test_rows_of_dimers_are_no_scars():
    surface = rows(18, 3, np.random.default_rng(1), noise=0.05).heights
    assert find_scars(surface, LevellingOptions()).mean() < 1e-3


def test_single_wrong_pixels_are_filled_and_vacancies_stay():
    surface = rows(18, 40, RNG, noise=0.03).heights
    wrong = surface.copy()
    wrong[50, 60] += 9
    wrong[90:99, 100:106] -= 1.5  # a vacancy
    found = level(wrong, LevellingOptions(rows="none", tilt="none"))
    assert found.outliers[50, 60]
    assert not found.outliers[91:98, 101:105].any()
    assert abs(found.heights[94, 103] - without_offset(wrong)[94, 103]) < 0.2


def test_everything_can_be_switched_off():
    off = LevellingOptions(rows="none", tilt="none", scars=False, outliers=0)
    np.testing.assert_allclose(level(PLANE, off).heights, without_offset(PLANE), atol=1e-5)
    with pytest.raises(OptionsError):
        LevellingOptions(tilt="cone")


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (5, 40)])
def test_small_and_flat_surfaces(shape):
    np.testing.assert_array_equal(level(np.full(shape, 3.0)).heights, 0)
    assert np.isfinite(level(RNG.normal(size=shape)).heights).all()
