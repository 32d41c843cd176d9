"""Workers that are killed, images that end them, and a full disk: nothing is lost, and no byte is different."""

import os
import signal
from collections import deque
from pathlib import Path

import pytest

from autoseg.batch import run, workers
from autoseg.batch.crew import Crew, Died, Finished, lead
from autoseg.batch.options import BatchOptions
from autoseg.batch.plan import divide, plan_images
from autoseg.batch.run import run_batch
from autoseg.batch.store import Store
from autoseg.errors import AutosegError
from autoseg.images.pages import Page
from tests.batch.toy import FAST, Bright, tables_of, write_image, write_images

TWO = BatchOptions(chunk=3, workers=2)


class Killing(workers.Workers):
    """Kills a worker that has a chunk, twice."""

    kills = 2

    def wait(self):
        for worker in self._workers:
            if worker.is_ready and worker.chunk is not None and Killing.kills:
                Killing.kills -= 1
                os.kill(worker.process.pid, signal.SIGKILL)
        yield from super().wait()


def test_killed_workers_and_a_poisoned_image_change_nothing_else(images, undisturbed, monkeypatch):
    poison = Path("images") / "poison.tif"
    write_image(poison, 1)
    monkeypatch.setattr(run, "Workers", Killing)
    found = run_batch(Bright(), [*images, [poison]], Path("killed"), FAST, TWO)
    assert Killing.kills == 0
    assert found.failures["file"].tolist() == ["images/broken.tif", "images/poison.tif"]
    assert found.failures["reason"][1].startswith("the process that worked on it was ended by signal 9, 3 times")
    assert len(found.images) + len(found.failures) == 11
    after = tables_of(Path("killed"))
    assert after.keys() == undisturbed.keys()
    assert {name for name in after if undisturbed[name] != after[name]} == {"failures.csv", "report.html"}
    assert not list(Path().rglob(".partial-*"))


class Unwilling(Bright):
    """Cannot be opened where it has to."""

    ends: bool

    def open(self):
        if self.ends:
            os._exit(3)
        raise AutosegError("there is no model", file="model")


@pytest.mark.parametrize(
    ("ends", "message"),
    [(True, "no worker can be started: the last one ended with exit code 3"), (False, "model: there is no model")],
)
def test_workers_that_cannot_begin_are_told(here, monkeypatch, ends, message):
    monkeypatch.setattr(workers, "TRIES", 1)
    images = write_images(Path("images"), 2)
    with pytest.raises(AutosegError, match=f"{message}.*give the same command again"):
        run_batch(Unwilling(ends=ends), images, Path("out"), FAST, BatchOptions(workers=1))
    assert not list(Path("out/batch").glob("parts/*"))


class Imagined(Crew):
    """Ends whenever a chunk holds one of these images, with all that it has."""

    def __init__(self, deadly):
        self.deadly, self.chunks, self.done, self.most = deadly, deque(), [], 0

    @property
    def has_room(self):
        return len(self.chunks) < 4

    @property
    def is_busy(self):
        return bool(self.chunks)

    def submit(self, chunk):
        self.chunks.append(chunk)
        self.most = max(self.most, len(self.chunks))

    def wait(self):
        chunk = self.chunks.popleft()
        names = {image.name for image in chunk}
        if names & self.deadly:  # all that is handed out is lost with it
            lost = [chunk, *self.chunks]
            self.chunks.clear()
            return [Died(one, "ended") for one in lost]
        self.done += sorted(names)
        return [Finished(chunk)]


def test_only_the_culprits_fail(here):
    planned = plan_images([[f"{number:03d}.tif"] for number in range(200)])
    crew, told = Imagined({"017", "018", "170"}), []
    lead(crew, divide(planned, 64), Store(Path("out")), told.append)
    assert sorted(crew.done) == [image.name for image in planned if image.name not in crew.deadly]
    failed = [row["name"] for _, rows in Store(Path("out")).committed() for row in rows]
    assert sorted(failed) == sorted(crew.deadly) and sum(told) == 200 and crew.most <= 4


def test_of_the_culprit_among_pages_the_page_is_told(here):
    planned = plan_images([[Page(Path("a.tif"), number, 8)] for number in range(1, 9)])
    lead(Imagined({"a_p003"}), divide(planned, 4), Store(Path("out")), lambda done: None)
    failed = [row for _, rows in Store(Path("out")).committed() for row in rows]
    assert [(row["file"], row["problem"][:20]) for row in failed] == [("a.tif", "page 3: the process ")]
