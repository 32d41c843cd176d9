"""TIFF that is compressed or packed: read with the extra `codecs`, and without it one error that names it."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import tifffile
from PIL import Image

from autoseg.images.micrograph import read

with_codecs = pytest.mark.skipif(find_spec("imagecodecs") is None, reason="compressed TIFF is read by imagecodecs")
GREY = np.random.default_rng(1).integers(0, 256, (24, 18), dtype=np.uint8)
WITHOUT = """
import sys
sys.modules["imagecodecs"] = None
from autoseg.errors import ImageError
from autoseg.images.micrograph import read
try:
    read(sys.argv[1])
except ImageError as error:
    print(error)
"""


def packed(path, values):
    """A TIFF of twelve bits a pixel, as cameras write it."""
    pairs = values.reshape(-1, 2).astype(np.uint32)
    joined = pairs[:, 0] << 12 | pairs[:, 1]
    content = np.stack([joined >> 16, joined >> 8 & 255, joined & 255], 1).astype(np.uint8).tobytes()
    rows, columns = values.shape
    tifffile.imwrite(path, np.frombuffer(content, np.uint8).reshape(rows, -1), rowsperstrip=rows)
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages.first.tags["ImageWidth"].overwrite(columns)
        file.pages.first.tags["BitsPerSample"].overwrite(12)


@with_codecs
@pytest.mark.parametrize(
    ("compression", "pixels", "error"),
    [
        ("lzw", GREY, 0),
        ("zstd", GREY, 0),
        ("jpeg2000", GREY, 0),
        ("jpeg", np.add.outer(np.arange(64), np.arange(80)).astype(np.uint8), 4),
    ],
)
def test_compressed_pixels_are_what_they_were(tmp_path, compression, pixels, error):
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression=compression)
    np.testing.assert_allclose(read(tmp_path / "a.tif").pixels.astype(int), pixels, atol=error)


@with_codecs
def test_differences_of_16_bits_in_lzw_are_added_up(tmp_path):
    pixels = GREY.astype(np.uint16) * 250
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression="lzw", predictor=True)
    assert np.array_equal(read(tmp_path / "a.tif").pixels, pixels)


@with_codecs
def test_twelve_bits_fill_the_range_of_sixteen_or_stay_what_they_are(tmp_path):
    values = np.random.default_rng(2).integers(0, 4096, (10, 16), dtype=np.uint16)
    packed(tmp_path / "a.tif", values)
    found = read(tmp_path / "a.tif").pixels
    factor = max(1, int(found.max()) // int(values.max()))
    assert found.dtype == np.uint16 and np.array_equal(found // factor, values)


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg", "12 bits"])
def test_without_the_package_the_extra_is_named(tmp_path, compression):
    if compression == "12 bits":
        packed(tmp_path / "a.tif", GREY.astype(np.uint16))
    else:
        Image.fromarray(GREY).save(tmp_path / "a.tif", compression=compression)
    command = [sys.executable, "-c", WITHOUT, str(tmp_path / "a.tif")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "a.tif: is compressed or packed in a way that needs one more package" in said
    assert "pip install 'autoseg[codecs]'" in said
