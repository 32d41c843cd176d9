"""A batch in this process: the same files as a report at once, however often it is stopped, continued and changed."""

import errno
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

import autoseg
from autoseg.batch import plan, store
from autoseg.batch.options import BatchOptions
from autoseg.batch.run import run_batch
from autoseg.errors import AutosegError, ImageError, OptionsError, StageError
from autoseg.files import written_whole
from tests.batch.toy import FAST, Bright, tables_of, write_image, write_images

IN_THREES = BatchOptions(chunk=3)


class Counting(Bright):
    """Tells which images it was asked for, and can be stopped."""

    def _find(self, images):
        for image, found in zip(images, super()._find(images), strict=True):
            SEEN.append(image.name)
            if len(SEEN) == STOP_AT.get("image"):
                raise KeyboardInterrupt
            yield found


SEEN: list[str] = []
STOP_AT: dict[str, int] = {}


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()
    STOP_AT.clear()


def test_a_batch_is_what_a_report_at_once_is(images, undisturbed):
    planned = plan.plan_images(images)
    paths = [path for (path,) in images]
    found = autoseg.report(
        Bright().open()(planned), Path("at_once"), FAST, inputs=paths, provenance=Bright().describe()
    )
    at_once = tables_of(Path("at_once"))
    assert at_once.keys() == undisturbed.keys() and len(at_once) == 2 * 9 + 4
    assert at_once == undisturbed
    assert len(found.failures) == 1 and len(found.particles) == len(pd.read_csv(Path("at_once") / "particles.csv"))


def test_a_finished_batch_does_nothing_again_but_tables_and_report(images, undisturbed, caplog):
    folder = Path("undisturbed")
    for name in ("particles.csv", "report.html"):
        (folder / name).unlink()
    labels = (folder / "px_labels.tif").stat().st_mtime_ns
    run_batch(Counting(), images, folder, FAST)
    assert SEEN == [] and tables_of(folder) == undisturbed
    assert (folder / "px_labels.tif").stat().st_mtime_ns == labels
    assert "10 of 10 images are done already" in caplog.text


@pytest.mark.parametrize("stop", [1, 5, 8])
def test_what_was_interrupted_goes_on(images, undisturbed, stop):
    STOP_AT["image"] = stop
    with pytest.raises(KeyboardInterrupt):
        run_batch(Counting(), images, Path("out"), FAST, IN_THREES)
    assert not (Path("out") / "report.html").exists()
    run_batch(Counting(), images, Path("out"), FAST, BatchOptions(chunk=2))
    assert len(SEEN) == 10 + 1  # only the image at which it was stopped is seen again
    assert tables_of(Path("out")) == undisturbed


def test_other_options_are_refused_in_one_sentence(images, undisturbed):
    folder = Path("undisturbed")
    other = FAST.changed(keep=("circularity > 0.5",), title="Another title")
    with pytest.raises(OptionsError) as refused:
        run_batch(Bright(threshold=121), images, folder, other)
    assert "in which evaluation.threshold was 100, not 121, keep was , not circularity > 0.5." in str(refused.value)
    assert "--anew" in str(refused.value) and tables_of(folder) == undisturbed
    run_batch(Counting(), images, folder, FAST.changed(title="Another title"))
    assert SEEN == [] and "Another title" in (folder / "report.html").read_text("utf-8")
    run_batch(Bright(threshold=121), images, folder, other, BatchOptions(anew=True))
    run_batch(Bright(threshold=121), images, Path("fresh"), other)
    assert tables_of(folder) == tables_of(Path("fresh"))


def test_failed_images_are_tried_again_only_if_asked_for(images, undisturbed):
    folder = Path("undisturbed")
    run_batch(Counting(), images, folder, FAST)
    assert SEEN == []
    run_batch(Counting(), images, folder, FAST, BatchOptions(retry_failed=True))
    assert SEEN == ["broken"] and tables_of(folder) == undisturbed


def test_changes_of_files_are_noticed(images, undisturbed, caplog):
    folder = Path("undisturbed")
    os.utime(images[2][0], ns=(1, 1))  # touched, but the same
    write_image(images[1][0], 3)
    write_image(Path("images") / "broken.tif", 2)
    write_image(Path("images") / "aaa.tif", 5)
    (folder / "image_004_rois.zip").unlink()
    (Path("images") / "image_007.tif").unlink()
    now = sorted([path] for path in (Path("images")).iterdir())
    run_batch(Counting(), now, folder, FAST)
    assert SEEN == ["aaa", "broken", "image_000", "image_004"]
    assert "image_000.tif" in caplog.text and "image_002" not in caplog.text
    run_batch(Bright(), now, Path("fresh"), FAST)
    found, fresh = tables_of(folder), tables_of(Path("fresh"))
    left = {"image_007_labels.tif", "image_007_rois.zip"}
    assert found.keys() - fresh.keys() == left and {name: found[name] for name in fresh} == fresh


