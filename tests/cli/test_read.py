import json

import numpy as np
import pytest
import tifffile

from autoseg.cli import main


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
    for size in ("--pixel-size", "--read.pixel-size"):  # plain, and as in Python and TOML
        assert main(["read", str(calibrated), size, "3", "--info-bar", "2", "--json"]) == 0
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


def test_folders_and_patterns_are_read_and_each_file_once(calibrated, tmp_path, capsys):
    for given in ([tmp_path], [tmp_path / "*.tif"], [tmp_path, calibrated]):
        assert main(["read", *map(str, given), "--json"]) == 0
        assert [found["image"] for found in json.loads(capsys.readouterr().out)] == [str(calibrated)]
    assert main(["read", str(tmp_path / "*.png")]) == 1
    assert "*.png: matches no file" in capsys.readouterr().err
