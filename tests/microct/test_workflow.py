"""The workflow passes through everything, goes on where it was, and tells what is missing before it begins."""

import json

import numpy as np
import pytest
import tifffile

from autoseg.cli import main
from autoseg.errors import AutosegError, ImageError, OptionsError
from autoseg.microct.stages.prepare_slices import PrepareSlices, SlicesOptions
from autoseg.microct.workflow import Options, run
from autoseg.models.folder import load_model
from tests.marks import trains, trains_once

NUMBERS = range(0, 60, 10)  # every tenth slice of a volume


def draw(number, size=(40, 48)):
    """Attenuation of 1e-4, as reconstruction makes it, and where grains are."""
    rng, (rows, columns) = np.random.default_rng(number), np.indices(size)
    mask = np.zeros(size, bool)
    for row, column in rng.uniform(0, size, (5, 2)):
        mask |= np.hypot(rows - row, columns - column) < 7
    return ((1 + 0.5 * mask + rng.normal(0, 0.2, size)) * 1e-4).astype(np.float32), mask


def write_slices(folder):
    """Slices, and masks of another program."""
    for part in ("images", "masks", "unlabelled"):
        (folder / part).mkdir(parents=True)
    for number in NUMBERS:
        image, mask = draw(number)
        tifffile.imwrite(folder / "images" / f"scan_v2_{number:04}.tif", image)
        np.save(folder / "masks" / f"mask_{number}_inv.npy", mask.astype(np.float32))
    for number in (1, 2):
        tifffile.imwrite(folder / "unlabelled" / f"{number}.tif", 2 * draw(number)[0])
    return {name: folder / name for name in ("images", "masks", "unlabelled")}


def run_smallest(folder, capsys, *arguments):
    """The outputs of all stages, as the command prints them."""
    folders = [f"--{name}={path}" for name, path in write_slices(folder).items()]
    settings = ["--profile", "smoke", "--set", "own_processes=false", "--set", "prepare_slices.split.gap=1"]
    assert main(["run", "microct", *folders, *settings, *arguments, "--folder", str(folder / "run"), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@trains
def test_the_smallest_workflow_passes_through_everything(tmp_path, capsys):
    outputs = run_smallest(tmp_path, capsys)
    assert list(outputs) == ["prepare_slices", "simulate_slices", "train_segmenter", "teach", "score_slices"]
    scores = outputs["score_slices"]
    assert set(scores["test"]) == set(scores["validation"]) == {"supervised", "student", "teacher"}
    assert load_model(scores["model"]).config.head.kind == "mask"


@trains_once
def test_a_control_stands_beside_what_was_taught(tmp_path, capsys):
    outputs = run_smallest(tmp_path, capsys, "--control", "true")
    scores = outputs["score_slices"]
    assert set(scores["test"]) == {"supervised", "student", "teacher", "control", "control_average"}
    assert scores["copied"] is not None
    summary = (tmp_path / "run" / "06_score_slices" / "summary.md").read_text()
    assert "over the control" in summary and "copied" in summary
    pictures = sorted(path.stem for path in (tmp_path / "run" / "06_score_slices" / "pictures").iterdir())
    assert pictures == [f"{name}_00" for name in sorted(scores["test"])]


@trains_once
def test_no_label_at_all_is_enough(tmp_path):
    training = {"schedule": "cosine", "monitor": "loss", "epochs": 1}
    options = Options(profile="smoke", folder=tmp_path / "run", own_processes=False, train_segmenter=training)
    outputs = run(options)
    assert list(outputs) == ["simulate_slices", "train_segmenter", "score_slices"]
    assert outputs["score_slices"].test == {}


def prepared(folders, folder, **options):
    folder.mkdir()
    options = {"split": {"gap": 1}, **options}
    return PrepareSlices(options=SlicesOptions(**options), **folders).run(folder, np.random.default_rng(0))


def test_slices_are_shared_out(tmp_path, caplog):
    folders = write_slices(tmp_path)
    found = prepared(folders, tmp_path / "a")
    parts = json.loads((tmp_path / "a" / "split.json").read_text())
    assert [len(parts[part]) for part in ("training", "validation", "test")] == [2, 1, 1]
    assert found.held_out == (2,) and len(list((tmp_path / "a" / "unlabelled").iterdir())) == 2 + 2
    image = tifffile.imread(tmp_path / "a" / "images" / "00000.tif")
    assert image.dtype == np.uint8 and image.min() == 0 and image.max() == 255  # of attenuation around 1e-4
    named = {"method": "named", "training": ["scan_v2_0000"], "test": ["scan_v2_0010"]}
    assert prepared(folders, tmp_path / "b", split=named).held_out == ()


def spoilt(kind, folders):
    images, masks, more = folders.values()
    match kind:
        case "missing":
            (masks / "mask_0_inv.npy").unlink()
        case "two":
            np.save(masks / "scan_0.npy", np.zeros((40, 48)))
        case "shape":
            np.save(masks / "mask_20_inv.npy", np.eye(30))
        case "nan":
            tifffile.imwrite(images / "scan_v2_0010.tif", np.full((40, 48), np.nan, np.float32))
        case "unlabelled":
            tifffile.imwrite(more / "1.tif", np.full((40, 48), np.nan, np.float32))


@pytest.mark.parametrize(("kind", "problem"), [
    ("missing", r"scan_v2_0000\.tif: has no mask"),
    ("two", r"scan_v2_0000\.tif: has 2 masks: mask_0_inv.npy, scan_0.npy|scan_0.npy, mask_0_inv.npy"),
    ("shape", r"mask_20_inv\.npy: has 30 x 30 pixels, and its slice scan_v2_0020.tif has 48 x 40"),
    ("nan", r"scan_v2_0010\.tif: holds values that are not finite"),
    ("unlabelled", r"1\.tif: holds values that are not finite"),
])  # fmt: skip
def test_bad_slices_are_named(tmp_path, kind, problem):
    folders = write_slices(tmp_path)
    spoilt(kind, folders)
    split = {"method": "named", "training": [f"scan_v2_{number:04}" for number in (0, 10, 20)]}
    with pytest.raises(ImageError, match=problem):
        prepared(folders, tmp_path / "out", split=split)


def test_bad_slices_are_passed_over_as_told(tmp_path):
    folders = write_slices(tmp_path)
    spoilt("unlabelled", folders)
    spoilt("missing", folders)
    prepared(folders, tmp_path / "out", damaged="pass_over", without_mask="pass_over")
    assert "1.tif: holds values that are not finite" in (tmp_path / "out" / "passed_over.txt").read_text()


@pytest.mark.parametrize(("options", "problem"), [
    ({}, "simulate_slices.count"),
    ({"masks": "m"}, "need the"),
    ({"profile": "fast"}, "fast"),
    ({"images": "i", "masks": "m", "teach": {"averaging": 0.9}}, "averaging"),
])  # fmt: skip
def test_what_cannot_be_is_refused(options, problem):
    with pytest.raises(OptionsError, match=problem):
        Options(**options)


def test_an_empty_folder_is_told_before_anything_is_done(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(AutosegError, match="images: holds no images"):
        run(Options(images=tmp_path / "images", masks=tmp_path / "masks", folder=tmp_path / "run"))
    assert not (tmp_path / "run").exists()
