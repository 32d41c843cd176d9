import numpy as np
import pytest
import tifffile
from PIL import Image

from autoseg.images.calibration import calibrate
from tests.images import vendor_files as vendor

FIELD = np.random.default_rng(0).integers(0, 255, (96, 128), dtype=np.uint8)
FULL = np.pad(FIELD, ((0, 12), (0, 0)))  # with an info bar of 12 rows


def told(path, shape=FULL.shape):
    """Pixel size, its source and the info bar's row of a file, where nothing was odd about it."""
    calibration = calibrate(path, shape)
    assert calibration.notes == ()
    return calibration.pixel_size, calibration.pixel_size_source, calibration.info_bar


def refused(path, shape=FULL.shape):
    """The notes on a file whose pixel size was not taken."""
    calibration = calibrate(path, shape)
    assert calibration.pixel_size is None
    return " ".join(calibration.notes)


@pytest.mark.parametrize(
    ("size", "nanometres"), [("7.344 nm", 7.344), ("1.5 µm", 1500), ("250 pm", 0.25), ("0.5 mm", 5e5), ("9 nm", 9)]
)
def test_zeiss(tmp_path, size, nanometres):
    path = vendor.zeiss(tmp_path / "a.tif", FULL, size)
    assert told(path) == (pytest.approx(nanometres), "Zeiss metadata: Image Pixel Size", None)


def test_zeiss_screen_pixels_are_no_calibration(tmp_path):
    assert "Image Pixel Size is missing" in refused(vendor.zeiss(tmp_path / "a.tif", FULL, None))


def test_fei(tmp_path):
    scan = {"PixelWidth": "1.6276e-009", "PixelHeight": "1.6276e-009", "HorFieldsize": "2e-6"}
    path = vendor.fei(tmp_path / "a.tif", FULL, Scan=scan, Image={"ResolutionX": 128, "ResolutionY": 96})
    assert told(path) == (pytest.approx(1.6276), "FEI metadata: Scan PixelWidth", 96)
    assert calibrate(path, FULL.shape).info_bar_source == "FEI metadata: height of the field"


@pytest.mark.parametrize(
    ("sections", "beam"),
    [
        ({"IRBeam": {"HFW": "2.56e-7", "VFW": "1.92e-7"}}, "IRBeam"),
        ({"EBeam": {"HFW": "2.56e-7"}}, "EBeam"),
        ({"Beam": {"Beam": "IBeam"}, "EBeam": {"HFW": "9e-7"}, "IBeam": {"HFW": "2.56e-7"}}, "IBeam"),
    ],
)
def test_fei_without_scan(tmp_path, sections, beam):
    path = vendor.fei(tmp_path / "a.tif", FIELD, **sections, Image={"ResolutionX": 128, "ResolutionY": 96})
    assert told(path, FIELD.shape) == (pytest.approx(2.0), f"FEI metadata: {beam} HFW / Image ResolutionX", None)


def test_fei_without_anything(tmp_path):
    assert "Scan PixelWidth is missing" in refused(vendor.fei(tmp_path / "a.tif", FULL, User={"Date": "today"}))


@pytest.mark.parametrize("kind", [vendor.BYTE, vendor.SBYTE, vendor.ASCII])
def test_tescan_tag(tmp_path, kind):
    path = vendor.tescan(tmp_path / "a.tif", FULL, kind, PixelSizeX="5.0e-9", PixelSizeY="5.0e-9", ImageStripSize=12)
    assert told(path) == (pytest.approx(5.0), "TESCAN metadata (tag 50431): PixelSizeX", 96)


@pytest.mark.parametrize("name", ["a.hdr", "a-tif.hdr", "A-TIF.HDR"])
def test_tescan_header(tmp_path, name):
    tifffile.imwrite(tmp_path / "a.tif", FULL)
    vendor.tescan_header(tmp_path / name, PixelSizeX="2.5e-8", PixelSizeY="2.5e-8", ImageStripSize=12)
    assert told(tmp_path / "a.tif") == (pytest.approx(25.0), f"TESCAN metadata ({name}): PixelSizeX", 96)


def test_tescan_header_beside_png(tmp_path):
    Image.fromarray(FULL).save(tmp_path / "a.png")
    vendor.tescan_header(tmp_path / "a-png.hdr", PixelSizeX="2.5e-8", ImageStripSize=0)
    assert told(tmp_path / "a.png") == (pytest.approx(25.0), "TESCAN metadata (a-png.hdr): PixelSizeX", None)


