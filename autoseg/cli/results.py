"""Results of a batch: where they go, and what is printed about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter

from autoseg.batch.options import BatchOptions
from autoseg.batch.run import Files, run_batch
from autoseg.batch.shards import run_shard
from autoseg.batch.work import Work
from autoseg.cli.messages import counting_images, fail
from autoseg.cli.verbs import REPORT
from autoseg.measurement.class_report import ClassReport
from autoseg.measurement.method import count
from autoseg.measurement.report import Report, ReportOptions, summary_lines
from autoseg.measurement.run_record import plain

Reporting = Annotated[ReportOptions, Parameter(name="*", group=REPORT, consume_multiple=1)]


def run_many(
    work: Work, files: Files, folder: Path, reporting: ReportOptions, many: BatchOptions, as_json: bool
) -> int:
    """Do the work on all images, or on those of a shard, and tell what became of them; return the exit code."""
    if many.shard is None:
        return tell(run_batch(work, files, folder, reporting, many, counting_images), as_json)
    shard = run_shard(work, files, folder, reporting, many, counting_images)
    failures = shard.failures.to_dict("records")
    for failure in failures:
        fail(f"{failure['file']}: {failure['reason']}")
    if as_json:
        told = {"shard": shard.shard, "folder": str(folder), "images": shard.images, "left": shard.left}
        print(json.dumps({**told, "failures": failures}, indent=2))
    else:
        print(f"Shard {shard.shard}: {count(shard.images, 'image')}, {count(len(failures), 'file')} failed")
        print(f"{count(shard.left, 'image')} of other shards left. Then: autoseg merge {folder}")
    return 1 if failures else 0


def tell(report: Report | ClassReport, as_json: bool) -> int:
    """Print what was found and where it is, and on standard error what failed; return the exit code."""
    failures = report.failures.to_dict("records")
    for failure in failures:
        fail(f"{failure['file']}: {failure['reason']}")
    if as_json:
        print(json.dumps(_summary(report, failures), indent=2))
    else:
        print("\n".join(summary_lines(report)))
    return 1 if failures else 0


def _summary(report: Report | ClassReport, failures: list[dict[str, str]]) -> dict[str, object]:
    return {
        "folder": str(report.folder),
        "files": {kind: str(path) for kind, path in report.files.items()},
        "images": [
            {"image": str(image.path), **image.found, "files": {k: str(v) for k, v in image.files.items()}}
            for image in report.images
        ],
        "statistics": plain(report.statistics),
        **({"classes": _records(report.summary)} if isinstance(report, ClassReport) else {}),
        "warnings": list(report.warnings),
        "failures": failures,
    }


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    """The rows as JSON knows them: what is missing is null."""
    return plain(table.astype(object).where(table.notna(), None).to_dict("records"))
