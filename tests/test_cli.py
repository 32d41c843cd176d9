"""The command line as a user runs it: main() with arguments, its output, its exit code."""

import json
import os
import subprocess
import sys

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

import autoseg
from autoseg.cli import main
from autoseg.images.labels import read_labels


@pytest.fixture
def calibrated(tmp_path):
    path = tmp_path / "größe 1.tif"
    tifffile.imwrite(path, np.arange(20, dtype=np.uint16).reshape(4, 5), imagej=True, resolution=(400, 400),
                     metadata={"unit": "um"})  # fmt: skip
    return path


def test_read_shows_size_depth_and_calibration(calibrated, capsys):
    assert main(["read", str(calibrated)]) == 0
    output = capsys.readouterr().out
    assert "größe 1.tif" in output and "5 x 4 px, uint16" in output
    assert "2.5 nm (ImageJ" in output and "info bar    none" in output


def test_options_on_the_command_line_are_those_of_the_class(calibrated, capsys):
    assert main(["read", str(calibrated), "--pixel-size", "3", "--info-bar", "2", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["pixel_size_nm"], found["pixel_size_source"], found["info_bar_row"]) == (3.0, "given", 2)


def test_one_bad_file_is_named_and_the_rest_goes_on(calibrated, tmp_path, capsys):
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"II*\0")
    assert main(["read", str(bad), str(calibrated)]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"autoseg: {bad}: ") and captured.err.count("\n") == 1
    assert str(calibrated) in captured.out
    assert main(["read", str(bad)]) == 1 and not capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["read", "a.tif", "--pag", "2"], "Did you mean --page?"),
        (["read", "a.tif", "--page", "x"], '"page" must be a valid integer'),
        (["read", "a.tif", "--pixel-size", "-3"], "\"pixel_size\" must be greater than 0, not '-3'"),
        (["read"], "requires an argument"),
        (["raed", "a.tif"], 'Did you mean "read"?'),
        (["doctor", "now"], "now"),
    ],
)
def test_wrong_usage_is_explained_with_exit_code_2(arguments, expected, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert expected in captured.err and "Traceback" not in captured.err and not captured.out


def test_help_names_every_command_with_an_example(capsys):
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for command in ("demo", "doctor", "models", "read", "simulate"):
        assert command in overview
        assert main([command, "--help"]) == 0
        assert f"autoseg {command}" in capsys.readouterr().out


@pytest.fixture
def outlines(tmp_path):
    folder = tmp_path / "outlines"
    folder.mkdir()
    for name, (height, width) in {"a.png": (20, 14), "b.tif": (12, 12)}.items():
        image = np.zeros((32, 32), np.uint8)
        image[5 : 5 + height, 6 : 6 + width] = 255
        imageio.imwrite(folder / name, image)
    return folder


def test_simulate_writes_masks_and_labels_that_agree(outlines, tmp_path, capsys):
    few = ["--outlines", str(outlines), "--size", "64", "96", "--particles", "20", "30"]
    assert main(["simulate", *few, "--count", "3", "--output", str(tmp_path / "a")]) == 0
    names = [f"{number:05}_{kind}.tif" for number in range(3) for kind in ("labels", "mask")]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    mask, labels = (
        autoseg.read(tmp_path / "a" / "00001_mask.tif").pixels,
        read_labels(tmp_path / "a" / "00001_labels.tif"),
    )
    assert mask.shape == labels.shape == (64, 96) and set(np.unique(mask)) == {0, 255} and labels.max() > 5
    assert (labels[mask > 0] > 0).all()
    assert main(["simulate", *few, "--count", "2", "--output", str(tmp_path / "b")]) == 0
    same = [read_labels(tmp_path / folder / "00001_labels.tif") for folder in "ab"]
    np.testing.assert_array_equal(*same)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--max-overlap", "1.5"], 2, '"max_overlap" must be less than or equal to 1'),
        (["--particles", "9", "3"], 2, '"particles" must be the lowest and the highest value, in this order'),
        (["--size", "8", "8"], 2, "do not fit into masks of 8 x 8 pixels. Ask for smaller particles"),
        (["--outlines", "nowhere"], 1, "nowhere: is not a folder"),
    ],
)
def test_simulate_refuses_what_cannot_be(outlines, tmp_path, capsys, arguments, code, expected):
    given = [] if "--outlines" in arguments else ["--outlines", str(outlines)]
    assert main(["simulate", *given, *arguments, "--output", str(tmp_path / "out")]) == code
    assert expected in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"autoseg {autoseg.__version__}"


def test_models_lists_what_is_shipped(capsys):
    assert main(["models", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_demo_reads_the_samples_from_any_folder(tmp_path):
    """With OpenVINO, the engine that every installation has."""
    environment = {**os.environ, "KERAS_BACKEND": "openvino"}
    command = [sys.executable, "-m", "autoseg", "demo"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    for expected in (
        "backend                 openvino",
        "bright_spheroids.tif",
        "from row 480",
        "5 nm (ImageJ",
        "0.8 nm",
    ):
        assert expected in result.stdout
