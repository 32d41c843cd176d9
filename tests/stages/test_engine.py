import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autoseg.errors import OptionsError, StageError
from autoseg.stages.engine import Run

from .toy_stages import AddUp, Double, Draw, history

NAMES = ("draw", "double", "add_up")


def make(folder, draw=None, double=None, add_up=None, **settings):
    return Run(folder, [draw or Draw(), double or Double(), add_up or AddUp()], **settings)


def total(outputs):
    return outputs["add_up"].total


@pytest.mark.parametrize("own_processes", [False, True])
def test_stages_run_in_order_and_hand_on_their_outputs(tmp_path, own_processes):
    outputs = make(tmp_path, own_processes=own_processes).execute()
    numbers = np.load(tmp_path / "01_draw" / "numbers.npy")
    assert total(outputs) == pytest.approx(2 * numbers.sum() + 3)
    assert outputs["draw"].file == tmp_path / "01_draw" / "numbers.npy"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["01_draw", "02_double", "03_add_up"]
    manifest = json.loads((tmp_path / "02_double" / "manifest.json").read_text())
    assert manifest["options"] == {"factor": 2.0} and set(manifest["files"]) == {"0.txt", "1.txt", "2.txt"}


def test_a_finished_run_is_only_read(tmp_path):
    first = total(make(tmp_path).execute())
    assert history(tmp_path) == list(NAMES)
    assert total(make(tmp_path).execute()) == first and history(tmp_path) == []


def test_the_seed_decides_whatever_else_runs(tmp_path):
    runs = [make(tmp_path / name, seed=seed).execute() for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    assert total(runs[0]) == total(runs[1]) != total(runs[2])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"draw": Draw(count=4)}, ["draw", "double", "add_up"]),
        ({"double": Double(factor=3)}, ["double", "add_up"]),
        ({"add_up": AddUp(offset=1)}, ["add_up"]),
    ],
)
def test_a_changed_option_reruns_that_stage_and_what_depends_on_it(tmp_path, change, expected):
    make(tmp_path).execute()
    history(tmp_path)
    changed = total(make(tmp_path, **change).execute())
    assert history(tmp_path) == expected
    assert changed == total(make(tmp_path / "afresh", **change).execute())


def test_a_changed_source_reruns_a_moved_one_does_not(tmp_path):
    source, moved = tmp_path / "start.txt", tmp_path / "moved.txt"
    source.write_text("0.25")
    run = tmp_path / "run"
    make(run, draw=Draw(start=source)).execute()
    history(run)
    source.rename(moved)
    make(run, draw=Draw(start=moved)).execute()
    assert history(run) == []
    moved.write_text("0.5")
    make(run, draw=Draw(start=moved)).execute()
    assert history(run) == list(NAMES)


def test_a_changed_or_missing_result_is_made_again(tmp_path):
    first = total(make(tmp_path).execute())
    history(tmp_path)
    (tmp_path / "02_double" / "1.txt").unlink()
    assert total(make(tmp_path).execute()) == first and history(tmp_path) == ["double"]


def test_a_run_can_be_moved(tmp_path):
    make(tmp_path / "here").execute()
    history(tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert make(tmp_path / "there").execute()["draw"].file.exists() and history(tmp_path / "there") == []


@pytest.mark.parametrize("own_processes", [False, True])
def test_a_failing_stage_stops_the_run_with_its_reason_and_goes_on_where_it_was(tmp_path, own_processes):
    (tmp_path / "interrupt").write_text("1 error")
    with pytest.raises(StageError, match=r"failed: numbers\.npy: the numbers are too large\. Draw smaller"):
        make(tmp_path, own_processes=own_processes).execute()
    assert history(tmp_path) == ["draw", "double"]
    started = (tmp_path / "02_double" / "0.txt").stat().st_mtime_ns
    (tmp_path / "interrupt").unlink()
    assert total(make(tmp_path).execute()) == total(make(tmp_path / "undisturbed").execute())
    assert history(tmp_path) == ["double", "add_up"]
    assert (tmp_path / "02_double" / "0.txt").stat().st_mtime_ns == started


@pytest.mark.parametrize(
    ("how", "expected"), [("crash", "ZeroDivisionError: not foreseen"), ("kill", "was ended by signal 9")]
)
def test_a_crashed_process_is_told(tmp_path, how, expected):
    (tmp_path / "interrupt").write_text(f"1 {how}")
    with pytest.raises(StageError, match=expected):
        make(tmp_path, own_processes=True).execute()
    (tmp_path / "interrupt").unlink()
    assert total(make(tmp_path).execute()) == total(make(tmp_path / "undisturbed").execute())


def test_an_interrupted_stage_with_other_options_begins_anew(tmp_path):
    (tmp_path / "interrupt").write_text("1 error")
    with pytest.raises(StageError):
        make(tmp_path).execute()
    (tmp_path / "interrupt").unlink()
    expected = total(make(tmp_path / "afresh", double=Double(factor=5)).execute())
    assert total(make(tmp_path, double=Double(factor=5)).execute()) == expected


@pytest.mark.parametrize("own_processes", [False, True])
def test_killed_for_good_it_goes_on_and_ends_the_same(tmp_path, own_processes):
    """The whole run is killed with SIGKILL in the middle of a stage; nothing of it stays behind."""
    (tmp_path / "interrupt").write_text("1 wait")
    call = f"make(Path({str(tmp_path)!r}), own_processes={own_processes}).execute()"
    code = f"from tests.stages.test_engine import *\nif __name__ == '__main__':\n    {call}"
    script = tmp_path / "script.py"
    script.write_text(code)
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, script], cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    while not (tmp_path / "waiting").exists():
        assert process.poll() is None
        time.sleep(0.05)
    with pytest.raises(StageError, match="is in use by process"):
        make(tmp_path).execute()
    process.send_signal(signal.SIGKILL)
    process.wait()
    (tmp_path / "interrupt").unlink()
    assert total(make(tmp_path).execute()) == total(make(tmp_path / "undisturbed").execute())
    assert history(tmp_path) == ["draw", "double", "double", "add_up"]


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    foreign = tmp_path / "01_draw" / "thesis.txt"
    foreign.parent.mkdir()
    foreign.write_text("precious")
    with pytest.raises(StageError, match="was not made by autoseg"):
        make(tmp_path).execute()
    assert foreign.read_text() == "precious"


def test_a_stage_without_what_it_needs_is_refused():
    with pytest.raises(OptionsError, match="stage double needs Numbers of an earlier stage draw"):
        Run("nowhere", [Double(), Draw()])
    with pytest.raises(OptionsError, match="stage draw is there twice"):
        Run("nowhere", [Draw(), Draw()])
