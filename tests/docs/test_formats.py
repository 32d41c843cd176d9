"""The page of files and columns tells of every column that is written, and of none that is not."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.cli import main
from autoseg.files import shipped
from autoseg.stm.simulation.options import SurfaceOptions
from autoseg.stm.simulation.topography import draw_topography

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
ENDINGS = re.compile(r"(_low|_high)?(_(nm|px)[23]?)?(_low|_high)?$")
QUICK = ["--sizes.resamples", "100"]
WRITTEN = {
    "particles.csv": ["particles/particles.csv", "pages/particles.csv"],
    "summary.csv": ["particles/summary.csv", "pages/summary.csv"],
    "classes.csv": ["surfaces/classes.csv"],
    "summary.csv of classes": ["surfaces/summary.csv"],
    "counts.csv": ["surfaces/counts.csv"],
    "recovery.csv": ["surfaces/recovery.csv"],
    "grains.csv": ["grains/grains.csv"],
    "slices.csv": ["grains/slices.csv"],
    "spectra.csv": ["zones/spectra.csv"],
    "zones.csv": ["zones/zones.csv"],
}


def named(column):
    """Without its unit, and without the end of an interval that it tells."""
    return ENDINGS.sub("", column)


def told(heading):
    """The columns of a section of the page."""
    section = re.search(rf"^### {re.escape(heading)}$(.*?)(?=^##)", f"{PAGE}\n## ", re.MULTILINE | re.DOTALL).group(1)
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {named(column) for row in rows for column in re.findall(r"`([^`]+)`", row)}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder of the results of each verb."""
    folder = tmp_path_factory.mktemp("results")
    discs = np.zeros((3, 60, 90), np.uint16)
    for place in range(3):
        discs[:, 10 : 20 + place, 5 + 30 * place : 20 + 30 * place] = place + 1
    tifffile.imwrite(folder / "stack.tif", discs, photometric="minisblack")
    surface = draw_topography(SurfaceOptions(size=240, defects=(30, 30)), np.random.default_rng(0)).image
    tifffile.imwrite(folder / "surface.tif", surface)
    volume = np.zeros((12, 30, 30), np.uint8)
    volume[3:9, 10:20, 10:20] = 1
    np.save(folder / "volume.npy", volume)
    sample = shipped("datasets") / "samples" / "bright_spheroids.tif"
    verbs = {
        "particles": ["segment", sample, *QUICK],
        "pages": ["measure", folder / "stack.tif", "--page", "all", *QUICK],
        "surfaces": ["segment", folder / "surface.tif", "--model", "stm-si100", "--recovery", 4, "--pixel-size", 0.04],
        "grains": ["grains", folder / "volume.npy", "--mask"],
        "zones": ["cluster", shipped("datasets") / "maps", "--clusters", 2],
    }
    for name, (verb, *arguments) in verbs.items():
        assert main([verb, *map(str, arguments), "--output", str(folder / name)]) == 0
    return folder


@pytest.mark.parametrize("heading", WRITTEN)
def test_a_section_names_the_columns_of_its_file(results, heading):
    files = [pd.read_csv(results / name) for name in WRITTEN[heading]]
    assert told(heading) == {named(column) for file in files for column in file.columns}


def test_the_page_names_every_file(results):
    for path in results.glob("*/*"):
        name = re.sub(r"^(bright_spheroids|stack_p\d+|stack|surface|volume|sample)(?=_)", "NAME", path.name)
        known = name in PAGE or name.removesuffix(path.suffix) in PAGE or f"{name}/" in PAGE
        assert known, path.name
