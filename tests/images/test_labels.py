import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import autoseg
from autoseg.errors import AutosegError, ImageError
from autoseg.images import labels as module
from autoseg.images.labels import as_labels, read_labels, write_labels, write_probability

LABELS = np.array([[0, 0, 1], [2, 2, 1]])


@pytest.mark.parametrize(("largest", "dtype"), [(0, "uint16"), (65535, "uint16"), (65536, "uint32"), (2**24, "uint32")])
@pytest.mark.parametrize("given_type", [np.int64, np.uint32])
def test_labels_come_back_exactly(tmp_path, largest, dtype, given_type):
    labels = (LABELS * largest).clip(0, largest).astype(given_type)
    write_labels(tmp_path / "a_labels.tif", labels, 2.5)
    back = read_labels(tmp_path / "a_labels.tif")
    assert back.dtype == dtype
    assert np.array_equal(back, labels)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(pixel_size=st.floats(1e-3, 1e6))
def test_the_pixel_size_comes_back(tmp_path_factory, pixel_size):
    folder = tmp_path_factory.mktemp("sizes")
    write_labels(folder / "labels.tif", LABELS * 60000, pixel_size)
    write_probability(folder / "probability.tif", LABELS / 2, pixel_size)
    for name in ("labels.tif", "probability.tif"):
        micrograph = autoseg.read(folder / name)
        assert micrograph.pixel_size == pytest.approx(pixel_size, rel=1e-6)
        assert micrograph.pixel_size_source == "ImageJ metadata: nm per pixel"
        assert micrograph.notes == ()


def test_without_a_pixel_size_none_is_claimed(tmp_path):
    write_labels(tmp_path / "a.tif", LABELS)
    micrograph = autoseg.read(tmp_path / "a.tif")
    assert (micrograph.pixel_size, micrograph.notes) == (None, ())


@pytest.mark.parametrize("largest", [3, 70000])
def test_what_imagej_asks_for(tmp_path, largest):
    write_labels(tmp_path / "a.tif", np.full((5, 4), largest), 0.25)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages.first
        assert file.is_imagej
        assert (file.imagej_metadata["unit"], file.imagej_metadata["max"]) == ("nm", largest)
        assert page.tags["XResolution"].value == page.tags["YResolution"].value == (4, 1)
        assert page.compression.name == "ADOBE_DEFLATE"
        assert np.array_equal(file.asarray(), np.full((5, 4), largest))


def test_a_probability_comes_back_exactly(tmp_path):
    probability = np.random.default_rng(0).random((7, 9)).astype(np.float32)
    write_probability(tmp_path / "a.tif", probability)
    back = autoseg.read(tmp_path / "a.tif").pixels
    assert back.dtype == np.float32
    assert np.array_equal(back, probability)


def test_labels_saved_by_others_as_whole_floats_are_read(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", (LABELS * 70000).astype(np.float32))
    assert np.array_equal(read_labels(tmp_path / "a.tif"), LABELS * 70000)


def test_what_are_no_labels_is_refused_by_name(tmp_path):
    tifffile.imwrite(tmp_path / "half.tif", LABELS / 4)
    tifffile.imwrite(tmp_path / "negative.tif", -LABELS.astype(np.int16))
    Image.fromarray(np.array([[(255, 0, 0), (0, 255, 0)]], np.uint8)).save(tmp_path / "colours.png")
    for name in ("half.tif", "negative.tif", "colours.png"):
        with pytest.raises(ImageError, match=name):
            read_labels(tmp_path / name)


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros((2, 2)),
        np.zeros((2, 2), bool),
        np.zeros((2, 2, 2), int),
        np.zeros((0, 2), int),
        np.array([[2**24 + 1]]),
    ],
)
def test_arrays_that_are_no_labels_are_refused(labels):
    with pytest.raises(AutosegError, match="labels"):
        as_labels(labels)


@pytest.mark.parametrize("pixel_size", [0, -1, np.nan, np.inf])
def test_an_impossible_pixel_size_is_refused(tmp_path, pixel_size):
    with pytest.raises(AutosegError, match="nm wide"):
        write_labels(tmp_path / "a.tif", LABELS, pixel_size)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("probability", [np.full((2, 2), np.nan), np.zeros(3), np.zeros((0, 3))])
def test_an_impossible_probability_is_refused(tmp_path, probability):
    with pytest.raises(AutosegError, match="finite numbers"):
        write_probability(tmp_path / "a.tif", probability)


def test_a_failing_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(path, *arguments, **options):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(module, "imwrite", fail)
    with pytest.raises(OSError, match="disk full"):
        write_labels(tmp_path / "a.tif", LABELS)
    assert list(tmp_path.iterdir()) == []