def test_a_full_disk_ends_it_with_a_sentence_and_leaves_whole_files(images, undisturbed, monkeypatch):
    written = count()

    def full(path, *arguments):
        if next(written) == 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return written_whole(path, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr("autoseg.images.labels.written_whole", full)
        with pytest.raises(AutosegError, match=r"No space left.*give the same command again"):
            run_batch(Bright(), images, Path("out"), FAST, IN_THREES)
    assert not list((Path("out")).rglob(".partial-*"))
    run_batch(Counting(), images, Path("out"), FAST)
    assert SEEN[0] != "broken" and tables_of(Path("out")) == undisturbed


def test_a_part_without_its_last_file_counts_for_nothing(images, undisturbed, monkeypatch):
    def full(path):
        if str(path).endswith(".jsonl"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return written_whole(path)

    with monkeypatch.context() as patched:
        patched.setattr(store, "written_whole", full)
        with pytest.raises(AutosegError, match="No space left"):
            run_batch(Bright(), images, Path("out"), FAST)
    run_batch(Counting(), images, Path("out"), FAST)
    assert len(SEEN) == 10 and tables_of(Path("out")) == undisturbed


def test_an_error_that_nobody_thought_of_is_a_failure_of_one_image(here):
    images = write_images(Path("images"), 3, bug=True)
    found = run_batch(Bright(), images, Path("out"), FAST)
    assert [image.name for image in found.images] == ["image_000", "image_001", "image_002"]
    assert found.failures["reason"].tolist() == ["failed unexpectedly (ZeroDivisionError: of all things)"]


class Unsteady(Bright):
    """A server that answers at the third time, or never."""

    answers: bool

    def _find(self, images):
        for image in images:
            SEEN.append(image.name)
            if SEEN.count("image_001") < (3 if self.answers else 99) and image.name == "image_001":
                yield _unanswered(image.path)
            else:
                yield from super()._find([image])


def _unanswered(path):
    try:
        raise OSError(errno.ESTALE, "Stale file handle")
    except OSError as error:
        failed = ImageError("cannot be read (Stale file handle)", file=path)
        failed.__cause__ = error
        return failed


@pytest.mark.parametrize("answers", [True, False])
def test_what_may_pass_is_tried_three_times(here, answers):
    images = write_images(Path("images"), 3)
    found = run_batch(Unsteady(answers=answers), images, Path("out"), FAST)
    assert SEEN.count("image_001") == 3 and SEEN.count("image_002") == 1
    assert len(found.images) == 3 - len(found.failures) == (3 if answers else 2)


def test_two_at_once_in_one_folder_are_refused(images):
    class Nested(Bright):
        def open(self):
            with pytest.raises(StageError, match="is in use by process"):
                run_batch(Bright(), images, Path("out"), FAST)
            return super().open()

    assert len(run_batch(Nested(), images, Path("out"), FAST).images) == 9


def test_the_page_shows_a_random_choice_of_many(here, monkeypatch):
    monkeypatch.setattr(plan, "PICTURES", 3)
    images = write_images(Path("images"), 8)
    for folder, options in (("all", None), ("threes", IN_THREES)):
        run_batch(Bright(), images, Path(folder), FAST, options)
    page = (Path("all") / "report.html").read_text("utf-8")
    assert "3 images of 8, chosen at random" in page and page.count("data:image/jpeg") == 3
    assert tables_of(Path("all")) == tables_of(Path("threes"))
    assert len(list((Path("all") / "batch" / "pictures").iterdir())) == 3
    assert len(pd.read_csv(Path("all") / "summary.csv")) == 9


CLIENT = """
from pathlib import Path
from autoseg.batch.options import BatchOptions
from autoseg.batch.run import run_batch
from tests.batch.toy import FAST, Bright
images = sorted([path] for path in Path("images").iterdir())
run_batch(Bright(slow=0.2), images, Path("out"), FAST, BatchOptions(chunk=2))
"""


def test_a_killed_client_goes_on(images, undisturbed):
    paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    client = subprocess.Popen([sys.executable, "-c", CLIENT], env=paths)
    while len(list(Path("out").glob("batch/parts/*.jsonl"))) < 2 and client.poll() is None:
        time.sleep(0.02)
    client.send_signal(signal.SIGKILL)
    client.wait()
    run_batch(Counting(), images, Path("out"), FAST)
    assert 0 < len(SEEN) <= 6 and tables_of(Path("out")) == undisturbed
