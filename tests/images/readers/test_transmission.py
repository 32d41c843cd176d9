"""Files of transmission microscopes: the pixels, their size, stacks, and what is cut off or no image."""

import sys
from types import SimpleNamespace

import h5py
import mrcfile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.errors import ImageError
from autoseg.images.micrograph import read
from tests.images.tem_files import DIM, Micrographs, digital_micrograph, dm_image, ncem, velox

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 60_000, (20, 30)).astype(np.uint16)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("kind", ["u1", "u2", "i2", "i4", "f4"])
def test_digital_micrograph(tmp_path, version, little, kind):
    pixels = (GREY // 256).astype(kind)
    found = read(digital_micrograph(tmp_path / f"a.dm{version}", pixels, version, little))
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.pixels.dtype == np.dtype(kind) and found.pixel_size == 0.25
    assert found.pixel_size_source == "DigitalMicrograph: Calibrations" and found.info_bar is None


def test_stacks_colours_brightness_and_units_of_digital_micrograph(tmp_path):
    stack = np.stack([GREY, GREY // 2, GREY // 3])
    path = digital_micrograph(tmp_path / "a.dm3", stack, brightness={"Origin": 5.0, "Scale": 2.0, "Units": "counts"})
    third, first = read(path, page=3), read(path)
    np.testing.assert_array_equal(third.pixels, stack[2])
    assert (third.page, third.pages) == (3, 3) and "Page 1 of 3 was read" in first.notes[0]
    assert "2 x (value - 5) counts" in first.notes[1]
    colour = RNG.integers(0, 256, (6, 7, 4), dtype=np.uint8)
    found = read(digital_micrograph(tmp_path / "b.dm3", colour, dims=({**DIM, "Units": "µm"},) * 2))
    blue, green, red = (colour[..., channel].astype(float) for channel in range(3))
    np.testing.assert_array_equal(found.pixels, np.rint(0.299 * red + 0.587 * green + 0.114 * blue))
    assert found.pixel_size == 250
    diffraction = read(digital_micrograph(tmp_path / "c.dm3", GREY, dims=({**DIM, "Units": "1/nm"},) * 2))
    assert diffraction.pixel_size is None and "1/nm" in diffraction.notes[0]
    oblong = read(digital_micrograph(tmp_path / "d.dm3", GREY, dims=(DIM, {**DIM, "Scale": 0.5})))
    assert oblong.pixel_size is None and "0.25 x 0.5 nm large, not square" in oblong.notes[0]


def test_what_digital_micrograph_holds_beside_images_is_named(tmp_path):
    cases = {
        "complex numbers": dm_image(GREY.astype(np.complex64)),
        "a spectrum": dm_image(GREY[0], dims=(DIM,)),
        "fewer pixels": {"ImageData": {**dm_image(GREY)["ImageData"], "Dimensions": {"0": 300, "1": 200}}},
        "more than max_pixels": {"ImageData": {**dm_image(GREY)["ImageData"], "Dimensions": {"0": 10**5, "1": 10**5}}},
        "not known": {"ImageData": {**dm_image(GREY)["ImageData"], "DataType": 99}},
    }
    for problem, image in cases.items():
        (tmp_path / "a.dm3").write_bytes(Micrographs().file({"ImageList": {"0": image}}))
        with pytest.raises(ImageError, match=problem):
            read(tmp_path / "a.dm3")
    (tmp_path / "a.dm3").write_bytes(Micrographs().file({"Thumbnails": {}}))
    with pytest.raises(ImageError, match="holds no image"):
        read(tmp_path / "a.dm3")
    nested: dict = {}
    for _ in range(60):
        nested = {"a": nested}
    (tmp_path / "a.dm3").write_bytes(Micrographs().file(nested))
    with pytest.raises(ImageError, match="nested too deep"):
        read(tmp_path / "a.dm3")


def test_mrc(tmp_path):
    stack = np.stack([GREY, GREY[::-1]])
    with mrcfile.new(tmp_path / "a.mrc", stack) as file:
        file.set_image_stack()
        file.voxel_size = 1.5
    found = read(tmp_path / "a.mrc", page=2)
    np.testing.assert_array_equal(found.pixels, stack[1])
    assert found.pixel_size == pytest.approx(0.15) and found.pages == 2
    with mrcfile.new(tmp_path / "b.mrc", GREY.astype(np.float32)):
        pass
    plain = read(tmp_path / "b.mrc")
    assert plain.pixel_size is None and plain.pixels.dtype == np.float32 and not plain.notes


def test_velox_and_ncem(tmp_path):
    frames = np.stack([GREY, GREY // 2], axis=2)
    found = read(velox(tmp_path / "a.emd", frames), page=2)
    np.testing.assert_array_equal(found.pixels, frames[..., 1])
    assert found.pixel_size == pytest.approx(0.2) and found.pixel_size_source == "Velox: BinaryResult.PixelSize"
    assert read(velox(tmp_path / "b.emd", frames, height=4e-10)).pixel_size is None
    stack = np.stack([GREY, GREY // 2])
    found = read(ncem(tmp_path / "c.emd", stack), page=2)
    np.testing.assert_array_equal(found.pixels, stack[1])
    assert found.pixel_size == pytest.approx(0.5)
    assert read(ncem(tmp_path / "d.emd", GREY, unit="1/nm")).pixel_size is None
    with h5py.File(tmp_path / "e.emd", "w") as file:
        file["x"] = GREY
    with pytest.raises(ImageError, match="no image that Velox or NCEM"):
        read(tmp_path / "e.emd")


def test_series_are_read_by_whoever_has_rosettasciio(tmp_path, monkeypatch):
    path = tmp_path / "a.ser"
    path.write_bytes(b"II\x97\x01" + bytes(100))
    monkeypatch.setitem(sys.modules, "rsciio.tia", None)
    with pytest.raises(ImageError, match=r"needs the package rosettasciio. Run: pip install rosettasciio"):
        read(path)
    axes = [{"scale": 1, "units": ""}, {"scale": 0.3, "units": "nm"}, {"scale": 0.3, "units": "nm"}]
    known = {"data": np.stack([GREY, GREY // 2]), "axes": axes}
    monkeypatch.setitem(sys.modules, "rsciio", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "rsciio.tia", SimpleNamespace(file_reader=lambda path: [known]))
    found = read(path, page=2)
    np.testing.assert_array_equal(found.pixels, GREY // 2)
    assert found.pixel_size == 0.3 and found.pages == 2


def made(folder):
    digital_micrograph(folder / "a.dm3", GREY)
    digital_micrograph(folder / "b.dm4", GREY, version=4)
    velox(folder / "c.emd", GREY[..., None])
    with mrcfile.new(folder / "d.mrc", GREY):
        pass
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_every_cut_gives_one_error(tmp_path):
    (tmp_path / "cut").mkdir()
    for name, content in made(tmp_path / "cut").items():
        ends = np.unique(np.linspace(1, len(content) - 20, 40).astype(int))
        for end in ends:
            (tmp_path / name).write_bytes(content[:end])
            with pytest.raises(ImageError, match=f"{name}: "):
                read(tmp_path / name)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return made(tmp_path_factory.mktemp("files")), tmp_path_factory.mktemp("damaged")


@settings(max_examples=100, derandomize=True, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_in_them_they_are_read_or_refused(files, data):
    contents, folder = files
    name = data.draw(st.sampled_from(sorted(contents)))
    content = bytearray(contents[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(len(content), 2000) - 1))] = data.draw(st.integers(0, 255))
    (folder / name).write_bytes(content)
    try:
        assert read(folder / name).pixels.size < 10**6
    except ImageError as error:
        assert error.file is not None
