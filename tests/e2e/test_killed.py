"""Killed at the start and end of every stage, and within each training, a run ends as if nothing had happened."""

import json
import multiprocessing
import os
import signal
from itertools import product

from autoseg.sem.workflow import Options, run, stages_of
from autoseg.stages import engine
from autoseg.stages.manifest import MANIFEST, STARTED
from autoseg.training.callbacks import Checkpoint
from tests.marks import trains_once
from tests.simulation.particles.scenes import write_outlines, write_scenes

pytestmark = trains_once  # the exact resume of each trainer is tested on every backend

DATED = {"report.html", "run.json"}


def options(folder, name):
    return Options(
        profile="smoke",
        images=folder / "images",
        outlines=folder / "outlines",
        folder=folder / name,
        own_processes=False,
    )


def kill(_=None):
    os.kill(os.getpid(), signal.SIGKILL)


def attempt(folder, stage, where):
    """Run until `where` ("begin", "end" or "epoch") in `stage`, and no further."""
    os.environ["PYTHONHASHSEED"] = "0"
    before = engine.write_json

    def write(path, content):
        if content["stage"] == stage and path.name == MANIFEST and where == "end":
            kill()
        before(path, content)
        if content["stage"] == stage and path.name == STARTED and where == "begin":
            kill()

    def save(checkpoint, epoch, logs=None):
        saved(checkpoint, epoch, logs)
        if where == "epoch" and stage in str(checkpoint.path):
            kill()

    saved, Checkpoint.on_epoch_end, engine.write_json = Checkpoint.on_epoch_end, save, write
    run(options(folder, "killed"))


def files(folder):
    manifests = {path.parent.name: json.loads(path.read_text()) for path in sorted(folder.glob("*/manifest.json"))}
    return {
        (stage, name): content
        for stage, manifest in manifests.items()
        for name, content in manifest["files"].items()
        if name.rpartition("/")[2] not in DATED
    }


def test_killed_for_good_at_any_place_it_ends_the_same(tmp_path):
    write_scenes(tmp_path, 1)
    write_outlines(tmp_path)
    context = multiprocessing.get_context("forkserver")  # imports only once, and then copies of that are killed
    context.set_forkserver_preload(["tests.e2e.test_killed"])
    names = [stage.name for stage in stages_of(options(tmp_path, "killed")) if stage is not None]
    for name, where in product(names, ("begin", "epoch", "end")):
        if where == "epoch" and "train" not in name:
            continue
        process = context.Process(target=attempt, args=(tmp_path, name, where))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"{name} was not killed at its {where}"
    run(options(tmp_path, "killed"))
    run(options(tmp_path, "undisturbed"))
    expected, found = files(tmp_path / "undisturbed"), files(tmp_path / "killed")
    assert found.keys() == expected.keys()
    assert [key for key in expected if found[key] != expected[key]] == []
