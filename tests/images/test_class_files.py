"""Class maps as files: numbers, names and colours come back, and what other programs write is read as it is stored."""

import json

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile
from PIL import Image

import autoseg
from autoseg.errors import AutosegError, ImageError
from autoseg.heads import ClassLabel
from autoseg.images.class_files import read_classes, write_classes

LEGEND = (ClassLabel(name="background"), ClassLabel(name="grüne = Körner\n", colour="#12ab34"), ClassLabel(name="pore"))
CLASSES = np.array([[0, 1, 2, 255], [2, 2, 0, 1]], np.uint8)


def palette_image(colours=((0, 0, 0), (200, 10, 10), (10, 200, 10), (9, 9, 9))):
    image = Image.fromarray(np.minimum(CLASSES, 3), mode="P")
    image.putpalette([value for colour in colours for value in colour])
    return image


def test_numbers_names_and_colours_come_back(tmp_path):
    write_classes(tmp_path / "ä_classes.tif", CLASSES.astype(np.int64), LEGEND, 2.5)
    classes, legend = read_classes(tmp_path / "ä_classes.tif")
    assert classes.dtype == np.uint8 and np.array_equal(classes, CLASSES)
    assert [one.name for one in legend] == [one.name for one in LEGEND]
    assert [one.colour for one in legend] == ["#000000", "#12ab34", "#e69f00"]


def test_other_programs_see_colours_and_autoseg_the_pixel_size(tmp_path):
    write_classes(tmp_path / "a.tif", CLASSES, LEGEND, 0.25)
    seen = np.array(Image.open(tmp_path / "a.tif").convert("RGB"))
    assert seen[0].tolist() == [[0, 0, 0], [0x12, 0xAB, 0x34], [0xE6, 0x9F, 0], [128, 128, 128]]
    assert autoseg.read(tmp_path / "a.tif").pixel_size == 0.25
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages.first
        assert file.is_imagej and file.imagej_metadata["unit"] == "nm" and file.imagej_metadata["max"] == 255
        assert (page.bitspersample, page.compression.name, page.photometric.name) == (8, "ADOBE_DEFLATE", "PALETTE")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", ["grey", "palette"])
def test_images_of_few_bits_are_read_as_they_are_stored(tmp_path, bits, kind):
    stored = np.minimum(CLASSES, 2**bits - 1)
    if kind == "palette":
        image = Image.fromarray(stored, mode="P")
        image.putpalette([value for number in range(256) for value in (255 - number, 7, number)])
        image.save(tmp_path / "a.png", bits=bits)
    else:
        (tmp_path / "a.png").write_bytes(grey_png(stored, bits))
    assert (tmp_path / "a.png").read_bytes()[24] == bits
    assert np.array_equal(read_classes(tmp_path / "a.png").classes, stored)


def grey_png(stored, bits):
    """A grey PNG of so many bits, which Pillow reads but does not write."""
    import struct
    import zlib

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    unpacked = np.unpackbits(stored[..., None], axis=2)[..., 8 - bits :].reshape(len(stored), -1)
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(unpacked, axis=1))
    header = struct.pack(">IIBBBBB", stored.shape[1], stored.shape[0], bits, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("palette.tif", lambda path: palette_image().save(path)),
        ("transparent.png", lambda path: palette_image().save(path, transparency=0)),
        ("grey.tif", lambda path: tifffile.imwrite(path, np.minimum(CLASSES, 3))),
        ("grey.png", lambda path: imageio.imwrite(path, np.minimum(CLASSES, 3))),
        ("white_is_0.tif", lambda path: tifffile.imwrite(path, np.minimum(CLASSES, 3), photometric="miniswhite")),
        ("16_bits.tif", lambda path: tifffile.imwrite(path, np.minimum(CLASSES, 3).astype(">u2"))),
        ("16_bits.png", lambda path: imageio.imwrite(path, np.minimum(CLASSES, 3).astype(np.uint16))),
        ("floats.tif", lambda path: tifffile.imwrite(path, np.minimum(CLASSES, 3).astype(np.float32))),
        ("equal_channels.png", lambda path: imageio.imwrite(path, np.dstack([np.minimum(CLASSES, 3)] * 3))),
    ],
)
def test_what_other_programs_paint_is_read_without_a_legend(tmp_path, name, write):
    write(tmp_path / name)
    classes, legend = read_classes(tmp_path / name)
    assert np.array_equal(classes, np.minimum(CLASSES, 3)) and classes.dtype == np.uint8 and legend is None


def test_one_bit_tells_0_from_1(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", CLASSES > 0, photometric="minisblack")
    assert np.array_equal(read_classes(tmp_path / "a.tif").classes, CLASSES > 0)


def with_description(told):
    return lambda path: tifffile.imwrite(path, CLASSES, description=told, metadata=None)


@pytest.mark.parametrize(
    ("name", "write", "expected"),
    [
        ("a.jpg", lambda path: imageio.imwrite(path, CLASSES), "is a JPEG, which blurs classes"),
        ("a.png", lambda path: imageio.imwrite(path, np.dstack([CLASSES, 0 * CLASSES, CLASSES])), "is a colour image"),
        ("a.tif", lambda path: tifffile.imwrite(path, CLASSES * np.uint16(9)), "no class numbers: from 0 to 2295"),
        ("a.tif", lambda path: tifffile.imwrite(path, -CLASSES.astype(np.int16)), "no class numbers: from -255 to 0"),
        ("a.tif", lambda path: tifffile.imwrite(path, CLASSES / np.float32(2)), "no class numbers: from 0.0 to 127.5"),
        ("a.tif", lambda path: tifffile.imwrite(path, CLASSES * np.float32(np.nan)), "not finite"),
        (
            "a.tif",
            lambda path: tifffile.imwrite(path, np.stack([CLASSES] * 2), photometric="minisblack"),
            "has 2 pages",
        ),
        ("a.tif", lambda path: path.write_bytes(b"II*\0"), "damaged, cut off"),
        ("a.tif", lambda path: None, "does not exist"),
        ("a.tif", with_description("autoseg_classes=[]"), "has a damaged legend"),
        ("a.tif", with_description("autoseg_classes={"), "has a damaged legend"),
        (
            "a.tif",
            with_description("autoseg_classes=" + json.dumps(["a", "b"])),
            "pixels of class 2, but there are only",
        ),
    ],
)
def test_what_is_no_class_map_is_refused_by_name(tmp_path, name, write, expected):
    write(tmp_path / name)
    with pytest.raises(ImageError, match=expected) as found:
        read_classes(tmp_path / name)
    assert found.value.file == tmp_path / name


@pytest.mark.parametrize(
    ("classes", "legend", "expected"),
    [
        (np.full((2, 2), 3), LEGEND, "pixels of class 3, but there are only 3 classes, 0 to 2"),
        (np.full((2, 2), 256), LEGEND, "no class numbers"),
        (np.full((2, 2), -1), LEGEND, "no class numbers"),
        (np.zeros((2, 2, 1), int), LEGEND, "image of numbers"),
        (np.zeros((0, 2), int), LEGEND, "image of numbers"),
        (CLASSES, LEGEND[:1] * 3, "different names"),
    ],
)
def test_what_is_no_class_map_is_not_written(tmp_path, classes, legend, expected):
    with pytest.raises(AutosegError, match=expected):
        write_classes(tmp_path / "a.tif", classes, legend)
    assert list(tmp_path.iterdir()) == []
