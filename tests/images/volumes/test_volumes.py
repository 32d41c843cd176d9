"""Volumes of every format are read lazily, with their voxel size, and bad ones give one clear error."""

import h5py
import numpy as np
import pytest
import tifffile

from autoseg.errors import ImageError, OptionsError
from autoseg.images.volumes.volume import Volume, VolumeOptions, open_volume
from autoseg.images.volumes.writing import written_slices

zarr = pytest.importorskip("zarr")
VALUES = np.random.default_rng(0).uniform(-4e-5, 7e-4, (6, 20, 30)).astype(np.float32)


def write_folder(path):
    path.mkdir()
    for number, pixels in enumerate(VALUES, start=7):  # 10 sorts before 7 as text
        tifffile.imwrite(path / f"slice_{number}.tif", pixels)


def write_hdf5(path):
    with h5py.File(path, "w") as file:
        file["entry/data"] = VALUES
        file["entry/data"].attrs["element_size_um"] = [0.05, 0.022, 0.022]
        file["entry/angles"] = np.arange(5)


def write_zarr(path):
    with written_slices(path, VALUES.shape, VALUES.dtype, (22.0, 22.0, 50.0)) as write:
        for pixels in VALUES:
            write(pixels)


WRITERS = {
    "folder": write_folder,
    "stack.tif": lambda path: tifffile.imwrite(
        path, VALUES, imagej=True, resolution=(1 / 22, 1 / 22), metadata={"spacing": 50, "unit": "nm"}
    ),
    "pages.tif": lambda path: tifffile.imwrite(path, VALUES, metadata=None),
    "array.npy": lambda path: np.save(path, VALUES),
    "file.h5": write_hdf5,
    "volume.zarr": write_zarr,
    "data.raw": lambda path: path.write_bytes(b"head" + VALUES.astype(">f4").tobytes()),
}
RAW = {"shape": VALUES.shape, "dtype": ">f4", "offset": 4}


@pytest.mark.parametrize("name", WRITERS)
def test_slices_are_those_that_were_written(tmp_path, name):
    WRITERS[name](tmp_path / name)
    volume = open_volume(tmp_path / name, **(RAW if name.endswith("raw") else {}))
    assert volume.shape == VALUES.shape
    np.testing.assert_array_equal(np.stack(list(volume)), VALUES)  # attenuation is never scaled by its type
    known = name in ("stack.tif", "file.h5", "volume.zarr")
    assert volume.voxel_size == (pytest.approx((22, 22, 50)) if known else None)
    assert open_volume(tmp_path / name, voxel_size=5, **(RAW if name.endswith("raw") else {})).voxel_size == (5, 5, 5)


def test_only_the_slice_that_is_asked_for_is_read():
    read = []
    volume = Volume("lazy", (4, 2, 2), lambda number: read.append(number) or np.zeros((2, 2)))
    volume.slice(2)
    assert read == [2]


def test_missing_slices_are_told(tmp_path):
    write_folder(tmp_path / "folder")
    (tmp_path / "folder" / "slice_9.tif").unlink()
    assert "numbers are missing: 9" in " ".join(open_volume(tmp_path / "folder").notes)


def spoilt(path, number, pixels):
    write_folder(path)
    tifffile.imwrite(path / f"slice_{number}.tif", pixels)


def test_a_slice_that_does_not_fit_is_named(tmp_path):
    spoilt(tmp_path / "size", 8, VALUES[0, :10])
    with pytest.raises(ImageError, match=r"slice_8.tif: has 30 x 10 pixels, and the others have 30 x 20"):
        list(open_volume(tmp_path / "size"))
    spoilt(tmp_path / "nan", 10, np.where(VALUES[0] > 6e-4, np.nan, VALUES[0]))
    with pytest.raises(ImageError, match=r"slice_10.tif: holds values that are not finite"):
        list(open_volume(tmp_path / "nan"))
    broken = VALUES.copy()
    broken[3, 0, 0] = np.inf
    np.save(tmp_path / "array.npy", broken)
    with pytest.raises(ImageError, match=r"array.npy: slice 4 holds 1 values that are not finite"):
        list(open_volume(tmp_path / "array.npy"))


def empty_folder(path):
    path.mkdir()


def two_datasets(path):
    with h5py.File(path, "w") as file:
        file["a"], file["b"] = VALUES, VALUES


@pytest.mark.parametrize(("name", "write", "options", "problem"), [
    ("nowhere.tif", lambda path: None, {}, "does not exist"),
    ("empty", empty_folder, {}, "holds no images"),
    ("one.tif", lambda path: tifffile.imwrite(path, VALUES[0]), {}, "holds one slice"),
    ("flat.npy", lambda path: np.save(path, VALUES[0]), {}, "three dimensions"),
    ("bad.npy", lambda path: path.write_bytes(b"no"), {}, "is no array"),
    ("a.raw", WRITERS["data.raw"], {}, "does not tell its shape and type"),
    ("b.raw", WRITERS["data.raw"], RAW | {"offset": 0}, "has 14404 bytes, and 6 x 20 x 30 values of >f4 are 14400"),
    ("c.raw", WRITERS["data.raw"], RAW | {"dtype": "voxels"}, 'type "voxels"'),
    ("two.h5", two_datasets, {}, "holds 2 volumes. Choose with dataset one of a, b"),
    ("two.h5", two_datasets, {"dataset": "c"}, 'has no volume "c"'),
    ("bad.h5", lambda path: path.write_bytes(b"no"), {}, "is no HDF5"),
    ("notes.txt", lambda path: path.write_text("no"), {}, "is no volume"),
])  # fmt: skip
def test_what_is_no_volume_is_refused(tmp_path, name, write, options, problem):
    write(tmp_path / name)
    with pytest.raises(ImageError, match=f"{name}: .*{problem}"):
        open_volume(tmp_path / name, **options)


def test_voxels_have_a_size():
    with pytest.raises(OptionsError, match="voxel_size"):
        VolumeOptions(voxel_size=0)


def test_nothing_is_left_of_what_failed(tmp_path):
    for name in ("a.tif", "a.zarr"):
        with (
            pytest.raises(ZeroDivisionError),
            written_slices(tmp_path / name, (2, 3, 4), np.dtype("u1"), None) as write,
        ):
            write(np.zeros((3, 4), np.uint8))
            1 / 0  # noqa: B018
    assert not list(tmp_path.iterdir())
