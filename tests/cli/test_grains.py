"""autoseg grains: from a volume to its report, as a user calls it."""

import json

import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.cli import main
from autoseg.heads import Head
from autoseg.images.volumes.volume import open_volume
from autoseg.models.folder import save_model
from autoseg.networks import build
from autoseg.simulation.grains.packing import PackingOptions, pack
from tests.marks import predicts_once

pytestmark = predicts_once
OPTIONS = PackingOptions(radius=6, spread=0.2, fraction=0.2, touching=0.5)


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    """A folder of slices, and their labels."""
    folder = tmp_path_factory.mktemp("volume") / "slices"
    folder.mkdir()
    truth = pack((24, 48, 56), np.random.default_rng(0), OPTIONS).labels()
    for number, labels in enumerate(truth):
        tifffile.imwrite(folder / f"s{number:03}.tif", (labels > 0).astype(np.uint8))
    return folder, truth


def run(*words):
    return main(["grains", *map(str, words), "--quiet"])


def test_a_mask_becomes_grains(volume, tmp_path, capsys):
    folder, truth = volume
    assert run(folder, "--mask", "--voxel-size", 22, "--output", tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    labels = np.stack(list(open_volume(tmp_path / "slices_labels.tif")))
    assert ((labels > 0) <= (truth > 0)).all() and told["grains"] == labels.max() > 10
    table = pd.read_csv(tmp_path / "grains.csv")
    assert len(table) == labels.max() and (table.voxels == np.bincount(labels.ravel())[1:]).all()
    assert told["volume_fraction"]["value"] == pytest.approx((truth > 0).mean())
    assert pd.read_csv(tmp_path / "slices.csv").fraction.mean() == pytest.approx((truth > 0).mean())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 3 and "22 x 22 x 22 nm" in page


def test_a_network_finds_grains_within_the_memory(volume, tmp_path):
    head = Head(kind="mask")
    network = build("unet", filters=(4, 8), outputs=head.network_outputs, seed=0)
    save_model(tmp_path / "model", network, head=head, card="# Not trained.")
    arguments = (volume[0], "--model", tmp_path / "model", "--threshold", 0.45, "--format", "zarr")
    found = []
    for limit in (0.001, 1):
        assert run(*arguments, "--memory-limit", limit, "--tiles", "never", "--output", tmp_path / f"{limit}") == 0
        found.append(np.stack(list(open_volume(tmp_path / f"{limit}" / "slices_labels.zarr"))))
    np.testing.assert_array_equal(*found)
    assert open_volume(tmp_path / "1" / "slices_probability.zarr").slice(3).max() > 0


def spoil(folder, copy):
    copy.mkdir()
    for path in folder.iterdir():
        pixels = tifffile.imread(path).astype(np.float32)
        pixels[0, 0] = np.nan if path.name == "s003.tif" else 0
        tifffile.imwrite(copy / path.name, pixels)
    return copy


def test_damaged_slices_are_refused_or_listed(volume, tmp_path, capsys):
    spoilt = spoil(volume[0], tmp_path / "spoilt")
    assert run(spoilt, "--mask", "--output", tmp_path / "out") == 1
    assert "s003.tif: holds values that are not finite" in capsys.readouterr().err
    assert run(spoilt, "--mask", "--damaged", "empty", "--output", tmp_path / "out", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert [failure["file"].endswith("s003.tif") for failure in told["failures"]] == [True]
    assert told["volume_fraction"]["slices"] == 23 and "s003.tif" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(("arguments", "problem"), [
    (["nowhere", "--mask"], "nowhere: does not exist"),
    (["{folder}", "--mask", "--output", "{folder}"], "holds the slices"),
    (["{folder}", "--model", "nothing"], "neither a model folder nor a shipped model"),
    (["{folder}", "--mask", "--neck", "2"], "neck"),
    (["{folder}"], "must be told, once. Give a --model"),
    (["{folder}", "--mask", "--model", "particles"], "must be told, once"),
])  # fmt: skip
def test_what_cannot_be_is_refused(volume, tmp_path, arguments, problem, capsys):
    words = [word.format(folder=volume[0]) for word in arguments]
    assert run(*words, *([] if "--output" in words else ["--output", tmp_path / "out"])) in (1, 2)
    assert problem in capsys.readouterr().err
