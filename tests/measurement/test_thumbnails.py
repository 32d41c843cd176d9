"""Pictures that a page carries inside."""

import io

import numpy as np
import pytest
from PIL import Image

from autoseg.heads import ClassLabel
from autoseg.images.class_map import ClassMap
from autoseg.images.class_overlay import ClassOverlayOptions
from autoseg.images.micrograph import Micrograph
from autoseg.measurement.thumbnails import Thumbnails, draw_small_classes, draw_small_overlay, encoded
from tests.measurement.reports import FAST, segmentation


def test_many_pictures_stay_below_the_limit():
    rng, thumbnails = np.random.default_rng(0), Thumbnails(limit=200_000)
    picture = rng.integers(0, 255, (300, 400, 3), np.uint8)
    for _ in range(30):
        thumbnails.add(encoded(picture))
        assert sum(len(one or b"") for one in thumbnails.pictures) <= 200_000
    assert len(thumbnails.pictures) == 30
    kept = [one for one in thumbnails.pictures if one]
    assert 5 <= len(kept) < 30
    sizes = {Image.open(io.BytesIO(one)).size for one in kept}
    assert sizes == {(160, 120)}


def test_a_small_overlay_of_a_large_image_keeps_its_scale():
    large = segmentation(particles=3, shape=(700, 2200), pixel_size=3.0)
    picture = draw_small_overlay(large, FAST.overlay.changed(scale_bar=False))
    assert picture.shape == (350, 1100, 3)
    coloured = np.ptp(picture.astype(int), axis=2) > 20
    rows, columns = np.nonzero(coloured)
    assert rows.max() == pytest.approx(np.nonzero(large.labels)[0].max() / 2, abs=2)
    assert columns.max() == pytest.approx(np.nonzero(large.labels)[1].max() / 2, abs=2)


@pytest.mark.parametrize("pixel_size", [None, 3.0])
def test_a_small_picture_of_classes_keeps_their_places_and_has_no_false_scale(pixel_size):
    classes = np.zeros((700, 2200), np.uint8)
    classes[100:300, 400:1000] = 1
    legend = (ClassLabel(name="background"), ClassLabel(name="grain", colour="#ff0000"))
    large = ClassMap(classes, None, legend, Micrograph(np.full(classes.shape, 90, np.uint8), pixel_size))
    picture = draw_small_classes(large, ClassOverlayOptions(legend=False, opacity=1))
    assert picture.shape == (350, 1100, 3)
    rows, columns = np.nonzero((picture == [255, 0, 0]).all(axis=-1))
    assert [rows.min(), rows.max(), columns.min(), columns.max()] == [50, 149, 200, 499]
    assert (picture[300:] == 255).any() == (pixel_size is not None)  # the bar would count the small picture's pixels
