"""The sample micrographs, their truth, and the script that makes both."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import autoseg
from autoseg.files import shipped
from autoseg.images.labels import read_labels

ROOT = Path(__file__).parents[1]
SCRIPT = runpy.run_path(str(ROOT / "datasets" / "make_samples.py"))
RECIPES = SCRIPT["RECIPES"]
SAMPLES = shipped("datasets") / "samples"


def test_every_recipe_has_its_micrograph_and_its_truth_and_there_is_no_other():
    assert {path.stem for path in SAMPLES.glob("*.tif")} == set(RECIPES)
    assert {path.stem.removesuffix("_labels") for path in (SAMPLES / "truth").glob("*_labels.tif")} == set(RECIPES)


def test_they_are_small():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 1_500_000


@pytest.mark.parametrize("name", RECIPES)
def test_micrograph_and_truth_show_the_same(name):
    recipe, micrograph = RECIPES[name], autoseg.read(SAMPLES / f"{name}.tif")
    labels = read_labels(SAMPLES / "truth" / f"{name}_labels.tif")
    assert micrograph.field.shape == labels.shape and micrograph.pixels.dtype.itemsize * 8 == recipe.bits
    assert micrograph.pixel_size == pytest.approx(recipe.pixel_size)
    assert (micrograph.info_bar is not None) == recipe.info_bar
    assert labels.max() == len(np.unique(labels)) - 1 > 25
    inside, outside = (float(micrograph.field[part].mean()) for part in (labels > 0, labels == 0))
    assert (inside > 1.2 * outside) if name.startswith("bright") else (outside > 1.2 * inside)


@pytest.mark.parametrize("name", ["bright_agglomerates", "dark_rods_16bit"])
def test_the_script_makes_them(name):
    """Where this fails after a change of rendering, run datasets/make_samples.py and look at what it made.

    Processors round differently in the last digit: single pixels may differ by a grey value, or lie across a rim.
    """
    pixels, labels = SCRIPT["make"](RECIPES[name])
    shipped_pixels = autoseg.read(SAMPLES / f"{name}.tif").pixels
    shipped_labels = read_labels(SAMPLES / "truth" / f"{name}_labels.tif")
    assert np.mean(labels != shipped_labels) < 1e-3
    difference = np.abs(pixels.astype(float) - shipped_pixels) / RECIPES[name].brightest
    assert pixels.dtype == shipped_pixels.dtype and np.mean(difference > 0.005) < 1e-3


def test_the_script_writes_the_same_file_again(tmp_path):
    name = "bright_dark_field"
    for folder in ("one", "other"):
        pixels, _ = SCRIPT["make"](RECIPES[name])
        SCRIPT["write"](tmp_path / folder / f"{name}.tif", pixels, RECIPES[name].pixel_size)
    assert (tmp_path / "one" / f"{name}.tif").read_bytes() == (tmp_path / "other" / f"{name}.tif").read_bytes()


def test_the_demonstration_maps_are_small_and_as_the_script_makes_them():
    script = runpy.run_path(str(ROOT / "datasets" / "make_maps.py"))
    folder, made = shipped("datasets") / "maps", script["make"]().maps
    assert sum(path.stat().st_size for path in folder.iterdir()) < 700_000
    found = autoseg.ellipsometry.read_maps(folder)
    np.testing.assert_allclose(found.delta, made.delta, atol=1e-2)
    np.testing.assert_allclose(found.psi, made.psi, atol=1e-2)
    assert found.notes == () and found.wavelengths.tolist() == made.wavelengths.tolist()
