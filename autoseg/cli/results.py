"""Results of a batch: where they go, and what is printed about them."""

from __future__ import annotations

import json
from typing import Annotated

import pandas as pd
from cyclopts import Parameter

from autoseg.cli.messages import fail
from autoseg.cli.verbs import REPORT
from autoseg.measurement.class_report import ClassReport
from autoseg.measurement.report import Report, ReportOptions, summary_lines
from autoseg.measurement.run_record import plain

Reporting = Annotated[ReportOptions, Parameter(name="*", group=REPORT, consume_multiple=1)]


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
