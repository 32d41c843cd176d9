"""From a micrograph to the page: the command line, with a shipped model, and what a reader is told in the end."""

import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from autoseg.images.labels import read_labels
from autoseg.measurement.method import number
from tests.measurement.reports import PER_IMAGE, Page, names_in

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "datasets" / "samples" / "dark_grains.tif"
EXPECTED = (
    'They were predicted by the trained model "particles" (U-Net with 16, 32, 64, 96 and 128 filters; SHA-256 of the '
    "weights {sha256}…), run by OpenVINO in 32-bit precision. For each image, it was decided automatically, by how "
    "plausible the prediction is, whether its particles are brighter or darker than their surroundings and by which "
    "factor it is magnified for the network. What was found in the reduced image was joined with that, by its scores, "
    "to find particles of all sizes. Regions with a score, the estimated probability of being a particle, below 0.45 "
    "were left out. Pixels with a foreground probability above the threshold that "
    "Otsu's method finds in each image (at least 0.1) were assigned to particles. Touching particles were separated by "
    "a watershed transform that starts from the particle cores in the network's prediction. Particles of fewer than 20 "
    "pixels were discarded."
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What `autoseg segment` writes about one sample, in a process with nothing but OpenVINO."""
    folder = tmp_path_factory.mktemp("segmented") / "out"
    environment = {**os.environ, "KERAS_BACKEND": "openvino", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "autoseg", "segment", str(SAMPLE), "--output", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return Page(folder / "report.html")


def test_the_files_are_those_of_the_image(folder):
    whole = ["batch", "particles.csv", "report.html", "run.json", "summary.csv"]
    assert names_in(folder) == sorted([*whole, *(SAMPLE.stem + ending for ending in PER_IMAGE)])
    (entry,) = json.loads((folder / "run.json").read_text("utf-8"))["inputs"]
    assert Path(entry["path"]) == SAMPLE
    assert {(folder / name).is_file() for name in entry["results"].values()} == {True}


def test_labels_tables_and_page_tell_of_the_same_particles(folder, page):
    particles, summary = pd.read_csv(folder / "particles.csv"), pd.read_csv(folder / "summary.csv")
    labels = read_labels(folder / f"{SAMPLE.stem}_labels.tif")
    size = summary["pixel_size_nm"][0]
    assert particles["label"].tolist() == np.unique(labels[labels > 0]).tolist()
    np.testing.assert_allclose(particles["area_nm2"], size**2 * np.bincount(labels.ravel())[1:])
    assert summary["particles"].tolist() == [len(particles)] * 2
    assert ["Particles found", str(len(particles))] in page.tables["overview"]
    (row,) = page.tables["images"][1:]
    assert row[:2] == [SAMPLE.name, str(len(particles))]
    assert row[6] == number(summary["number_d50_nm"][0])


def test_the_paragraph_is_one_that_a_scientist_would_write(folder, page):
    model = json.loads((folder / "run.json").read_text("utf-8"))["settings"]["model"]
    method = unescape(re.search(r'<blockquote id="method">(.*?)</blockquote>', page.content, re.DOTALL)[1])
    assert EXPECTED.format(sha256=model["weights_sha256"][:8]) in method
    assert not re.search(r"[{}\[\]_]|None|True|'[a-z_]+'", method)
    assert f"{len(pd.read_csv(folder / 'particles.csv'))} particles were found with autoseg" in method
