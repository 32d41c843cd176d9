"""Outlines of other programs: what autoseg writes is read again to the pixel, and what is no particle is refused."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from autoseg.errors import ImageError
from autoseg.images.annotations import write_coco, write_geojson
from autoseg.images.outlines import coco_images, is_coco, read_outlines

LABELS = np.zeros((9, 11), np.uint16)
LABELS[1:5, 1:6], LABELS[2:4, 2:4] = 1, 0  # a ring
LABELS[0, 8], LABELS[2, 9] = 2, 2  # two pieces
LABELS[6:9, 0:11] = 3
LABELS[2:4, 2] = 4  # inside the ring


@pytest.mark.parametrize("ending", [".geojson", ".json"])
def test_what_is_written_is_read_to_the_pixel(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    write_geojson(path, LABELS) if ending == ".geojson" else write_coco(path, {"a.tif": LABELS})
    np.testing.assert_array_equal(read_outlines(path, LABELS.shape), LABELS)


def test_coco_tells_of_each_image_its_own(tmp_path):
    write_coco(tmp_path / "a.json", {"x/größe 1.tif": LABELS, "b.png": LABELS.T})
    assert coco_images(tmp_path / "a.json") == ["größe 1", "b"] and is_coco(tmp_path / "a.json")
    np.testing.assert_array_equal(read_outlines(tmp_path / "a.json", name="b") > 0, LABELS.T > 0)
    with pytest.raises(ImageError, match=r'a.json: tells of 2 images, and 0 of them are called "c"'):
        read_outlines(tmp_path / "a.json", name="c")


def coco(path, **changes):
    annotation = {"image_id": 7, "segmentation": [[1, 1, 5, 1, 5, 4, 1, 4]]} | changes
    images = [{"id": 7, "file_name": "a.tif", "height": 9, "width": 11}]
    path.write_text(json.dumps({"images": images, "annotations": [annotation]}))
    return path


def test_compressed_runs_are_those_of_pycocotools(tmp_path):
    inside = np.random.default_rng(0).random((300, 200)) < 0.5
    inside[:, 50:150] = True  # runs that are longer and shorter by turns
    runs = coco_mask.encode(np.asfortranarray(inside.astype(np.uint8)))
    path = coco(tmp_path / "a.json", segmentation=runs | {"counts": runs["counts"].decode()})
    content = json.loads(path.read_text())
    content["images"][0] |= {"height": 300, "width": 200}
    path.write_text(json.dumps(content))
    np.testing.assert_array_equal(read_outlines(path) > 0, inside)


def geojson(path, geometry):
    path.write_text(json.dumps([{"type": "Feature", "geometry": geometry}]))  # as QuPath writes it
    return path


def test_a_pixel_belongs_to_what_covers_its_centre(tmp_path):
    ring = [[0.4, 0.6], [3.6, 0.6], [3.6, 2.4], [0.4, 2.4], [0.4, 0.6]]
    found = read_outlines(geojson(tmp_path / "a.geojson", {"type": "Polygon", "coordinates": [ring]}), (4, 5))
    assert found.tolist() == [[0] * 5, [1, 1, 1, 1, 0], [0] * 5, [0] * 5]


@pytest.mark.parametrize(
    ("geometry", "problem"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "outline 1, which cannot be read: a Point has no area"),
        ({"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}, "three finite corners"),
        ({"type": "Polygon", "coordinates": [[[1, None], [3, 4], [5, 6]]]}, "three finite corners"),
        ({"type": "Polygon", "coordinates": [[[50, 50], [60, 50], [60, 60]]]}, "of which no pixel lies in the image"),
        ({"type": "Polygon", "coordinates": 3}, "outline 1, which cannot be read"),
        (None, "outline 1, which cannot be read"),
    ],
)
def test_geojson_without_an_area_is_refused(tmp_path, geometry, problem):
    with pytest.raises(ImageError, match=rf"a.geojson: holds .*{problem}"):
        read_outlines(geojson(tmp_path / "a.geojson", geometry), (9, 11))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"iscrowd": 1}, "it is a crowd"),
        ({"segmentation": {"size": [9, 11], "counts": [3, 4]}}, "do not add up"),
        ({"segmentation": {"size": [9, 11], "counts": [-1, 100]}}, "do not add up"),
        ({"segmentation": {"size": [11, 9], "counts": [9, 90]}}, "its size is"),
        ({"segmentation": {"size": [9, 11], "counts": "µ"}}, "cannot be read"),
        ({"segmentation": [[1, 2, 3]]}, "cannot be read"),
        ({"segmentation": []}, "outline 1 of a.tif, of which no pixel lies in the image"),
        ({"image_id": 8}, "no image to which annotation 1 would belong"),
    ],
)
def test_coco_without_an_area_is_refused(tmp_path, changes, problem):
    with pytest.raises(ImageError, match=rf"a.json: .*{problem}"):
        read_outlines(coco(tmp_path / "a.json", **changes))


@pytest.mark.parametrize(
    ("height", "problem"), [(10**8, "has an image of 11 x 100000000 pixels"), ("9", 'whose "height"')]
)
def test_a_size_that_cannot_be_is_refused(tmp_path, height, problem):
    path = coco(tmp_path / "a.json")
    content = json.loads(path.read_text())
    content["images"][0]["height"] = height
    path.write_text(json.dumps(content))
    with pytest.raises(ImageError, match=rf"a.json: .*{problem}"):
        read_outlines(path)


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"images": [], "annotations": 3}', '{"images": [{}]}', "[" * 9999])
def test_other_json_is_no_coco(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)
    assert not is_coco(path)
    with pytest.raises(ImageError, match=r"a\.json: "):
        read_outlines(path)


def test_files_that_do_not_tell_the_size_of_their_image_say_so(tmp_path):
    write_geojson(tmp_path / "a.geojson", LABELS)
    with pytest.raises(ImageError, match=r"a.geojson: does not say how large its image is.*--images"):
        read_outlines(tmp_path / "a.geojson")
