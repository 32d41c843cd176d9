"""Files that cannot be read: always one error that names the file, never half an image."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import autoseg
from autoseg.errors import ImageError
from autoseg.images.micrograph import read
from tests.images import vendor_files as vendor
from tests.images.vendor_files import saved

ROOT = Path(autoseg.__file__).parents[1]
RNG = np.random.default_rng(1)
GREY = RNG.integers(0, 256, (23, 17), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (23, 17, 3), dtype=np.uint8)


def cmyk_jpeg(path):
    Image.new("CMYK", (4, 4)).save(path, format="jpeg")


def without_rows(path):
    saved(path, GREY)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        tag = file.pages.first.tags["ImageLength"]
        data[tag.valueoffset : tag.valueoffset + 2] = b"\0\0"
    path.write_bytes(data)


def without_strip(path):
    saved(path, GREY)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        tag = file.pages.first.tags["StripByteCounts"]
        data[tag.valueoffset : tag.valueoffset + 4] = bytes(4)
    path.write_bytes(data)


def volume(path):
    saved(path, np.zeros((16, 16, 16), np.uint8), photometric="minisblack", volumetric=True, tile=(16, 16, 16))


def planes(count, **keywords):
    return lambda path: saved(path, np.zeros((count, 8, 8), np.uint8), planarconfig="separate", **keywords)


BAD = {
    "missing": (lambda path: None, "does not exist"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (lambda path: path.write_text("I am no image"), "is not a TIFF"),
    "only a beginning": (lambda path: path.write_bytes(b"II*\0"), "is damaged"),
    "nan": (lambda path: saved(path, np.array([[1.0, np.nan]])), "not finite"),
    "infinite": (lambda path: saved(path, np.array([[1.0, np.inf]], np.float16)), "not finite"),
    "complex": (lambda path: saved(path, np.ones((3, 3), complex)), "complex"),
    "no rows": (without_rows, "has no pixels"),
    "no strip": (without_strip, "lacks a part"),
    "no png columns": (lambda path: vendor.png(path, 0, 4, 8, 0), "is damaged"),
    "cmyk": (planes(4, photometric="separated"), "has 4 channels of kind SEPARATED"),
    "cmyk jpeg": (cmyk_jpeg, "has channels of kind CMYK"),
    "five channels": (planes(5, photometric="minisblack"), "has 5 channels"),
    "three extra channels": (planes(6, photometric="rgb"), "has 6 channels"),
    "volume": (volume, "holds a volume"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_give_one_error(tmp_path, kind, capfd, recwarn):
    write, problem = BAD[kind]
    path = tmp_path / "bad ä.tif"
    write(path)
    with pytest.raises(ImageError) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert problem in str(raised.value)
    assert raised.value.advice
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_no_permission(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.tif", GREY)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match=r"a\.tif: cannot be read \(Permission denied\). Check the file"):
        read(path)


def test_too_little_memory(tmp_path, monkeypatch):
    def exhaust(*_):
        raise MemoryError

    monkeypatch.setattr(tifffile.TiffPage, "asarray", exhaust)
    with pytest.raises(ImageError, match="does not fit into the memory"):
        read(saved(tmp_path / "a.tif", GREY))


WRITERS = {
    "plain": lambda path: saved(path, GREY),
    "strips": lambda path: saved(path, GREY.astype(np.uint16), rowsperstrip=5),
    "tiles": lambda path: saved(path, COLOUR, tile=(16, 16)),
    "zlib": lambda path: saved(path, COLOUR, compression="zlib", predictor=True, rowsperstrip=7),
    "one bit": lambda path: saved(path, GREY > 99),
    "imagej": lambda path: saved(path, np.stack([GREY, 255 - GREY]), imagej=True),
    "png": lambda path: Image.fromarray(COLOUR).save(path, format="png"),
    "jpeg": lambda path: Image.fromarray(COLOUR).save(path, format="jpeg"),
    "bmp": lambda path: Image.fromarray(COLOUR).save(path, format="bmp"),
    "gif": lambda path: Image.fromarray(GREY).save(path, format="gif"),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_truncated_file_is_never_half_filled(tmp_path, kind, capfd, recwarn):
    WRITERS[kind](tmp_path / "whole")
    whole, pixels = (tmp_path / "whole").read_bytes(), read(tmp_path / "whole").pixels
    refused = 0
    for length in [*range(1, len(whole), 13), *range(len(whole) - 40, len(whole))]:
        (tmp_path / "cut").write_bytes(whole[:length])
        try:
            np.testing.assert_array_equal(read(tmp_path / "cut").pixels, pixels)  # only an unused end was lost
        except ImageError:
            refused += 1
    assert refused > 30
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_nothing_is_printed_about_damage(tmp_path):
    path = saved(tmp_path / "a.tif", np.stack([GREY, 255 - GREY]), photometric="minisblack", metadata=None)
    path.write_bytes(path.read_bytes()[:-200])  # without the second page, which tifffile reports to its logger
    code = f"from autoseg.images.micrograph import read; print(read({str(path)!r}).pages)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (run.stdout, run.stderr) == ("1\n", "")


# ---- headers that promise too much


def gif_of(columns, rows):
    return b"GIF89a" + struct.pack("<HHBBB", columns, rows, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\2L\1\0;"


def bmp_of(columns, rows):
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, columns, rows, 1, 8, 0, 0, 0, 0, 0, 0)


def jpeg_of(columns, rows):
    frame = struct.pack(">HBHHB", 11, 8, rows, columns, 1) + b"\1\x11\0"
    return b"\xff\xd8\xff\xc0" + frame + b"\xff\xda" + struct.pack(">H", 8) + b"\1\1\0\0\x3f\0"


def tiff_of(columns, rows):
    entries = [(256, 4, columns), (257, 4, rows), (258, 3, 8), (262, 3, 1), (273, 4, 8), (277, 3, 1), (279, 4, 1)]
    packed = b"".join(struct.pack("<HHII", code, kind, 1, value) for code, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


@pytest.mark.parametrize("header", [tiff_of, gif_of, bmp_of, jpeg_of, "png"])
def test_large_images_are_refused_by_their_header(tmp_path, header, recwarn):
    path = tmp_path / "bomb"
    vendor.png(path, 60000, 50000, 8, 0) if header == "png" else path.write_bytes(header(60000, 50000))
    with pytest.raises(ImageError, match=r"has 60000 x 50000 pixels, more than max_pixels = 500000000\. Raise it if"):
        read(path)
    assert not recwarn.list


@pytest.mark.parametrize("suffix", ["tif", "png", "gif"])
def test_max_pixels_is_exact_and_alone(tmp_path, suffix, monkeypatch, recwarn):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    path = tmp_path / f"a.{suffix}"
    tifffile.imwrite(path, GREY) if suffix == "tif" else Image.fromarray(GREY).save(path)
    np.testing.assert_array_equal(read(path, max_pixels=GREY.size).pixels, GREY)
    with pytest.raises(ImageError, match="max_pixels"):
        read(path, max_pixels=GREY.size - 1)
    assert Image.MAX_IMAGE_PIXELS == 5
    assert not recwarn.list
