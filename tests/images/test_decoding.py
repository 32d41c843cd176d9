import struct

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from autoseg.errors import ImageError
from autoseg.images.micrograph import ReadOptions, read
from tests.images import vendor_files as vendor
from tests.images.vendor_files import saved

RNG = np.random.default_rng(1)
GREY = RNG.integers(0, 256, (23, 17), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (23, 17, 3), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (23, 17, 1), dtype=np.uint8)
STACK = np.stack([GREY, GREY.T[:17].repeat(2, 0)[:23, :17], 255 - GREY])
COLOUR_NOTE = "Colours were converted to grey (Rec. 601 luminance)."
ALPHA_NOTE = "The alpha channel was ignored."


def luminance(colour):
    return np.rint(colour @ np.array([0.299, 0.587, 0.114])).astype(colour.dtype)


def check(path, pixels, *notes, **options):
    """The file reads as exactly these pixels, with these notes."""
    micrograph = read(path, **options)
    assert micrograph.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(micrograph.pixels, pixels)
    assert micrograph.notes == notes
    assert micrograph.pixels.flags.c_contiguous
    assert micrograph.pixels.dtype.isnative
    return micrograph


# ---- TIFF


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i1", "i2", "i4", "f4", "f8"])
def test_every_depth_is_kept(tmp_path, dtype, byteorder):
    dtype = np.dtype(dtype)
    ends = [-1.5, 2.5e7] if dtype.kind == "f" else [np.iinfo(dtype).min, np.iinfo(dtype).max]
    pixels = GREY.astype(dtype)
    pixels[0, :2] = ends
    check(saved(tmp_path / "a.tif", pixels, byteorder=byteorder), pixels)


def test_one_bit_becomes_black_and_white(tmp_path):
    check(saved(tmp_path / "a.tif", GREY > 99, photometric="minisblack"), np.where(GREY > 99, 255, 0).astype(np.uint8))


def test_half_floats_become_single(tmp_path):
    check(saved(tmp_path / "a.tif", GREY.astype(np.float16)), GREY.astype(np.float32))


@pytest.mark.parametrize(
    "layout",
    [
        {"rowsperstrip": 5},
        {"tile": (16, 16)},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True, "tile": (16, 16)},
        {"compression": "lzma"},
        {"bigtiff": True},
        {"resolution": (72, 72)},
    ],
)
@pytest.mark.parametrize("pixels", [GREY, GREY.astype(np.uint16) * 257])
def test_every_layout(tmp_path, layout, pixels):
    check(saved(tmp_path / "a.tif", pixels, **layout), pixels)


@given(
    pixels=hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int32, np.float32]),
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements={"allow_nan": False, "allow_infinity": False},
    )
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_pixels_come_back(tmp_path_factory, pixels):
    check(saved(tmp_path_factory.mktemp("any") / "a.tif", pixels, photometric="minisblack"), pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int16, np.float32])
def test_minimum_is_white(tmp_path, dtype):
    pixels = GREY.astype(dtype)
    inverted = {"u": lambda: np.iinfo(dtype).max - pixels, "i": lambda: -1 - pixels, "f": lambda: -pixels}
    path = saved(tmp_path / "a.tif", pixels, photometric="miniswhite")
    check(path, inverted[pixels.dtype.kind](), "The values were inverted, because the file stores white as 0.")


def test_minimum_is_white_in_one_bit(tmp_path):
    expected = np.where(GREY > 99, 0, 255).astype(np.uint8)
    path = saved(tmp_path / "a.tif", GREY > 99, photometric="miniswhite")
    check(path, expected, "The values were inverted, because the file stores white as 0.")


def test_values_are_not_inverted_where_the_file_does_not_say_so(tmp_path):
    path = saved(tmp_path / "a.tif", GREY)
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        offset = file.pages.first.tags["PhotometricInterpretation"].offset
    data[offset : offset + 2] = (60000).to_bytes(2, "little")
    path.write_bytes(data)
    check(path, GREY)


