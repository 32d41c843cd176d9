"""A batch from its images to its report: what is done already is not done again."""

from __future__ import annotations

import logging
import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from autoseg.batch.agreement import agree
from autoseg.batch.committed import Committed
from autoseg.batch.crew import lead
from autoseg.batch.options import BatchOptions
from autoseg.batch.plan import Planned, divide, plan_images
from autoseg.batch.processing import Job, Tell, process
from autoseg.batch.scheduler import Scheduled
from autoseg.batch.store import FOLDER, Store
from autoseg.batch.work import Work
from autoseg.batch.workers import Workers
from autoseg.errors import AutosegError, enumerate_briefly
from autoseg.files import PARTIAL
from autoseg.images.names import refuse_inputs
from autoseg.measurement.intake import writing_to
from autoseg.measurement.method import count
from autoseg.measurement.report import Report, checked, prepare, recording_of, result_paths, write_results
from autoseg.measurement.report_options import ReportOptions
from autoseg.stages.lock import locked

Show = Callable[[int, int], AbstractContextManager[Tell]]
"Shows progress: of how many images in all, and how many of them are done already."
Files = Sequence[Sequence[str | os.PathLike[str]]]
LOCK = "lock"
_SHARES = 4
"A worker has at least so many chunks, so that none waits long for the last one."
_log = logging.getLogger("autoseg")


def unseen(total: int, done: int) -> AbstractContextManager[Tell]:
    """Shows nothing."""
    return nullcontext(lambda more: None)


def run_batch(
    work: Work,
    files: Files,
    folder: Path,
    reporting: ReportOptions | None = None,
    options: BatchOptions | None = None,
    show: Show = unseen,
) -> Report:
    """Do the work on all images, `files` being those of each, and report; what is committed in the folder stays.

    Given once more with the same options, it does what is still to be done, and makes tables and report anew.
    """
    options, started = options or BatchOptions(), datetime.now().astimezone()
    reporting = checked(reporting or ReportOptions())
    with begin(work, files, folder, reporting, options) as (batch, job):
        prepare(folder)
        with show(len(batch.planned), len(batch.planned) - len(batch.missing)) as tell:
            work_through(batch, batch.missing, job, options, tell)
        return write_report(batch.planned, job, reporting, started)


@contextmanager
def begin(
    work: Work, files: Files, folder: Path, reporting: ReportOptions, options: BatchOptions
) -> Iterator[tuple[Committed, Job]]:
    """Plan the work in a folder that nobody else works in: what is committed already, and what is done with images."""
    planned = plan_images(files, reporting.seed)
    inputs = [source.path for image in planned for source in image.sources]
    refuse_inputs(result_paths(folder, [image.file for image in planned]), inputs)
    with alone(folder, options.shard):
        if options.anew:
            Store(folder).forget()
        agree(folder, work, reporting, planned)
        job = Job(work, recording_of(reporting, folder))
        yield find_committed(planned, job, options), job


@contextmanager
def alone(folder: Path, shard: str | None = None) -> Iterator[None]:
    """Nobody else works in the folder within this block, but other shards, where this is one."""
    place = folder / FOLDER
    with writing_to(folder):
        place.mkdir(parents=True, exist_ok=True)
    others = [place / LOCK] if shard else [path for path in place.glob(f"{LOCK}*") if path.name != LOCK]
    for other in others:
        with locked(other):
            pass  # the lock of a process that is gone
    with locked(place / (f"{LOCK}-{shard.replace('/', '-of-')}" if shard else LOCK)):
        if not shard:
            sweep(folder)
        yield


def sweep(folder: Path) -> None:
    """Remove what a process that was killed has not written to its end."""
    with writing_to(folder):
        for place in (folder, folder / FOLDER, folder / FOLDER / "parts", folder / FOLDER / "pictures"):
            names = os.listdir(place) if place.is_dir() else []  # noqa: PTH208 - only names, for there may be many
            for name in names:
                if name.startswith(PARTIAL):
                    shutil.rmtree(place / name, ignore_errors=True)


def find_committed(planned: Sequence[Planned], job: Job, options: BatchOptions) -> Committed:
    """What is done already, and say so."""
    batch = Committed(planned, job.recording, options.retry_failed)
    if done := len(planned) - len(batch.missing):
        _log.warning("%d of %s done already", done, count(len(planned), "image") + (" are" if done > 1 else " is"))
    if batch.changed and not options.retry_failed:
        names = enumerate_briefly(image.path for image in batch.changed)
        _log.warning("done again, as they, or their results, have changed: %s", names)
    return batch


def work_through(batch: Committed, missing: Sequence[Planned], job: Job, options: BatchOptions, tell: Tell) -> None:
    """Work on images of the batch; where that ends early, say what is left and how it goes on."""
    if not missing:
        return
    try:
        _hand_out(missing, job, options, tell)
    except AutosegError as error:
        left = len(_places(Committed(batch.planned, job.recording).missing) & _places(missing))
        chunks = f"{count(left, 'image')} in {count(math.ceil(left / options.chunk), 'chunk')}"
        advice = f"{error.advice or ''} Left are {chunks}: give the same command again, and it goes on.".strip()
        raise type(error)(error.problem, file=error.file, advice=advice) from error


def _places(images: Sequence[Planned]) -> set[int]:
    return {image.place for image in images}


def _hand_out(missing: Sequence[Planned], job: Job, options: BatchOptions, tell: Tell) -> None:
    store = Store(job.recording.folder)
    if options.scheduler is not None:
        with Scheduled(job, options.scheduler) as scheduled:
            lead(scheduled, divide(missing, options.chunk), store, tell)
    elif options.workers is not None:
        size = min(options.chunk, math.ceil(len(missing) / (_SHARES * options.workers)))
        with Workers(job, options.workers) as workers:
            lead(workers, divide(missing, size), store, tell)
    else:
        process(job, job.work.open(), list(divide(missing, options.chunk)), tell)


def write_report(planned: Sequence[Planned], job: Job, reporting: ReportOptions, started: datetime) -> Report:
    """Tables and report of all that is committed."""
    batch = Committed(planned, job.recording)
    report = write_results(batch, reporting, started, job.work.describe())
    assert isinstance(report, Report)
    return report
