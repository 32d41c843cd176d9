"""Images as OME-Zarr, a folder each: of full resolution, with their pixel size; the other axes are pages."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from autoseg.cli import main
from autoseg.errors import ImageError
from autoseg.images.folders import images_in
from autoseg.images.micrograph import read
from autoseg.images.ome_zarr import is_zarr

zarr = pytest.importorskip("zarr", reason="OME-Zarr is read by zarr")
PIXELS = np.arange(2 * 3 * 8 * 9, dtype=np.uint16).reshape(2, 3, 8, 9)


def write(path, version=2, pixels=PIXELS, unit="micrometer", scale=(0.002, 0.002)):
    """As OME-Zarr 0.4 (Zarr 2) or 0.5 (Zarr 3) has it, with a second, coarser resolution."""
    names = "tczyx"[-pixels.ndim :] if pixels.ndim != 4 else "tcyx"
    axes = [{"name": name} | ({"type": "space", "unit": unit} if name in "xy" and unit else {}) for name in names]
    resolutions = []
    group = zarr.open_group(str(path), mode="w", zarr_format=version)
    for number, step in enumerate((1, 2)):
        part = pixels[..., ::step, ::step]
        array = group.create_array(str(number), shape=part.shape, chunks=part.shape, dtype=part.dtype)
        array[:] = part
        factors = [1.0] * (pixels.ndim - 2) + [step * one for one in scale]
        resolutions.append({"path": str(number), "coordinateTransformations": [{"type": "scale", "scale": factors}]})
    told = {"multiscales": [{"axes": axes, "datasets": resolutions, "version": "0.4"}]}
    group.attrs.update(told if version == 2 else {"ome": told})
    return path


@pytest.mark.parametrize("version", [2, 3])
def test_the_full_resolution_is_read_page_by_page_with_its_pixel_size(tmp_path, version):
    path = write(tmp_path / "a.ome.zarr", version)
    first, last = read(path), read(path, page=6)
    assert np.array_equal(first.pixels, PIXELS[0, 0]) and np.array_equal(last.pixels, PIXELS[1, 2])
    assert (first.page, first.pages, last.page) == (1, 6, 6) and first.notes[0].startswith("Page 1 of 6 was read")
    assert first.pixel_size == pytest.approx(2.0) and first.pixel_size_source == "OME-Zarr coordinate transformation"
    with pytest.raises(ImageError, match=r"a\.ome\.zarr: has no page 7\. Choose a page from 1 to 6"):
        read(path, page=7)


@pytest.mark.parametrize(
    ("changed", "size", "note"),
    [
        ({"unit": None}, None, ""),
        ({"scale": (0.002, 0.003)}, None, "not square"),
        ({"unit": "angstrom"}, 0.0002, ""),
        ({"unit": "meter", "scale": (2e-9, 2e-9)}, 2.0, ""),
    ],
)
def test_only_a_size_that_is_told_counts(tmp_path, changed, size, note):
    found = read(write(tmp_path / "a.zarr", pixels=PIXELS[0, 0], **changed))
    assert found.pixel_size == (None if size is None else pytest.approx(size)) and note in " ".join(found.notes)


def test_what_scales_all_resolutions_counts_on_top(tmp_path):
    path = write(tmp_path / "a.zarr", scale=(0.5, 0.5))
    group = zarr.open_group(str(path), mode="r+")
    told = dict(group.attrs["multiscales"][0])
    group.attrs["multiscales"] = [
        told | {"coordinateTransformations": [{"type": "scale", "scale": [3.0, 1.0, 0.004, 0.004]}]}
    ]
    assert read(path).pixel_size == pytest.approx(2.0)


def test_an_array_alone_is_an_image_without_a_size(tmp_path):
    zarr.save_array(str(tmp_path / "a.zarr"), PIXELS[0, 0])
    assert np.array_equal(read(tmp_path / "a.zarr").pixels, PIXELS[0, 0])


def test_it_is_an_image_of_a_folder_and_no_folder_of_images(tmp_path, capsys):
    labels = np.zeros((40, 50), np.uint16)
    labels[10:20, 10:30] = 1
    folder = tmp_path / "images"
    folder.mkdir()
    write(folder / "a.zarr", pixels=labels)
    (folder / "other").mkdir()
    assert images_in(folder) == [folder / "a.zarr"] and is_zarr(folder / "a.zarr") and not is_zarr(folder)
    for given in (folder, folder / "a.zarr"):
        assert main(["measure", str(given), "--output", str(tmp_path / "out"), "--anew"]) == 0
        assert pd.read_csv(tmp_path / "out" / "particles.csv")["area_px2"].tolist() == [200]
    write(folder / "a.zarr", pixels=np.pad(labels, 3))
    assert main(["measure", str(folder), "--output", str(tmp_path / "out")]) == 0
    assert "1 of 1 image" not in capsys.readouterr().err  # it has changed


def chunk_of(path):
    return next(one for one in (path / "0").rglob("*") if one.is_file() and not one.name.startswith("."))


def damaged(path, how):
    match how:
        case "no pixels":
            chunk_of(path).unlink()
        case "no array":
            shutil.rmtree(path / "0")
        case "huge":
            about = json.loads((path / "0" / ".zarray").read_text())
            (path / "0" / ".zarray").write_text(json.dumps(about | {"shape": [10**6, 10**6], "chunks": [10**6, 10**6]}))
        case "broken":
            (path / "0" / ".zarray").write_text("{")
        case "cut":
            chunk_of(path).write_bytes(chunk_of(path).read_bytes()[:20])
    return path


@pytest.mark.parametrize("how", ["no pixels", "no array", "huge", "broken", "cut"])
def test_what_is_damaged_is_one_error_by_its_name(tmp_path, how):
    with pytest.raises(ImageError, match=r"a\.zarr: "):
        read(damaged(write(tmp_path / "a.zarr", pixels=PIXELS[0, 0]), how))


def test_a_group_without_an_image_is_refused(tmp_path):
    zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=2)
    with pytest.raises(ImageError, match=r"a\.zarr: holds no image, by OME's metadata"):
        read(tmp_path / "a.zarr")
