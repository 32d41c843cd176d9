from pathlib import Path

import numpy as np
import pytest

from autoseg.errors import ImageError, OptionsError
from autoseg.heads import IGNORED, ClassLabel
from autoseg.images.class_map import ClassMap, class_number
from autoseg.images.micrograph import Micrograph

LEGEND = (ClassLabel(name="ground"), ClassLabel(name="grain", colour="#ff0000"), ClassLabel(name="pore"))
CLASSES = np.array([[1, 1, 0, 2], [0, 0, 1, 2], [1, 0, 0, IGNORED]], np.uint8)
MICROGRAPH = Micrograph(np.arange(20, dtype=np.uint8).reshape(5, 4), 2.5, info_bar=3, path=Path("a.tif"))
PROBABILITY = np.random.default_rng(0).dirichlet((1, 1, 1), (3, 4)).astype(np.float32)


def test_tells_what_is_asked_of_it():
    found = ClassMap(CLASSES, PROBABILITY, LEGEND, MICROGRAPH)
    assert found.pixels.tolist() == [5, 4, 2]  # and one that is not known
    assert found.names == ("ground", "grain", "pore")
    assert found.colours == ((0, 0, 0), (255, 0, 0), (230, 159, 0))
    np.testing.assert_array_equal(found.image, MICROGRAPH.pixels[:3])
    assert "classes" not in repr(found) and found.also == {}


def test_objects_of_a_class_are_its_connected_regions_in_reading_order():
    grains = ClassMap(CLASSES, PROBABILITY, LEGEND, MICROGRAPH).objects("grain")
    np.testing.assert_array_equal(grains.labels, [[1, 1, 0, 0], [0, 0, 1, 0], [2, 0, 0, 0]])  # a corner connects
    np.testing.assert_array_equal(grains.foreground, PROBABILITY[..., 1])
    assert grains.micrograph is MICROGRAPH and grains.areas.tolist() == [3, 1]


def test_objects_there_are_none_of():
    empty = ClassMap(np.zeros((3, 4), np.uint8), None, LEGEND, MICROGRAPH).objects("pore")
    assert empty.count == 0 and empty.probability is None
    with pytest.raises(OptionsError, match=r'there is no class "pores"\. There are ground, grain, pore'):
        ClassMap(CLASSES, None, LEGEND, MICROGRAPH).objects("pores")


def test_what_is_unknown_belongs_to_no_class():
    unknown = ClassMap(np.full((3, 4), IGNORED, np.uint8), None, LEGEND, MICROGRAPH)
    assert unknown.pixels.tolist() == [0, 0, 0]
    assert not any(unknown.objects(name).count for name in unknown.names)


@pytest.mark.parametrize("classes", [CLASSES[:2], CLASSES.astype(int), CLASSES[..., None], np.zeros((5, 4), np.uint8)])
def test_classes_of_another_shape_or_type_are_refused(classes):
    with pytest.raises(ImageError, match=r"a\.tif: has a field of view of \(3, 4\) pixels, but its class map is"):
        ClassMap(classes, None, LEGEND, MICROGRAPH)


def test_classes_without_a_name_are_refused():
    with pytest.raises(ImageError, match=r"a\.tif: has pixels of class 2, but the legend names only 2 classes"):
        ClassMap(CLASSES, None, LEGEND[:2], MICROGRAPH)


@pytest.mark.parametrize("probability", [PROBABILITY[..., :2], PROBABILITY[..., 0], PROBABILITY.astype(float)])
def test_a_probability_that_does_not_fit_is_refused(probability):
    with pytest.raises(ImageError, match=r"a\.tif: has 3 classes in \(3, 4\) pixels, but its probability is float"):
        ClassMap(CLASSES, probability, LEGEND, MICROGRAPH)


@pytest.mark.parametrize(("name", "number"), [("ground", 0), ("pore", 2)])
def test_a_class_is_found_by_its_name(name, number):
    assert class_number(name, [one.name for one in LEGEND]) == number
