"""Grains that touch are parted in three dimensions, and always alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.particles import score_particles
from autoseg.microct.grains.parting import PartingOptions, choose_thickness, part
from autoseg.microct.grains.relief import write_relief
from autoseg.microct.grains.scratch import Scratch
from autoseg.simulation.grains.packing import PackingOptions, pack
from tests.microct.grains.scenes import balls


def labels_of(mask, edges=(1, 1, 1), **options):
    with part(iter(mask), mask.shape, PartingOptions(**options), edges) as grains:
        return grains.slab(0, mask.shape[0])


def in_slabs_of(mask, thickness, monkeypatch, **options):
    monkeypatch.setattr("autoseg.microct.grains.parting.choose_thickness", lambda *_: thickness)
    return labels_of(mask, **options)


@pytest.mark.parametrize("edges", [(1, 1, 1), (2.5, 1, 1), (1, 2, 1)])
def test_distances_are_exact(tmp_path, edges):
    mask = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((13, 17, 19)), 1.5) > -0.02
    room, relief = (Scratch(tmp_path / name, mask.shape, "float32") for name in "ab")
    write_relief(iter(mask), room, relief, edges)
    expected = ndimage.distance_transform_edt(mask, sampling=edges)
    np.testing.assert_allclose(relief.read(0, 13), expected, rtol=1e-5)


def test_touching_balls_are_parted():
    truth = balls((40, 40, 70), [(20, 20, 20, 12), (20, 20, 41, 12)])
    assert len(np.unique(truth)) == 3
    found = labels_of(truth > 0)
    assert found.max() == 2 and (found > 0).sum() == (truth > 0).sum()
    for number in (1, 2):
        assert (found[truth == number] == number).mean() > 0.97


def test_a_neck_alone_parts():
    rod = np.zeros((21, 21, 80), bool)
    rod[5:16, 5:16, 5:75] = True
    assert labels_of(rod).max() == 1
    rod[:, :, 38:42] = False
    rod[9:12, 9:12, 38:42] = True
    assert labels_of(rod).max() == 2
    assert labels_of(rod, neck=0).max() == 1


def test_grains_have_one_number_through_all_slices():
    mask = np.zeros((30, 12, 12), bool)
    mask[2:28, 3:9, 3:9] = True
    assert np.unique(labels_of(mask)).tolist() == [0, 1]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), thickness=st.integers(1, 9))
def test_labels_do_not_depend_on_slabs(seed, thickness):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((14, 22, 20)), 1.6)
    with pytest.MonkeyPatch.context() as patch:
        whole = in_slabs_of(field > 0, 14, patch, minimum_size=4)
        np.testing.assert_array_equal(in_slabs_of(field > 0, thickness, patch, minimum_size=4), whole)
    assert whole.max() > 3


def test_grains_do_not_depend_on_where_the_volume_begins():
    """Numbers do: but a mirrored volume has as many grains, of the same sizes."""
    mask = balls((40, 40, 90), [(20, 20, 20, 12), (20, 22, 41, 11), (19, 18, 63, 13)]) > 0
    sizes, mirrored = (np.sort(np.bincount(labels_of(one).ravel())[1:]) for one in (mask, mask[::-1, :, ::-1]))
    np.testing.assert_allclose(sizes, mirrored, rtol=0.03)


def test_specks_are_counted_and_left_out():
    mask = np.zeros((8, 20, 20), bool)
    mask[1:7, 2:10, 2:10] = mask[4, 15, 15] = True
    with part(iter(mask), mask.shape) as grains:
        assert (grains.count, grains.specks.tolist()) == (1, [1])
        assert grains.slab(4, 5)[0, 15, 15] == 0


def test_nothing_is_no_grain():
    assert labels_of(np.zeros((3, 5, 4), bool)).max() == 0
    assert np.unique(labels_of(np.ones((3, 5, 4), bool))).tolist() == [1]


def test_slabs_keep_to_the_memory():
    assert choose_thickness((1024, 1024, 1024), 4.0) * 1024**2 * 96 < 4 * 2**30
    assert choose_thickness((5, 4, 4), 4.0) == 5


def test_grains_of_a_true_foreground_are_found():
    options = PackingOptions(radius=6, spread=0.3, radii=(3, 15), fraction=0.25, touching=0.6)
    truth = pack((48, 72, 72), np.random.default_rng(3), options).labels()
    touching = ndimage.label(truth > 0, np.ones((3, 3, 3)))[1]
    assert touching < 0.6 * len(np.unique(truth))  # else there was nothing to part
    found = labels_of(truth > 0)
    scores = score_particles(find_overlaps(found.reshape(-1, 72), truth.reshape(-1, 72), minimum_size=30))
    assert scores.f1 >= 0.95 and abs(scores.predicted / scores.true - 1) <= 0.05
