import zipfile

import numpy as np
import pytest
import roifile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autoseg.errors import AutosegError
from autoseg.images.rois import write_rois
from tests.images.imagej import filled_rois

label_images = arrays(np.uint32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 3))
RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])


def written(path, labels, **options):
    write_rois(path, np.asarray(labels), **options)
    return roifile.roiread(path)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(labels=label_images)
def test_rois_give_exactly_the_labels_again(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("rois") / "a.zip"
    write_rois(path, labels)
    assert np.array_equal(filled_rois(path, labels.shape), labels)


@pytest.mark.parametrize("times", [1, 5])
def test_nothing_shrinks_however_often_it_is_saved(tmp_path, times):
    rows, columns = np.mgrid[:40, :50]
    labels = (np.hypot(rows - 20, columns - 22) < 15).astype(int)
    result = labels
    for _ in range(times):
        write_rois(tmp_path / "a.zip", result)
        result = filled_rois(tmp_path / "a.zip", labels.shape)
    assert np.array_equal(result, labels)


def test_a_whole_particle_is_a_traced_polygon_on_pixel_corners(tmp_path):
    (roi,) = written(tmp_path / "a.zip", [[0, 0, 0], [0, 1, 1]])
    assert roi.roitype == roifile.ROI_TYPE.TRACED
    assert roi.coordinates().tolist() == [[1, 1], [3, 1], [3, 2], [1, 2]]
    assert (roi.left, roi.top, roi.right, roi.bottom) == (1, 1, 3, 2)
    assert not roi.subpixelresolution


@pytest.mark.parametrize(("labels", "rings"), [(RING, 2), (np.eye(3, dtype=int), 3)])
def test_holes_and_pieces_are_composites(tmp_path, labels, rings):
    (roi,) = written(tmp_path / "a.zip", labels)
    assert roi.composite
    assert len(roi.coordinates(multi=True)) == rings


def test_names_and_positions(tmp_path):
    rois = written(tmp_path / "a.zip", [[2, 0, 12345]], position=3)
    assert [(roi.name, roi.position) for roi in rois] == [("00002", 3), ("12345", 3)]
    assert zipfile.ZipFile(tmp_path / "a.zip").namelist() == ["00002.roi", "12345.roi"]
    assert [(roi.name, roi.position) for roi in written(tmp_path / "b.zip", [[7]])] == [("0007", 0)]


def test_equal_labels_give_equal_files(tmp_path):
    write_rois(tmp_path / "a.zip", RING)
    write_rois(tmp_path / "b.zip", RING)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_far_corners(tmp_path):
    labels = np.zeros((2, 60535), np.uint8)
    labels[0, 40000:60530] = 1
    labels[1, -1] = 2
    write_rois(tmp_path / "a.zip", labels)
    assert np.array_equal(filled_rois(tmp_path / "a.zip", labels.shape), labels)


def test_images_too_large_for_rois_are_refused(tmp_path):
    with pytest.raises(AutosegError, match="60535"):
        write_rois(tmp_path / "a.zip", np.zeros((1, 60536), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_no_particle(tmp_path):
    assert written(tmp_path / "a.zip", np.zeros((3, 4), int)) == []
