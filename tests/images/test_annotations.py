import json

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autoseg.errors import AutosegError
from autoseg.images.annotations import write_coco, write_geojson
from autoseg.images.polygons import signed_area
from tests.images.imagej import fill

label_images = arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 3))
RING = np.array([[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 0, 1], [0, 1, 1, 1], [2, 0, 0, 0]])


def coco(path, labels_by_image):
    write_coco(path, labels_by_image)
    return json.loads(path.read_text(encoding="utf-8"))


def geojson(path, labels, table=None):
    write_geojson(path, np.asarray(labels), table)
    return json.loads(path.read_text(encoding="utf-8"))["features"]


def decoded(segmentation, shape):
    """The pixels of a COCO segmentation; run lengths go down the columns, beginning outside."""
    if isinstance(segmentation, list):
        return fill([np.reshape(ring, (-1, 2)) for ring in segmentation], shape)
    assert segmentation["size"] == list(shape)
    counts = segmentation["counts"]
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(shape, order="F")


def test_coco_of_a_ring_and_a_pixel(tmp_path):
    content = coco(tmp_path / "a.json", {"a.tif": RING})
    ring, pixel = content["annotations"]
    assert content["images"] == [{"id": 1, "file_name": "a.tif", "height": 5, "width": 4}]
    assert (ring["area"], ring["bbox"], ring["iscrowd"], ring["label"]) == (8, [1, 1, 3, 3], 0, 1)
    assert ring["segmentation"] == {"counts": [6, 3, 2, 1, 1, 1, 2, 3, 1], "size": [5, 4]}
    assert (pixel["area"], pixel["bbox"], pixel["segmentation"]) == (1, [0, 4, 1, 1], [[0, 4, 1, 4, 1, 5, 0, 5]])


def test_coco_of_several_images(tmp_path):
    content = coco(tmp_path / "a.json", {"größe.tif": RING, "empty.tif": RING * 0, "c.tif": RING[:4]})
    assert [image["file_name"] for image in content["images"]] == ["größe.tif", "empty.tif", "c.tif"]
    found = [(annotation["id"], annotation["image_id"], annotation["label"]) for annotation in content["annotations"]]
    assert found == [(1, 1, 1), (2, 1, 2), (3, 3, 1)]
    assert {annotation["category_id"] for annotation in content["annotations"]} == {1}
    assert content["categories"] == [{"id": 1, "name": "particle", "supercategory": ""}]


def test_coco_of_nothing(tmp_path):
    assert coco(tmp_path / "a.json", {})["images"] == []
    assert coco(tmp_path / "a.json", {"a.tif": RING * 0})["annotations"] == []


@settings(max_examples=100, deadline=None, derandomize=True)
@given(labels=label_images)
def test_coco_holds_exactly_the_labels(tmp_path_factory, labels):
    content = coco(tmp_path_factory.mktemp("coco") / "a.json", {"a.tif": labels})
    back = np.zeros_like(labels)
    for annotation in content["annotations"]:
        pixels = decoded(annotation["segmentation"], labels.shape)
        left, top, width, height = annotation["bbox"]
        rows, columns = np.nonzero(pixels)
        assert (left, top, width, height) == (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        assert annotation["area"] == pixels.sum()
        back[pixels] = annotation["label"]
    assert np.array_equal(back, labels)


def test_the_program_of_coco_reads_the_same(tmp_path):
    COCO = pytest.importorskip("pycocotools.coco").COCO
    labels = np.random.default_rng(0).integers(0, 4, (11, 14))
    write_coco(tmp_path / "a.json", {"a.tif": labels, "b.tif": RING})
    content = COCO(str(tmp_path / "a.json"))
    for image, truth in ((1, labels), (2, RING)):
        for annotation in content.loadAnns(content.getAnnIds(imgIds=image)):
            assert np.array_equal(content.annToMask(annotation), truth == annotation["label"])


def test_geojson_of_a_ring(tmp_path):
    ring, pixel = geojson(tmp_path / "a.geojson", RING)
    assert (ring["type"], ring["id"], ring["properties"]) == ("Feature", 1, {"label": 1})
    assert ring["geometry"]["type"] == "Polygon"
    assert [len(points) for points in ring["geometry"]["coordinates"]] == [5, 5]
    assert pixel["geometry"]["coordinates"] == [[[0, 4], [1, 4], [1, 5], [0, 5], [0, 4]]]


def test_geojson_says_where_it_counts_from(tmp_path):
    write_geojson(tmp_path / "a.geojson", RING)
    content = json.loads((tmp_path / "a.geojson").read_text())
    assert content["type"] == "FeatureCollection"
    assert content["coordinates_in"] == "pixels from the upper left corner of the image, x to the right, y down"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(labels=label_images)
def test_geojson_holds_exactly_the_labels_in_valid_rings(tmp_path_factory, labels):
    back = np.zeros_like(labels)
    for feature in geojson(tmp_path_factory.mktemp("geojson") / "a.geojson", labels):
        geometry = feature["geometry"]
        several = geometry["type"] == "MultiPolygon"
        for outer, *holes in geometry["coordinates"] if several else [geometry["coordinates"]]:
            rings = [np.array(ring) for ring in (outer, *holes)]
            assert all(len(ring) >= 4 and (ring[0] == ring[-1]).all() for ring in rings)
            assert [np.sign(signed_area(ring)) for ring in rings] == [1] + [-1] * len(holes)
            back[fill([ring[:-1] for ring in rings], labels.shape)] = feature["properties"]["label"]
    assert np.array_equal(back, labels)


def test_measured_properties_come_along(tmp_path):
    table = pandas.DataFrame(
        {
            "image": ["größe.tif"] * 2,
            "label": [2, 1],
            "area_px": np.array([1, 8], np.uint16),
            "mean": np.array([0.5, np.nan], np.float32),
            "touches_edge": [True, False],
            "class": [None, "round"],
            "holes": pandas.array([0, None], "Int64"),
            "ratio": [1.5, np.inf],
        }
    )
    ring, pixel = geojson(tmp_path / "a.geojson", RING, table)
    names = ["image", "label", "area_px", "mean", "touches_edge", "class", "holes", "ratio"]
    assert list(ring["properties"]) == sorted(names, key=lambda name: name != "label")
    assert [ring["properties"][name] for name in names] == ["größe.tif", 1, 8, None, False, "round", None, None]
    assert [pixel["properties"][name] for name in names] == ["größe.tif", 2, 1, 0.5, True, None, 0, 1.5]


@pytest.mark.parametrize("columns", [{"area": [1, 2]}, {"label": [1, 1]}, {"label": [1]}, {"label": [1, 2, 3]}])
def test_a_table_that_does_not_fit_is_refused(tmp_path, columns):
    with pytest.raises(AutosegError, match=r"a\.geojson: the table .*label"):
        write_geojson(tmp_path / "a.geojson", RING, pandas.DataFrame(columns))
    assert list(tmp_path.iterdir()) == []


def test_geojson_of_no_particle(tmp_path):
    assert geojson(tmp_path / "a.geojson", RING * 0) == []
    assert geojson(tmp_path / "a.geojson", RING * 0, pandas.DataFrame({"label": []})) == []
