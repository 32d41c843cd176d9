"""What is measured of grains is what is known of balls and boxes, in slabs of any thickness."""

import numpy as np
import pandas as pd
import pytest

from autoseg.microct.grains.measures import GrainMeasures
from tests.microct.grains.scenes import balls


def table_of(labels, voxel_size=None, thickness=7):
    measures = GrainMeasures(int(labels.max()), labels.shape)
    for first in range(0, len(labels), thickness):
        last = min(first + thickness, len(labels))
        measures.add(first, last, labels[first : last + 1])
    return measures.table(voxel_size)


def test_a_ball_is_a_ball():
    row = table_of(balls((41, 41, 41), [(20, 20, 20, 15)])).loc[0]
    assert row.equivalent_diameter_px == pytest.approx(30, rel=0.01)
    assert row.surface_px2 == pytest.approx(4 * np.pi * 15**2, rel=0.02)
    assert row.sphericity == pytest.approx(1, abs=0.02)
    assert (row.centre_slice, row.first_column, row.last_column) == (20, 6, 34)
    assert not row.touches_edge


def test_a_cube_is_less_of_a_ball():
    points = np.stack(np.meshgrid(*[np.arange(-30, 31.0)] * 3, indexing="ij"), axis=-1)
    turned = points @ np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    labels = (np.abs(turned).max(axis=-1) < 15).astype(int)
    assert table_of(labels).sphericity[0] == pytest.approx((np.pi / 6) ** (1 / 3), abs=0.03)


def test_voxels_need_not_be_cubes():
    """A ball in voxels twice as high as wide, in nm."""
    z, y, x = np.indices((25, 41, 41))
    labels = ((2.0 * (z - 12)) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 < 15**2).astype(int)
    row = table_of(labels, voxel_size=(10.0, 10.0, 20.0)).loc[0]
    assert row.equivalent_diameter_nm == pytest.approx(300, rel=0.01)
    assert row.sphericity == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("thickness", [1, 3, 20])
def test_slabs_do_not_matter(thickness):
    labels = balls((20, 30, 40), [(8, 9, 12, 8), (10, 20, 30, 9), (4, 24, 4, 7)])
    pd.testing.assert_frame_equal(table_of(labels, thickness=thickness), table_of(labels, thickness=20))


def test_grains_at_the_border_are_known():
    labels = balls((30, 30, 60), [(15, 15, 3, 6), (15, 15, 40, 6)])
    table = table_of(labels)
    assert table.touches_edge.tolist() == [True, False]
    assert table.edge_weight[0] == 0 and table.edge_weight[1] > 1
    whole = np.zeros((5, 6, 7), int) + 1
    row = table_of(whole).loc[0]
    assert row.touches_edge and row.surface_px2 == pytest.approx(2 * (30 + 35 + 42), rel=0.2)


def test_no_grain_is_no_row():
    assert table_of(np.zeros((3, 4, 5), int)).empty