@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}, {"compression": "zlib"}])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("separate", [False, True])
def test_colour_becomes_luminance(tmp_path, layout, dtype, separate):
    colour = COLOUR.astype(dtype) * dtype(np.iinfo(dtype).max // 255)
    stored = np.moveaxis(colour, -1, 0) if separate else colour
    planar = "separate" if separate else "contig"
    path = saved(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, **layout)
    check(path, luminance(colour), COLOUR_NOTE)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int32, np.float32, np.float64])
def test_grey_stored_as_colour_is_exact(tmp_path, dtype):
    pixels = RNG.random((23, 17)).astype(dtype) if np.dtype(dtype).kind == "f" else GREY.astype(dtype)
    if np.dtype(dtype).kind != "f":
        pixels[0, 0] = np.iinfo(dtype).max
    check(saved(tmp_path / "a.tif", np.stack([pixels] * 3, -1), photometric="rgb"), pixels)


def test_white_does_not_wrap(tmp_path):
    colour = np.full((2, 2, 3), 2**32 - 1, np.uint32)
    colour[0, 0] = 2**32 - 1, 2**32 - 1, 2**32 - 2
    assert read(saved(tmp_path / "a.tif", colour, photometric="rgb")).pixels.min() >= 2**32 - 2


@pytest.mark.parametrize("separate", [False, True])
def test_alpha_is_ignored(tmp_path, separate):
    for name, picture, expected, notes in [
        ("rgba", np.dstack([COLOUR, ALPHA]), luminance(COLOUR), (ALPHA_NOTE, COLOUR_NOTE)),
        ("grey", np.dstack([GREY, ALPHA]), GREY, (ALPHA_NOTE,)),
    ]:
        stored = np.moveaxis(picture, -1, 0) if separate else picture
        photometric = "rgb" if name == "rgba" else "minisblack"
        planar = "separate" if separate else "contig"
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, stored, photometric=photometric, planarconfig=planar, extrasamples=["unassalpha"])
        check(path, expected, *notes)


def test_zeiss_palette(tmp_path):
    indices = GREY.copy()
    indices[np.isin(indices, (9, 18))] = 44
    indices[0, 0] = 243
    expected = indices.copy()
    expected[indices == 243] = 255
    path = vendor.zeiss(tmp_path / "a.tif", indices, colormap=vendor.zeiss_colormap())
    assert check(path, expected).pixel_size == 7.344


def test_coloured_palette(tmp_path):
    indices = np.array([[9, 18, 44]], np.uint8)
    path = vendor.zeiss(tmp_path / "a.tif", indices, colormap=vendor.zeiss_colormap())
    check(path, np.array([[76, 150, 44]], np.uint8), COLOUR_NOTE)


def test_palette_of_8_bit_numbers(tmp_path):
    table = np.tile(np.arange(256, dtype=np.uint16), (3, 1))
    check(saved(tmp_path / "a.tif", GREY, photometric="palette", colormap=table), GREY)


def test_palette_of_16_bit_indices(tmp_path):
    table = np.tile(np.arange(65536, dtype=np.uint16)[::-1], (3, 1))
    pixels = GREY.astype(np.uint16) * 257
    check(saved(tmp_path / "a.tif", pixels, photometric="palette", colormap=table), 65535 - pixels)


# ---- pages


@pytest.mark.parametrize("kind", ["pages", "imagej", "one page for all", "gif"])
def test_pages_are_chosen_from_1(tmp_path, kind):
    path = tmp_path / "a.tif"
    if kind == "gif":
        first, *others = map(Image.fromarray, STACK)
        first.save(path, format="gif", save_all=True, append_images=others)
    else:
        keywords = {"imagej": {"imagej": True}, "one page for all": {"truncate": True}}.get(kind, {})
        tifffile.imwrite(path, STACK, photometric="minisblack", **keywords)
    first = check(path, STACK[0], "Page 1 of 3 was read; choose another with page=2.")
    assert (first.page, first.pages) == (1, 3)
    for page in (1, 2, 3):
        assert check(path, STACK[page - 1], page=page).page == page
    check(path, STACK[1], options=ReadOptions(page=2))
    with pytest.raises(ImageError, match=r"has no page 4\. Choose a page from 1 to 3"):
        read(path, page=4)


