"""Pictures that a page carries inside."""

import io

import numpy as np
import pytest
from PIL import Image

from autoseg.measurement.thumbnails import Thumbnails, draw_small_overlay
from tests.measurement.reports import FAST, segmentation


def test_many_pictures_stay_below_the_limit():
    rng, thumbnails = np.random.default_rng(0), Thumbnails(limit=200_000)
    picture = rng.integers(0, 255, (300, 400, 3), np.uint8)
    for _ in range(30):
        thumbnails.add(picture)
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
