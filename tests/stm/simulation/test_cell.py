import numpy as np
import pytest

from autoseg.stm.classes import DEFECTS, DOUBLE, SINGLE, TWO
from autoseg.stm.simulation.cell import cell, modulated_cell, row_of_cell
from autoseg.stm.simulation.signatures import LENGTHS, draw_signature, mask_of

MEAN_ACROSS = [0.0084, 0.0096, 0.0264, 0.0515, 0.0757, 0.0864, 0.0867, 0.0834, 0.0832]
MEAN_ALONG = [0.0482, 0.0522, 0.0587, 0.0636, 0.0658, 0.0636, 0.0587, 0.0522, 0.0482]


def test_the_cell_is_the_published_one():
    heights = cell()
    np.testing.assert_allclose(heights.mean(axis=0)[:9], MEAN_ACROSS, atol=0.003)
    np.testing.assert_allclose(heights.mean(axis=1), MEAN_ALONG, atol=0.003)
    assert row_of_cell().mean() == pytest.approx(0.506, abs=0.001)
    assert heights[row_of_cell()].min() > 0.9 * np.median(heights)


def test_a_cell_as_a_tip_shows_it_uses_all_grey_values():
    cells = [modulated_cell(rng) for rng in np.random.default_rng(0).spawn(30)]
    assert all(one.min() == 0 and one.max() == 255 for one in cells)
    assert np.ptp([one.mean() for one in cells]) > 20


@pytest.mark.parametrize(
    ("kind", "smallest", "mean", "largest"), [(SINGLE, 106, 145, 192), (TWO, 104, 134, 184), (DOUBLE, 244, 323, 392)]
)
def test_defects_have_the_published_sizes(kind, smallest, mean, largest):
    rng = np.random.default_rng(1)
    masks = [mask_of(draw_signature(kind, rng), kind) for _ in range(200)]
    areas = [int(mask.sum()) for mask in masks]
    assert all(mask.shape == (LENGTHS[kind], 18) for mask in masks)
    assert smallest - 4 <= min(areas) and max(areas) <= largest + 4 and np.mean(areas) == pytest.approx(mean, rel=0.05)


def test_defects_are_dark_where_dimers_are_missing():
    rng = np.random.default_rng(2)
    assert (draw_signature(SINGLE, rng)[13, 8:10] < 0).all()  # black
    assert (draw_signature(DOUBLE, rng)[16:21, 8:11] < 0.5).all()
    sided = draw_signature(TWO, rng)
    assert sided[18, 13] < 0.6 and sided[18, 5] >= 0.99


@pytest.mark.parametrize("kind", DEFECTS)
def test_unbroken_masks_are_the_largest_of_the_pieces(kind):
    from skimage.measure import label

    factors = draw_signature(kind, np.random.default_rng(3))
    pieces, unbroken = mask_of(factors, kind), mask_of(factors, kind, "unbroken")
    assert label(unbroken, connectivity=1).max() == 1 and (pieces | ~unbroken).all()
    assert unbroken.sum() > 0.5 * pieces.sum() and mask_of(factors, kind, "box").all()
