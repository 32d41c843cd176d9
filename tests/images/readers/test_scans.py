"""Scanning-probe files: every format gives the same surface, however it stores it."""

import sys
from functools import partial

import numpy as np
import pytest

from autoseg.errors import ImageError
from autoseg.images.folders import images_in
from autoseg.images.micrograph import read
from autoseg.images.readers.family import Wanted
from autoseg.images.readers.scans import Frame, Trace, _interpolated, picture_of
from tests.images import scan_files

RNG = np.random.default_rng(5)
# No symmetry, so that a flip or a transposition is seen; heights in m, multiples of the picometre.
HEIGHT = np.round(RNG.uniform(0, 4e-9, (12, 20)), 12)
BACK = HEIGHT + 1e-10
CURRENT = RNG.uniform(-1e-9, 1e-9, (12, 20))


def nanonis(folder, height=HEIGHT, back=BACK, **keywords):
    pytest.importorskip("nanonispy2")
    channels = {"Z": ("m", height, back), "Current": ("A", CURRENT, -CURRENT)}
    return scan_files.nanonis(folder / "a.sxm", channels, **keywords)


def omicron(folder):
    pytest.importorskip("access2thematrix")
    return scan_files.omicron(folder, {"forward/up": HEIGHT, "backward/up": BACK}, side=1e-9)


def gwyddion(folder):
    pytest.importorskip("gwyfile")
    channels = {"Z (Forward)": HEIGHT, "Z (Backward)": BACK}
    return scan_files.gwyddion(folder / "a.gwy", channels, xreal=20e-9, yreal=12e-9)


def igor(folder):
    pytest.importorskip("igor2")
    layers = {"HeightTrace": HEIGHT, "HeightRetrace": BACK, "PhaseTrace": CURRENT}
    return scan_files.igor(folder / "a.ibw", layers, side=1e-9)


def simple_field(folder):
    return scan_files.simple_field(folder / "a.gsf", HEIGHT, XReal=20e-9, YReal=12e-9, XYUnits="m", ZUnits="m")


FORMATS = [nanonis, omicron, gwyddion, igor, simple_field]


@pytest.mark.parametrize("write", FORMATS)
def test_every_format_gives_heights_in_nm_as_the_surface_lies(tmp_path, write):
    scan = read(write(tmp_path))
    np.testing.assert_allclose(scan.pixels, HEIGHT * 1e9, atol=1e-6)
    assert (scan.unit, scan.pixel_size) == ("nm", pytest.approx(1.0))
    assert (scan.info_bar, scan.info_bar_source) == (None, "such a file has none")
    assert " was read" in scan.notes[-1] or " was read" in scan.notes[-2]


@pytest.mark.parametrize("write", FORMATS[:-1])
def test_the_backward_scan_lies_on_the_forward_one(tmp_path, write):
    scan = read(write(tmp_path), direction="backward")
    np.testing.assert_allclose(scan.pixels, BACK * 1e9, atol=1e-6)
    assert any("(backward)" in note for note in scan.notes)


@pytest.mark.parametrize("write", FORMATS)
def test_files_are_found_in_a_folder_and_cut_ones_refused(tmp_path, write, capfd):
    path = write(tmp_path)
    assert images_in(tmp_path) == [path]
    whole = path.read_bytes()
    for share in (0.3, 0.6, 0.95):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ImageError, match=path.name):
            read(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("write", "package"),
    [(nanonis, "nanonispy2"), (omicron, "access2thematrix"), (igor, "igor2")],
)
def test_a_missing_package_is_told_with_its_command(tmp_path, write, package, monkeypatch):
    path = write(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImageError, match=rf"needs the package {package}\. Run: pip install 'autoseg\[stm\]'"):
        read(path)


def test_damage_never_hangs(tmp_path):
    whole, rng = gwyddion(tmp_path).read_bytes(), np.random.default_rng(3)
    for _ in range(200):
        content = bytearray(whole)
        for place in rng.integers(4, 300, 3):
            content[place] = rng.integers(256)
        (tmp_path / "b.gwy").write_bytes(content)
        try:
            assert read(tmp_path / "b.gwy").pixels.ndim == 2
        except ImageError as error:
            assert "b.gwy" in str(error)


def test_a_scan_upwards_is_turned(tmp_path):
    np.testing.assert_allclose(read(nanonis(tmp_path, way="up")).pixels, HEIGHT * 1e9, atol=1e-5)


def test_a_channel_is_chosen_by_its_name(tmp_path):
    scan = read(nanonis(tmp_path), channel="current", direction="backward")
    np.testing.assert_allclose(scan.pixels, -CURRENT, atol=1e-15)
    assert scan.unit == "A"
    with pytest.raises(ImageError, match=r"a\.sxm: has no channel phase\. Choose one of Z, Current\."):
        read(tmp_path / "a.sxm", channel="phase")


@pytest.mark.parametrize(
    ("channel", "direction", "shift"),
    [(None, "forward", 0), ("Z", "backward", 1), ("Z (2)", "forward", 2), ("z (3)", "forward", 3)],
)
def test_channels_of_one_name_are_told_apart(channel, direction, shift):
    stored = [("Z", "forward"), ("Z", "backward"), ("Z", "forward"), ("z", "forward")]
    traces = [
        Trace(name, way, "nm", Frame(20.0, 12.0, "made up"), partial(np.add, HEIGHT, number))
        for number, (name, way) in enumerate(stored)
    ]
    found = picture_of(traces, Wanted(channel=channel, direction=direction))
    np.testing.assert_allclose(found.pixels, HEIGHT + shift)
    assert "there are Z, Z (2), z (3)" in found.notes[0]


