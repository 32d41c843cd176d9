import numpy as np
import pytest

from autoseg.heads import Head, Output
from autoseg.images.micrograph import Micrograph
from autoseg.segmentation.classes import decode_classes

CLASSES = ["ground", "grain", "pore"]
HEAD = Head(kind="classes", classes=CLASSES)
MICROGRAPH = Micrograph(np.zeros((4, 5), np.uint8), info_bar=3)


def prediction(seed=0, **outputs):
    probability = np.random.default_rng(seed).dirichlet((1, 1, 1), (3, 5)).astype(np.float32)
    return {"classes": probability, **outputs}


def test_each_pixel_is_of_its_most_probable_class():
    predicted = prediction()
    found = decode_classes(predicted, HEAD, MICROGRAPH)
    chosen = np.take_along_axis(predicted["classes"], found.classes[..., None].astype(int), -1)[..., 0]
    np.testing.assert_array_equal(chosen, predicted["classes"].max(axis=-1))
    assert found.classes.dtype == np.uint8 and set(np.unique(found.classes)) == {0, 1, 2}
    assert found.probability is predicted["classes"] and found.micrograph is MICROGRAPH
    assert found.names == tuple(CLASSES) and found.legend == HEAD.classes and found.also == {}


@pytest.mark.parametrize(("tied", "expected"), [((0, 1, 2), 0), ((1, 2), 1), ((0, 2), 0)])
def test_of_equally_probable_classes_the_first_is_taken(tied, expected):
    probability = np.zeros((3, 5, 3), np.float32)
    probability[..., list(tied)] = 1 / len(tied)
    assert (decode_classes({"classes": probability}, HEAD, MICROGRAPH).classes == expected).all()


def test_further_outputs_are_kept_by_name():
    rows = np.full((3, 5, 1), -7, np.float32)
    head = Head(kind="classes", classes=CLASSES, also=[Output(name="rows", channels=("rows",), activation="linear")])
    found = decode_classes(prediction(rows=rows), head, MICROGRAPH)
    assert list(found.also) == ["rows"] and found.also["rows"] is rows


def test_the_last_of_very_many_classes_is_found():
    head = Head(kind="classes", classes=[f"class {number}" for number in range(255)])
    probability = np.zeros((3, 5, 255), np.float32)
    probability[..., 254] = 1
    assert (decode_classes({"classes": probability}, head, MICROGRAPH).classes == 254).all()
