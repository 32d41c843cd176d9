import zipfile

import numpy as np
import pytest
import roifile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autoseg.errors import AutosegError, ImageError
from autoseg.images.rois import read_rois, write_rois
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
    if labels.any():
        numbers = np.unique(labels[labels > 0]).searchsorted(labels) + 1  # the first is 1, whatever its name
        assert np.array_equal(read_rois(path, labels.shape), np.where(labels > 0, numbers, 0))


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


def saved(path, *rois):
    with zipfile.ZipFile(path, "w") as archive:
        for number, roi in enumerate(rois):
            archive.writestr(f"{number}.roi", roi.tobytes())
    return path


def box(left, top, right, bottom, roitype=roifile.ROI_TYPE.RECT):
    return roifile.ImagejRoi(name="box", roitype=roitype, left=left, top=top, right=right, bottom=bottom)


def test_what_users_draw_is_read(tmp_path):
    circle = box(10, 0, 20, 10, roifile.ROI_TYPE.OVAL)
    hand = roifile.ImagejRoi.frompoints(np.array([[0.2, 12.0], [6.0, 12.2], [6.0, 17.9]]))
    labels = read_rois(saved(tmp_path / "a.zip", box(2, 1, 5, 3), circle, hand), (20, 30))
    assert labels[1:3, 2:5].tolist() == [[1] * 3] * 2 and (labels == 1).sum() == 6
    assert (labels == 2).sum() == pytest.approx(np.pi * 25, abs=3) and labels[5, 15] == 2
    assert (labels == 3).sum() == pytest.approx(5.8 * 5.8 / 2, abs=3)


def test_of_two_that_overlap_the_first_keeps_its_pixels(tmp_path):
    labels = read_rois(saved(tmp_path / "a.zip", box(0, 0, 4, 4), box(2, 0, 6, 4)), (4, 8))
    assert labels[0].tolist() == [1, 1, 1, 1, 2, 2, 0, 0]


def test_what_cannot_be_labels_is_refused(tmp_path):
    line = roifile.ImagejRoi(name="my line", roitype=roifile.ROI_TYPE.LINE, x2=5, y2=5)
    (tmp_path / "no.zip").write_text("no")
    saved(tmp_path / "empty.zip"), saved(tmp_path / "line.zip", line), saved(tmp_path / "far.zip", box(50, 0, 60, 9))
    with zipfile.ZipFile(tmp_path / "cut.zip", "w") as archive:
        archive.writestr("0.roi", box(0, 0, 4, 4).tobytes()[:20])
    for name, problem in (("no", "cannot be read"), ("empty", "no ROIs"), ("line", 'my line", a line'),
                          ("far", "no pixel"), ("cut", "cannot be read")):  # fmt: skip
        with pytest.raises(ImageError, match=problem) as error:
            read_rois(tmp_path / f"{name}.zip", (20, 20))
        assert error.value.file == tmp_path / f"{name}.zip"