def test_the_current_is_read_where_the_topography_is_flat(tmp_path):
    path = nanonis(tmp_path, np.full((12, 20), 1e-9), np.full((12, 20), 1e-9))
    scan = read(path)
    np.testing.assert_allclose(scan.pixels, CURRENT, atol=1e-15)
    assert scan.notes[0] == "Channel Z is flat: a scan at constant height."
    assert np.ptp(read(path, channel="Z").pixels) == 0


@pytest.mark.parametrize("way", ["up", "down"])
def test_lines_that_a_stopped_scan_did_not_reach_are_cut_off(tmp_path, way):
    height = HEIGHT.copy()  # upwards the last lines are those at the top; one of them was begun
    missing, begun, whole = (slice(5), 5, slice(6, None)) if way == "up" else (slice(7, None), 6, slice(6))
    height[missing] = np.nan
    height[begun, 3:] = np.nan
    scan = read(nanonis(tmp_path, height, way=way))
    np.testing.assert_allclose(scan.pixels, HEIGHT[whole] * 1e9, atol=1e-6)
    assert scan.pixel_size == pytest.approx(1.0)
    assert scan.notes[-1] == "6 of 12 lines were cut off, because the scan was stopped and lacks their values."


def test_gaps_in_the_middle_are_refused(tmp_path):
    height = HEIGHT.copy()
    height[4, 4] = np.nan
    with pytest.raises(ImageError, match=r"lacks values \(NaN\) in 1 lines in the middle"):
        read(nanonis(tmp_path, height))


def test_pixels_become_square(tmp_path):
    ramp = np.add.outer(np.arange(6) * 2.0, np.arange(30))  # nm, a plane of slope 1 where pixels are 1 x 2 nm
    sizes = {"XReal": 30, "YReal": 12, "XYUnits": "nm", "ZUnits": "nm"}
    scan = read(scan_files.simple_field(tmp_path / "a.gsf", ramp, **sizes))
    assert (scan.pixels.shape, scan.pixel_size) == ((12, 30), 1.0)
    np.testing.assert_allclose(np.diff(scan.pixels, axis=0)[1:-1], 1, atol=1e-5)
    assert "not square (1 x 2 nm)" in scan.notes[-1]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_whole_numbers_are_interpolated_as_others(dtype):
    steep = np.array([[200, 0, 100]], dtype)
    expected = np.array([[200, 150, 50, 25, 75, 100]])
    for values, found in ((steep, expected), (steep.T, expected.T)):
        between = _interpolated(values, int(values.shape[1] == 3), 6)
        assert between.dtype == dtype
        np.testing.assert_array_equal(between, found)


def test_a_turned_frame_is_told(tmp_path):
    assert "turned by 45 degrees" in read(nanonis(tmp_path, angle=45.0)).notes[-1]
    pytest.importorskip("igor2")
    for angle, told in (("-45", "turned by -45 degrees"), ("1e-05", " was read")):
        path = scan_files.igor(tmp_path / "a.ibw", {"Height": HEIGHT}, note=f"ScanAngle: {angle}\r")
        assert told in read(path).notes[-1]


def test_omicron_needs_its_settings(tmp_path):
    path = omicron(tmp_path)
    settings = tmp_path / "a_0001.mtrx"
    with pytest.raises(ImageError, match="holds the settings of an Omicron session"):
        read(settings)
    other = path.rename(tmp_path / "a--1_2.Z_mtrx")
    with pytest.raises(ImageError, match=r"is not listed in a_0001\.mtrx"):
        read(other)
    settings.unlink()
    with pytest.raises(ImageError, match=r"a--1_2\.Z_mtrx: lacks its settings, a_0001\.mtrx"):
        read(other)


def test_omicron_goes_up_and_down(tmp_path):
    pytest.importorskip("access2thematrix")
    down = np.flipud(HEIGHT)
    passes = {"forward/up": HEIGHT, "backward/up": BACK, "forward/down": down, "backward/down": -down}
    path = scan_files.omicron(tmp_path, passes)
    np.testing.assert_allclose(read(path).pixels, HEIGHT * 1e9, atol=1e-6)
    np.testing.assert_allclose(read(path, page=2).pixels, down * 1e9, atol=1e-6)
    np.testing.assert_allclose(read(path, page=2, direction="backward").pixels, -down * 1e9, atol=1e-6)
    assert (read(path).pages, read(path).notes[0][:19]) == (2, "The way up was read")


def test_a_wave_that_is_no_image_is_refused(tmp_path):
    path = igor(tmp_path)
    content = bytearray(path.read_bytes())
    content[64 + 68 : 64 + 84] = np.array([HEIGHT.size * 3, 0, 0, 0], "<i4").tobytes()
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"a\.ibw: is a wave of 720 points, and no image"):
        read(path)


def test_a_wave_of_complex_numbers_is_refused(tmp_path):
    path = igor(tmp_path)
    content = bytearray(path.read_bytes())
    content[64 + 16 : 64 + 18] = np.array([3], "<i2").tobytes()  # a complex wave of half as many columns
    content[64 + 68 : 64 + 72] = np.array([HEIGHT.shape[1] // 2], "<i4").tobytes()
    content[64 + 12 : 64 + 16] = np.array([HEIGHT.size * 3 // 2], "<i4").tobytes()
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"a\.ibw: holds complex numbers"):
        read(path)


def test_a_file_without_directions_has_no_backward_scan(tmp_path):
    with pytest.raises(ImageError, match="does not hold channel Field in the direction backward"):
        read(simple_field(tmp_path), direction="backward")


def test_an_image_has_no_channels(tmp_path):
    from PIL import Image

    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    assert "no scan" in read(tmp_path / "a.png", channel="Z").notes[-1]
    assert read(tmp_path / "a.png").notes == ()
    assert read(tmp_path / "a.png").unit is None
