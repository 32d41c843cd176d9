"""What holds for every verb: help, exit codes, options from files, what goes to which stream."""

import logging
import os
import signal
import subprocess
import sys
import time

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

import autoseg
from autoseg.backends import installed_backends
from autoseg.cli import commands, main
from autoseg.cli.verbs import VERBS

IMPORT_KERAS = {"segment", "demo", "export"}
SPAWNED = {**os.environ, "KERAS_BACKEND": ""}


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.arange(20, dtype=np.uint8).reshape(4, 5))
    return path


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"autoseg {autoseg.__version__}"


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_the_overview_names_every_verb_and_imports_none(arguments, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["autoseg", *arguments])
    modules = {f"autoseg.cli.{verb.name}" for verb in VERBS}
    before = modules & set(sys.modules)
    assert main() == 0
    overview = capsys.readouterr().out
    assert all(f"│ {verb.name} " in overview for verb in VERBS)
    assert modules & set(sys.modules) == before


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.name not in IMPORT_KERAS], ids=lambda verb: verb.name)
def test_the_help_of_a_verb_has_an_example_that_is_understood(verb, capsys):
    assert main([verb.name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Example: {verb.example}" in " ".join(text.split()) and "--quiet" in text
    commands.parse_args(verb.example.split()[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["read", "a.tif", "--pag", "2"], "Did you mean --page?"),
        (["read", "a.tif", "--page", "x"], '"page" must be a valid integer'),
        (["read", "a.tif", "--pixel-size", "-3"], "\"pixel_size\" must be greater than 0, not '-3'"),
        (["read"], "requires an argument"),
        (["read", "--quite", "a.tif"], "Unknown option"),
        (["doctor", "now"], "now"),
    ],
)
def test_wrong_usage_is_explained_with_exit_code_2(arguments, expected, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert expected in captured.err and "Traceback" not in captured.err and not captured.out
    assert captured.err.endswith(f"Try: autoseg {arguments[0]} --help\n")


def test_an_unknown_verb_tells_the_nearest(capsys):
    assert main(["raed", "a.tif"]) == 2
    assert 'Did you mean "read"?' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [("o.toml", "pixel_size = 3.5"), ("o.toml", "[read]\npixel_size = 3.5"), ("o.json", '{"pixel_size": 3.5}')],
)
def test_options_come_from_a_file_and_the_command_line_goes_before(image, tmp_path, capsys, name, text):
    (tmp_path / name).write_text(text)
    assert main(["read", str(image), "--options", str(tmp_path / name)]) == 0
    assert "3.5 nm (given)" in capsys.readouterr().out
    assert main(["read", "--options", str(tmp_path / name), str(image), "--pixel-size", "7"]) == 0
    assert "7 nm (given)" in capsys.readouterr().out
    assert main(["read", str(image)]) == 0
    assert "unknown (no calibration" in capsys.readouterr().out  # nothing is left of the file


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("o.toml", "pixel_sise = 3", "Did you mean --pixel-size?"),
        ("o.toml", "[evaluate]\nkind = 1", "[evaluate]"),
        ("o.toml", "pixel_size = -3", '"pixel_size" must be greater than 0'),
        ("o.toml", "pixel_size =", "o.toml: is not valid TOML"),
        ("o.json", "{", "o.json: is not valid JSON"),
        ("o.txt", "", "o.txt: options are read from .toml and .json files only"),
        (None, "", "nowhere.toml: cannot be read (No such file"),
    ],
)
def test_a_wrong_options_file_is_explained(image, tmp_path, capsys, name, text, expected):
    if name:
        (tmp_path / name).write_text(text)
    assert main(["read", str(image), "--options", str(tmp_path / (name or "nowhere.toml"))]) == 2
    captured = capsys.readouterr()
    assert expected in captured.err and not captured.out


def test_the_log_goes_to_standard_error_as_asked(tmp_path, capsys):
    path = tmp_path / "colours.png"
    imageio.imwrite(path, np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    logger = logging.getLogger("autoseg")
    before = logger.level, list(logger.handlers)
    for extra, expected in (["--verbose"], True), ([], False), (["--quiet"], False):
        assert main(["read", str(path), *extra]) == 0
        captured = capsys.readouterr()
        assert (f"autoseg: {path}: Colours were converted" in captured.err) == expected
        assert "4 x 4 px" in captured.out
    assert (logger.level, logger.handlers) == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path, capsys):
    (tmp_path / "file").touch()
    mask = np.zeros((9, 9), np.uint8)
    mask[2:5, 2:5] = 255
    imageio.imwrite(tmp_path / "mask.png", mask)
    given = [str(tmp_path / "mask.png")]
    assert main(["evaluate", *given, *given, "--output", str(tmp_path / "file" / "deeper")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_whoever_stops_reading_is_left_in_peace(image):
    command = [sys.executable, "-m", "autoseg", "read", *[str(image)] * 2, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=SPAWNED) as process:
        process.stdout.close()
        assert process.wait() == 1 and not process.stderr.read()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_stops_with_130_and_leaves_no_half_written_file(tmp_path):
    outlines, output = tmp_path / "outlines", tmp_path / "output"
    outlines.mkdir()
    image = np.zeros((32, 32), np.uint8)
    image[8:24, 8:24] = 255
    imageio.imwrite(outlines / "a.png", image)
    command = [sys.executable, "-m", "autoseg", "simulate", "sem", "--outlines", outlines, "--output", output]
    process = subprocess.Popen(
        [*command, "--count", "10000"],
        stderr=subprocess.PIPE,
        text=True,
        env=SPAWNED,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores Ctrl-C
    )
    while process.poll() is None and not list(output.glob("*_labels.tif")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "autoseg: stopped\n" and process.returncode == 130
    for path in output.glob("*.tif"):
        assert tifffile.imread(path).shape == (384, 384)


CHOICES = [({}, "openvino"), ({"KERAS_BACKEND": ""}, "openvino"), ({"KERAS_BACKEND": "jax"}, "jax")]


@pytest.mark.parametrize(("given", "expected"), CHOICES)
def test_verbs_that_only_infer_take_the_embedded_engine_unless_another_backend_is_chosen(given, expected):
    assert "openvino" in installed_backends()
    code = (
        "from autoseg.cli import main; import os; main(['--quiet', 'segment', 'x.tif', '--model', 'none', '--output', "
        "'o']); print(os.environ['KERAS_BACKEND'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"} | given
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == [expected] and "none: is neither a model folder" in result.stderr
