"""Parts of a batch that know nothing of each other, and how they become one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from autoseg.batch.agreement import recall
from autoseg.batch.committed import Committed
from autoseg.batch.options import BatchOptions
from autoseg.batch.plan import Planned
from autoseg.batch.processing import Job
from autoseg.batch.run import Files, Show, alone, begin, unseen, work_through, write_report
from autoseg.batch.work import Work
from autoseg.errors import AutosegError, OptionsError, enumerate_briefly
from autoseg.measurement.report import Report, checked, prepare, recording_of
from autoseg.measurement.report_options import ReportOptions

_log = logging.getLogger("autoseg")


@dataclass(frozen=True)
class Shard:
    """What became of the images of a shard."""

    shard: str
    folder: Path
    images: int
    failures: pd.DataFrame
    "Columns `file` and `reason`."
    left: int
    "How many images of the whole batch are still to be worked on, as far as this shard knows."


def run_shard(
    work: Work, files: Files, folder: Path, reporting: ReportOptions, options: BatchOptions, show: Show = unseen
) -> Shard:
    """Work on the images of one shard; tables and report are made when all shards are done."""
    if options.shard is None:
        raise OptionsError("no shard is given")
    reporting = checked(reporting)
    with begin(work, files, folder, reporting, options) as (batch, job):
        prepare(folder)
        own = [image for image in batch.planned if _belongs(image, options.shard)]
        missing = [image for image in batch.missing if _belongs(image, options.shard)]
        with show(len(own), len(own) - len(missing)) as tell:
            work_through(batch, missing, job, options, tell)
        now = Committed(batch.planned, job.recording)
    return Shard(options.shard, folder, len(own), now.failures_of(own), len(now.missing))


def _belongs(image: Planned, shard: str) -> bool:
    part, whole = map(int, shard.split("/"))
    return image.place % whole == part - 1


def merge_shards(folder: Path) -> Report:
    """Tables and report of all shards in a folder."""
    started = datetime.now().astimezone()
    work, reporting, planned = recall(folder)
    with alone(folder):
        job = Job(work, recording_of(checked(reporting), folder))
        if missing := Committed(planned, job.recording).missing:
            problem = f"{len(missing)} of {len(planned)} images are not done: "
            raise AutosegError(
                problem + enumerate_briefly(image.path for image in missing),
                file=folder,
                advice="Run the shards that are missing, or the command without --shard, which does what is left.",
            )
        prepare(folder)
        return write_report(planned, job, checked(reporting), started)