@pytest.mark.parametrize(
    ("marker", "bar", "size"), [("1um", 100, 10), ("100nm", 50, 2), ("10µm", 80, 125), ("0,5 um", 100, 5)]
)
@pytest.mark.parametrize("name", ["a.txt", "a.TXT", "A.txt", "a.tif.txt"])
def test_jeol(tmp_path, marker, bar, size, name):
    tifffile.imwrite(tmp_path / "a.tif", FULL)
    vendor.jeol_text(tmp_path / name, marker, bar)
    source = f"JEOL metadata ({name}): SM_MICRON_MARKER / SM_MICRON_BAR"
    assert told(tmp_path / "a.tif") == (pytest.approx(size), source, 96)


def test_jeol_without_scale_still_tells_the_info_bar(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", FULL)
    (tmp_path / "a.txt").write_text("$CM_FULL_SIZE 128 96\n")
    calibration = calibrate(tmp_path / "a.tif", FULL.shape)
    assert (calibration.pixel_size, calibration.info_bar) == (None, 96)
    assert "is missing" in calibration.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_hitachi(tmp_path, encoding):
    Image.fromarray(FULL).save(tmp_path / "a.bmp")
    vendor.hitachi_text(tmp_path / "a.txt", encoding=encoding)
    assert told(tmp_path / "a.bmp") == (pytest.approx(9.921875), "Hitachi metadata (a.txt): PixelSize", 96)


@pytest.mark.parametrize(
    ("unit", "per_pixel", "size"),
    [
        ("micron", 0.02, 20),
        ("um", 0.02, 20),
        (r"\u00B5m", 0.02, 20),
        ("nm", 7.344, 7.344),
        ("mm", 1e-4, 100),
        ("cm", 1e-5, 100),
    ],
)
def test_imagej(tmp_path, unit, per_pixel, size):
    path = vendor.imagej(tmp_path / "a.tif", FULL, unit, per_pixel)
    assert told(path) == (
        pytest.approx(size, rel=1e-5),
        f"ImageJ metadata: {unit.replace(chr(92) + 'u00B5', 'µ')} per pixel",
        None,
    )


@pytest.mark.parametrize("unit", ["pixel", "inch", "", "sec"])
def test_imagej_without_a_length(tmp_path, unit):
    assert told(vendor.imagej(tmp_path / "a.tif", FULL, unit, 0.5)) == (None, "no calibration found", None)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('PhysicalSizeX="0.25" PhysicalSizeY="0.25"', 250),
        ('PhysicalSizeX="7.5" PhysicalSizeXUnit="nm" PhysicalSizeY="7.5" PhysicalSizeYUnit="nm"', 7.5),
        ('PhysicalSizeX="50" PhysicalSizeXUnit="&#197;"', 5),
    ],
)
def test_ome(tmp_path, attributes, size):
    path = vendor.ome(tmp_path / "a.ome.tif", FULL, attributes)
    assert told(path) == (pytest.approx(size), "OME metadata: PhysicalSizeX", None)


def test_ome_without_a_size(tmp_path):
    assert told(vendor.ome(tmp_path / "a.tif", FULL, 'SizeX="128"')) == (None, "no calibration found", None)


def test_ome_with_two_sizes_is_refused(tmp_path):
    path = vendor.ome(tmp_path / "a.tif", FULL, 'PhysicalSizeX="0.25"', 'PhysicalSizeX="0.5"')
    assert "different pixel sizes" in refused(path)


def test_ome_with_entities_is_not_expanded(tmp_path):
    xml = '<!DOCTYPE OME [<!ENTITY a "0.25">]><OME><Pixels PhysicalSizeX="&a;"/></OME>'
    tifffile.imwrite(tmp_path / "a.tif", FULL, description=xml, metadata=None)
    assert "could not be read" in refused(tmp_path / "a.tif")


