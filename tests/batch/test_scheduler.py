"""Workers of a Dask scheduler, some of which end: nothing is lost, and no byte is different."""

import os
import signal
from pathlib import Path

import pytest

from autoseg.batch import scheduler
from autoseg.batch.options import BatchOptions
from autoseg.batch.run import run_batch
from autoseg.cli import main
from autoseg.errors import AutosegError, OptionsError
from tests.batch.toy import FAST, Bright, tables_of, write_image

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    import dask

    quiet = {"distributed.scheduler.allowed-failures": 0, "distributed.logging.distributed": "critical"}
    with (
        dask.config.set(quiet),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as started,
    ):
        yield started


class Killing(scheduler.Scheduled):
    """Kills a worker as soon as there is work."""

    kills = 1

    def submit(self, chunk):
        super().submit(chunk)
        while self.kills:
            self.kills -= 1
            os.kill(next(iter(CLUSTER[0].workers.values())).pid, signal.SIGKILL)


CLUSTER = []


def test_killed_workers_and_a_poisoned_image_change_nothing_else(images, undisturbed, cluster, monkeypatch):
    CLUSTER[:] = [cluster]
    poison = Path("images") / "poison.tif"
    write_image(poison, 1)
    monkeypatch.setattr("autoseg.batch.run.Scheduled", Killing)
    monkeypatch.setattr("autoseg.batch.crew.TRIES", 1)  # workers take seconds to start
    options = BatchOptions(chunk=3, scheduler=cluster.scheduler_address)
    found = run_batch(Bright(), [*images, [poison]], Path("out"), FAST, options)
    assert found.failures["file"].tolist() == ["images/broken.tif", "images/poison.tif"]
    after = tables_of(Path("out"))
    assert after.keys() == undisturbed.keys()
    assert {name for name in after if undisturbed[name] != after[name]} == {"failures.csv", "report.html"}


def test_without_any_worker_it_ends_with_a_sentence(images, monkeypatch):
    monkeypatch.setattr(scheduler, "PATIENCE", 0.0)
    monkeypatch.setattr(scheduler, "_STEP", 0.05)
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, silence_logs=50) as empty:
        options = BatchOptions(chunk=3, scheduler=empty.scheduler_address)
        with pytest.raises(AutosegError, match=r"has had no worker for .* Left are 10 images in 4 chunks"):
            run_batch(Bright(), images, Path("out"), FAST, options)


def test_a_scheduler_that_does_not_answer(images, capsys, monkeypatch):
    with pytest.raises(OptionsError, match="must be an address"):
        BatchOptions(scheduler="127.0.0.1:8786")
    with pytest.raises(OptionsError, match="give one of them"):
        BatchOptions(scheduler="tcp://127.0.0.1:1", workers=2)
    monkeypatch.setattr(scheduler, "_TIMEOUT", 0.5)
    given = ["measure", "images", "--output", "out", "--scheduler", "tcp://127.0.0.1:1"]
    assert main(given) == 1
    assert "no scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err