def test_hyperstacks_count_every_channel_and_slice(tmp_path):
    stack = np.stack([STACK, STACK // 2]).astype(np.uint16)  # 2 slices of 3 channels
    path = saved(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    for page in range(1, 7):
        assert check(path, stack.reshape(6, 23, 17)[page - 1], page=page).pages == 6


def test_imagej_stack_with_one_page_for_all(tmp_path):
    text = "ImageJ=1.53t\nimages=3\nslices=3\nunit=nm\n"
    path = saved(tmp_path / "a.tif", STACK, truncate=True, photometric="minisblack", description=text, metadata=None)
    data = path.read_bytes()
    assert data.count(b"images=3") == 1
    check(path, STACK[2], page=3)


# ---- other formats


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif"])
def test_grey_in_every_format(tmp_path, suffix):
    Image.fromarray(GREY).save(tmp_path / f"a.{suffix}")
    check(tmp_path / f"a.{suffix}", GREY)


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_colour_and_alpha_in_other_formats(tmp_path, suffix):
    Image.fromarray(COLOUR).save(tmp_path / f"a.{suffix}")
    check(tmp_path / f"a.{suffix}", luminance(COLOUR), COLOUR_NOTE)
    Image.fromarray(GREY > 99).save(tmp_path / f"b.{suffix}")
    check(tmp_path / f"b.{suffix}", np.where(GREY > 99, 255, 0).astype(np.uint8))


def test_png_with_alpha(tmp_path):
    Image.fromarray(np.dstack([COLOUR, ALPHA])).save(tmp_path / "a.png")
    check(tmp_path / "a.png", luminance(COLOUR), ALPHA_NOTE, COLOUR_NOTE)
    Image.fromarray(np.dstack([GREY, ALPHA])).save(tmp_path / "b.png")
    check(tmp_path / "b.png", GREY, ALPHA_NOTE)


def test_png_of_16_bits(tmp_path):
    pixels = GREY.astype(np.uint16) * 257
    Image.fromarray(pixels).save(tmp_path / "a.png")
    check(tmp_path / "a.png", pixels)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_png_of_few_bits_fills_the_range(tmp_path, depth):
    path = vendor.png(tmp_path / "a.png", 2, 1, depth, 0, bytes([0, 1 << (8 - 2 * depth)]))  # the values 0 and 1
    check(path, np.array([[0, 255 // (2**depth - 1)]], np.uint8))


def test_png_of_16_bit_colour_tells_what_is_lost(tmp_path):
    path = vendor.png(tmp_path / "a.png", 1, 1, 16, 2, b"\0" + struct.pack(">HHH", 0x8000, 0x8000, 0x8000))
    note = "16 bits per channel were reduced to 8; a 16-bit grey TIFF or PNG keeps them."
    check(path, np.array([[128]], np.uint8), note)


@pytest.mark.parametrize("transparency", [None, 3, bytes(range(256))])
def test_png_palette(tmp_path, transparency, recwarn):
    image = Image.fromarray(GREY).convert("P")
    image.putpalette([value for n in range(256) for value in (255 - n, 255 - n, 255 - n)])
    image.save(tmp_path / "a.png", **({} if transparency is None else {"transparency": transparency}))
    check(tmp_path / "a.png", 255 - GREY, *([] if transparency is None else [ALPHA_NOTE]))
    assert not recwarn.list


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg(tmp_path, mode):
    Image.fromarray(GREY).convert(mode).save(tmp_path / "a.jpg", quality=90)
    decoded = np.asarray(Image.open(tmp_path / "a.jpg"))
    expected = decoded if mode == "L" else decoded[..., 0]
    np.testing.assert_array_equal(read(tmp_path / "a.jpg").pixels, expected)