def test_a_resolution_per_centimetre_can_be_a_calibration(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", FULL, resolution=(1e6, 1e6), resolutionunit="CENTIMETER")
    assert told(tmp_path / "a.tif") == (pytest.approx(10), "TIFF resolution: per cm", None)


@pytest.mark.parametrize(
    ("resolution", "unit"),
    [
        ((72, 72), "INCH"),
        ((1e6, 1e6), "INCH"),
        ((28.35, 28.35), "CENTIMETER"),
        ((1e6, 1e6), "NONE"),
        ((0, 0), "CENTIMETER"),
    ],
)
def test_a_resolution_for_printers_is_none(tmp_path, resolution, unit):
    tifffile.imwrite(tmp_path / "a.tif", FULL, resolution=resolution, resolutionunit=unit)
    assert told(tmp_path / "a.tif") == (None, "no calibration found", None)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_dpi_of_other_formats_is_none(tmp_path, suffix):
    Image.fromarray(FULL).save(tmp_path / f"a.{suffix}", dpi=(96, 96))
    assert told(tmp_path / f"a.{suffix}") == (None, "no calibration found", None)


@pytest.mark.parametrize(("height", "square"), [("5.02e-9", True), ("5.2e-9", False), ("0", False), ("nan", False)])
def test_pixels_must_be_square(tmp_path, height, square):
    path = vendor.tescan(tmp_path / "a.tif", FULL, PixelSizeX="5.0e-9", PixelSizeY=height)
    assert calibrate(path, FULL.shape).pixel_size == (pytest.approx(5.0) if square else None)
    assert square or "not square" in refused(path)


def test_a_refusal_is_not_replaced_by_a_lesser_source(tmp_path):
    path = vendor.imagej(tmp_path / "a.tif", FULL, "nm", 5.0, down=7.0)
    vendor.hitachi_text(tmp_path / "a.txt")
    assert "not square (5 x 7 nm)" in refused(path)


@pytest.mark.parametrize("size", ["0", "-3", "nan", "inf", "2000000"])
def test_absurd_sizes_are_ignored(tmp_path, size):
    tifffile.imwrite(tmp_path / "a.tif", FULL)
    vendor.hitachi_text(tmp_path / "a.txt", size)
    assert "was ignored, because it says" in refused(tmp_path / "a.tif")


@pytest.mark.parametrize("size", ["", "large", "7.3.4"])
def test_no_number_is_told(tmp_path, size):
    tifffile.imwrite(tmp_path / "a.tif", FULL)
    vendor.hitachi_text(tmp_path / "a.txt", size)
    assert "has no number" in refused(tmp_path / "a.tif")


@pytest.mark.parametrize("size", ["256x192", "64x48", "128x4000"])
def test_the_calibration_of_a_scaled_image_is_refused(tmp_path, size):
    tifffile.imwrite(tmp_path / "a.tif", FULL)
    vendor.hitachi_text(tmp_path / "a.txt", size=size)
    assert "was refused, because it belongs to an image of " + size.replace("x", " x ") in refused(tmp_path / "a.tif")
    assert calibrate(tmp_path / "a.tif", FULL.shape).info_bar is None


def test_a_page_of_another_size_is_not_calibrated_by_the_first(tmp_path):
    path = vendor.zeiss(tmp_path / "a.tif", FULL)
    assert "belong to page 1" in refused(path, (50, 60))


def test_the_files_own_metadata_come_first(tmp_path):
    path = vendor.zeiss(tmp_path / "a.tif", FULL)
    vendor.hitachi_text(tmp_path / "a.txt")
    assert told(path)[:2] == (7.344, "Zeiss metadata: Image Pixel Size")


def test_a_named_source_comes_before_a_bare_resolution(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", FULL, resolution=(1e6, 1e6), resolutionunit="CENTIMETER")
    vendor.hitachi_text(tmp_path / "a.txt")
    assert told(tmp_path / "a.tif")[0] == pytest.approx(9.921875)


def test_other_text_files_are_left_alone(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", FULL)
    (tmp_path / "a.txt").write_text("PixelSize=5\nI saw nothing.")
    (tmp_path / "a.hdr").write_bytes(b"ENVI\nsamples = 128\n\xff")
    vendor.hitachi_text(tmp_path / "b.txt")
    assert told(tmp_path / "a.tif") == (None, "no calibration found", None)


def test_an_unreadable_sidecar_is_told(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", FULL)
    (tmp_path / "a.txt").mkdir()
    assert "a.txt beside the image could not be read" in refused(tmp_path / "a.tif")


def test_broken_metadata_are_told(tmp_path):
    path = vendor.ome(tmp_path / "a.tif", FULL, "PhysicalSizeX=")
    assert "could not be read" in refused(path)
