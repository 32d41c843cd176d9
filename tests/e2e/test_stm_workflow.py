"""The STM workflow from made-up topographies to scores, as small as it can be."""

import json

import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.cli import main
from autoseg.models.folder import load_model
from autoseg.stm.classes import surface_head
from autoseg.stm.profiles import PROFILES
from autoseg.stm.workflow import Options, run
from tests.marks import trains_once
from tests.stm.surfaces import rows

pytestmark = trains_once  # every backend trains classes with further outputs in tests of its own

TINY = {"architecture": "unet", "filters": (4, 8), "norm": "instance"}


def heights_of(seed):
    return rows(14.0, 20.0, np.random.default_rng(seed), shape=(150, 160)).heights.astype(np.float32)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, scans = (tmp_path_factory.mktemp("stm") / name for name in ("run", "scans"))
    scans.mkdir()
    for seed in range(2):
        tifffile.imwrite(scans / f"{seed}.tif", heights_of(seed))
    tifffile.imwrite(scans / "tiny.tif", np.zeros((20, 20), np.uint8))
    options = Options(
        profile="smoke",
        folder=folder,
        scans=scans,
        control=False,
        own_processes=False,
        train_segmenter={"network": TINY},
        learning_curve={"fractions": (0.5, 1.0)},
    )
    return folder, options, run(options)


def test_the_model_tells_defects_and_rows(finished):
    model = load_model(finished[2]["train_segmenter"].model)
    assert model.config.head == surface_head() and set(model.network.prediction_channels) == {"classes", "rows"}


def test_scans_are_shown_at_the_network_s_spacing_and_a_student_learns_from_them(finished):
    scans = sorted(finished[2]["prepare_scans"].unlabelled.iterdir())
    assert [round(tifffile.imread(path).shape[0] / 150, 2) for path in scans] == [pytest.approx(18 / 14, rel=0.02)] * 2
    before, after = (load_model(finished[2][name].model).network.get_weights() for name in ("train_segmenter", "teach"))
    assert any((one != other).any() for one, other in zip(before, after, strict=True))
    folders = {path.name for path in finished[2]["evaluate"].scores.parent.iterdir() if path.is_dir()}
    assert folders == {"scores", "scores_teach_teacher", "scores_teach_student"}


def test_scores_are_written_for_people_and_machines(finished):
    scores = finished[2]["evaluate"].scores
    told = json.loads((scores / "metrics.json").read_text())
    assert told["images"] == 3 and len(told["confusion_matrix"]) == 4
    assert sum(map(sum, told["confusion_matrix"])) == 3 * 96 * 96
    assert 0 < told["rows"]["accuracy"] <= 1 and set(told["objects"]) == {"1-dimer", "2-dimer", "double-dimer"}
    assert "mean IoU" in (scores / "metrics.txt").read_text()
    samples = sorted((scores / "samples").iterdir())
    assert len(samples) == 2 and imageio.imread(samples[0]).shape == (100, 296, 3)


def test_the_learning_curve_is_of_parts(finished):
    folder = finished[2]["learning_curve"].table.parent
    table = pd.read_csv(folder / "learning_curve.csv")
    assert table["training_images"].tolist() == [3, 6] and (folder / "lc_f50" / "model").is_dir()
    assert all((folder / f"learning_curve_{measure}.png").stat().st_size > 5000 for measure in ("iou", "f1"))


def test_what_is_finished_is_kept(finished):
    folder, options, _ = finished
    before = (folder / "03_train_segmenter" / "manifest.json").stat().st_mtime
    run(options)
    assert (folder / "03_train_segmenter" / "manifest.json").stat().st_mtime == before


@pytest.mark.parametrize("profile", PROFILES)
def test_all_options_can_be_written_and_read_again(profile, tmp_path, capsys):
    path = tmp_path / "options.toml"
    assert main(["run", "stm", "--profile", profile, "--write-options", str(path)]) == 0
    assert Options.from_file(path) == Options(profile=profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_any_profile_goes_on_from_a_model(profile):
    options = Options(profile=profile, train_segmenter={"start": "mine"})
    assert (
        options.train_segmenter.start == "mine"
        and options.train_segmenter.crop == Options(profile=profile).train_segmenter.crop
    )
