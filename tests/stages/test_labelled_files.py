"""Which truth belongs to which micrograph, and what is said where that is not clear."""

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

from autoseg.errors import ImageError
from autoseg.images.annotations import write_coco, write_geojson
from autoseg.images.labels import write_labels
from autoseg.images.micrograph import ReadOptions
from autoseg.images.rois import write_rois
from autoseg.stages.labelled_files import find_labelled

LABELS = np.zeros((40, 60), np.uint16)
LABELS[5:15, 5:15], LABELS[20:30, 30:50] = 1, 2


def write_mask(path, labels):
    tifffile.imwrite(path, np.uint8(255) * (labels > 0))


WRITERS = {
    ".zip": write_rois,
    ".geojson": write_geojson,
    ".json": lambda path, labels: write_coco(path, {"a.tif": labels, "b.tif": labels}),
    "_seg.npy": lambda path, labels: np.save(path, {"masks": labels, "flows": [labels]}),
    "_cp_masks.png": imageio.imwrite,
    "_mask.tif": write_mask,
    "_masks.tif": write_mask,
    "_ignored.png": write_mask,
    "_ignored.tif": write_mask,
    "_labels.tif": write_labels,
    "": lambda path, labels: tifffile.imwrite(path, (20 + 100 * (labels > 0)).astype(np.uint8)),
}


def write(folder, *names):
    """Files that tell the same of the same picture, each in the way that its name says."""
    folder.mkdir(exist_ok=True)
    for name in names:
        next(writer for ending, writer in WRITERS.items() if name.endswith(ending))(folder / name, LABELS)
    return folder


OTHERS = ["a_cp_masks.png", "a_seg.npy", "a.geojson", "a_labels.geojson"]


@pytest.mark.parametrize("truth", ["a_labels.tif", "a_mask.tif", "a_masks.tif", "a_rois.zip", "a.zip", *OTHERS])
def test_labels_masks_and_outlines_tell_the_same(tmp_path, truth):
    (one,) = find_labelled(write(tmp_path, "a.tif", truth))
    assert (one.micrograph.name, one.truth.name, one.ignored) == ("a.tif", truth, None)
    found, ignored = one.read(ReadOptions(), "auto")
    np.testing.assert_array_equal(found.labels, LABELS)
    assert found.image.max() == 120 and not ignored.any()


def test_coco_tells_of_several_micrographs_and_other_json_is_passed_over(tmp_path):
    write(tmp_path, "a.tif", "b.tif", "any.json")
    (tmp_path / "run.json").write_text('{"versions": {}}')
    found = find_labelled(tmp_path)
    assert [(one.micrograph.name, one.truth.name) for one in found] == [("a.tif", "any.json"), ("b.tif", "any.json")]
    np.testing.assert_array_equal(found[1].read(ReadOptions(), "auto")[0].labels, LABELS)
    write(tmp_path, "a_labels.tif")
    with pytest.raises(ImageError, match=r"any.json: is a truth of the same name as a_labels.tif"):
        find_labelled(tmp_path)


def test_labels_may_lie_in_a_folder_of_their_own_under_the_same_names(tmp_path):
    write(tmp_path, "b.tif", "a.tif")
    labels = write(tmp_path / "labels", "b.zip", "a_labels.tif")
    assert [one.truth.name for one in find_labelled(tmp_path, labels)] == ["a_labels.tif", "b.zip"]
    write_labels(labels / "c.tif", LABELS)
    with pytest.raises(ImageError, match=r"no image to which .*c.tif would belong"):
        find_labelled(tmp_path, labels)
    (only,) = find_labelled(write(tmp_path / "x", "a.tif"), write(tmp_path / "y", "a.zip"))
    assert only.truth.name == "a.zip"


def test_what_is_ignored_is_told_by_an_image(tmp_path):
    (one,) = find_labelled(write(tmp_path, "a.tif", "a_labels.tif", "a_ignored.png"))
    np.testing.assert_array_equal(one.read(ReadOptions(), "auto")[1], LABELS > 0)
    tifffile.imwrite(tmp_path / "a_ignored.tif", np.ones((3, 4), np.uint8))
    (tmp_path / "a_ignored.png").unlink()
    (one,) = find_labelled(tmp_path)
    with pytest.raises(ImageError, match=r"a_ignored.tif: has 4 x 3 pixels"):
        one.read(ReadOptions(), "auto")


def test_nothing_is_passed_over_without_being_told_to(tmp_path):
    write(tmp_path, "a.tif", "a_labels.tif", "b.tif", "c.tif")
    with pytest.raises(ImageError, match=r"no labels of .*b.tif, .*c.tif") as error:
        find_labelled(tmp_path)
    assert "only_labelled" in error.value.advice
    assert [one.micrograph.name for one in find_labelled(tmp_path, only_labelled=True)] == ["a.tif"]


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["a.tif"], "holds no labels of .*a.tif"),
        (["a.tif", "a_labels.tif", "b_labels.tif"], "no image to which .*b_labels.tif would belong"),
        (["a.tif", "a_labels.tif", "b_ignored.tif"], "no image to which .*b_ignored.tif would belong"),
        (["a.tif", "a_labels.tif", "a_mask.tif"], "a_mask.tif: is a truth of the same name as a_labels.tif"),
        (["a.tif", "a.png", "a_labels.tif"], "a.tif: is a micrograph of the same name as a.png"),
    ],
)
def test_what_is_not_clear_is_refused(tmp_path, names, problem):
    with pytest.raises(ImageError, match=problem):
        find_labelled(write(tmp_path, *names))


def test_labels_of_another_size_are_refused(tmp_path):
    write(tmp_path, "a.tif")
    write_labels(tmp_path / "a_labels.tif", LABELS[:, :50])
    (one,) = find_labelled(tmp_path)
    with pytest.raises(ImageError, match=r"a_labels.tif: has 50 x 40 pixels, but .*a.tif has 60 x 40"):
        one.read(ReadOptions(), "auto")
