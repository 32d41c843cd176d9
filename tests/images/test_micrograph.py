import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import autoseg
from autoseg.errors import ImageError, OptionsError
from autoseg.images.micrograph import Micrograph, ReadOptions, read
from tests.images import vendor_files as vendor
from tests.images.vendor_files import saved

GREY = np.random.default_rng(1).integers(0, 256, (23, 17), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["tiff", "png", "bmp", "gif"])
def test_content_tells_the_format(tmp_path, kind):
    for name in ("a.txt", "b.jpg", "Grünfläche µ 粒子.dat", "no_suffix"):
        Image.fromarray(GREY).save(tmp_path / name, format=kind)
        micrograph = read(str(tmp_path / name))
        np.testing.assert_array_equal(micrograph.pixels, GREY)
        assert (micrograph.path, micrograph.name) == (tmp_path / name, name)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (70, 80)])
@pytest.mark.parametrize("suffix", ["tif", "png", "bmp", "gif"])
def test_tiny_and_constant_images(tmp_path, shape, suffix):
    pixels = np.full(shape, 77, np.uint8)
    path = tmp_path / f"a.{suffix}"
    tifffile.imwrite(path, pixels) if suffix == "tif" else Image.fromarray(pixels).save(path)
    micrograph = read(path)
    np.testing.assert_array_equal(micrograph.pixels, pixels)
    assert micrograph.info_bar is None


def test_the_file_is_not_changed(tmp_path):
    path = vendor.zeiss(tmp_path / "a.tif", GREY)
    before = path.read_bytes(), path.stat().st_mtime_ns
    read(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tif"]


def test_pixels_are_read_only(tmp_path):
    with pytest.raises(ValueError, match="read-only"):
        read(saved(tmp_path / "a.tif", GREY)).pixels[0, 0] = 1


def test_nothing_is_printed_and_notes_are_logged(tmp_path, capfd, caplog):
    path = saved(tmp_path / "a.tif", np.stack([GREY, GREY, GREY]), photometric="minisblack")
    with caplog.at_level(logging.INFO, logger="autoseg"):
        read(path)
    assert caplog.messages == [f"{path}: Page 1 of 3 was read; choose another with page=2."]
    assert capfd.readouterr() == ("", "")


def test_importing_is_light():
    heavy = "{'keras', 'tensorflow', 'torch', 'jax', 'matplotlib', 'pandas', 'cv2', 'imageio', 'defusedxml', 'PIL'}"
    code = f"import sys, autoseg.images.micrograph; print({heavy} & set(sys.modules))"
    root = Path(autoseg.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root).stdout == "set()\n"


def test_pixel_size_and_info_bar_come_from_the_metadata(tmp_path):
    image = {"ResolutionX": 17, "ResolutionY": 20}
    path = vendor.fei(tmp_path / "a.tif", GREY, Scan={"PixelWidth": "2e-9", "PixelHeight": "2e-9"}, Image=image)
    micrograph = read(path)
    assert (micrograph.pixel_size, micrograph.pixel_size_source) == (2.0, "FEI metadata: Scan PixelWidth")
    assert (micrograph.info_bar, micrograph.info_bar_source) == (20, "FEI metadata: height of the field")
    np.testing.assert_array_equal(micrograph.field, GREY[:20])


def test_what_is_given_counts_more(tmp_path):
    path = vendor.fei(tmp_path / "a.tif", GREY, Scan={"PixelWidth": "2e-9"}, Image={"ResolutionY": 20})
    micrograph = read(path, ReadOptions(pixel_size=3.5, info_bar=18))
    assert (micrograph.pixel_size, micrograph.pixel_size_source) == (3.5, "given")
    assert (micrograph.info_bar, micrograph.info_bar_source, micrograph.field.shape) == (18, "given", (18, 17))
    micrograph = read(path, info_bar="none")
    assert (micrograph.info_bar, micrograph.info_bar_source, micrograph.field.shape) == (None, "switched off", (23, 17))


def test_the_info_bar_is_looked_for(tmp_path):
    pixels = np.random.default_rng(2).normal(100, 9, (256, 256)).astype(np.uint8)
    pixels[230:] = 0
    pixels[236:250, 20:120:4] = 255
    micrograph = read(saved(tmp_path / "a.tif", pixels))
    assert (micrograph.info_bar, micrograph.info_bar_source) == (230, "found in the image")
    assert micrograph.field.shape == (230, 256)
    assert read(tmp_path / "a.tif", info_bar="none").info_bar is None


def test_an_info_bar_below_the_image_is_an_error(tmp_path):
    with pytest.raises(ImageError, match=r"a\.tif: has 23 rows, so that no info bar can begin at row 23"):
        read(saved(tmp_path / "a.tif", GREY), info_bar=23)


def test_notes_of_decoding_and_calibration_are_joined(tmp_path):
    path = saved(tmp_path / "a.tif", np.dstack([GREY, GREY, 255 - GREY]))
    vendor.hitachi_text(tmp_path / "a.txt", "0", size="17x23")
    assert read(path).notes == (
        "Colours were converted to grey (Rec. 601 luminance).",
        "Hitachi metadata (a.txt): PixelSize was ignored, because it says 0 nm.",
    )


@pytest.mark.parametrize(
    "options", [{"page": 0}, {"pixel_size": 0}, {"pixel_size": -1}, {"info_bar": "off"}, {"info_bar": 0}, {"pages": 1}]
)
def test_impossible_options(tmp_path, options):
    with pytest.raises(OptionsError):
        read(saved(tmp_path / "a.tif", GREY), **options)


def test_every_option_is_described():
    assert all(field.description for field in ReadOptions.model_fields.values())


def test_a_micrograph_of_an_array():
    micrograph = Micrograph(GREY)
    assert micrograph.field.shape == GREY.shape
    assert (micrograph.name, micrograph.pixel_size) == ("micrograph", None)
    assert "pixels" not in repr(micrograph)
    with pytest.raises(ImageError, match="3 dimensions"):
        Micrograph(GREY[None])


def test_the_public_names():
    assert autoseg.read is read
    assert autoseg.Micrograph is Micrograph
