"""Results of a batch: where they go, and what is said about them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from autoseg.cli.messages import fail
from autoseg.cli.verbs import REPORT
from autoseg.images.export import ENDINGS
from autoseg.images.names import names_for
from autoseg.measurement.report import Report, ReportOptions, summary_lines

Reporting = Annotated[ReportOptions, Parameter(name="*", group=REPORT, consume_multiple=1)]


def result_paths(folder: Path, inputs: Sequence[Path]) -> list[Path]:
    """All files that a report may write about these inputs."""
    return [folder / (name + ending) for name in names_for(inputs) for ending in ENDINGS.values()]


def tell(report: Report, as_json: bool) -> int:
    """Print what was found and where it is, and on standard error what failed; return the exit code."""
    failures = report.failures.to_dict("records")
    for failure in failures:
        fail(f"{failure['file']}: {failure['reason']}")
    if as_json:
        print(json.dumps(_summary(report, failures), indent=2))
    else:
        print("\n".join(summary_lines(report)))
    return 1 if failures else 0


def _summary(report: Report, failures: list[dict[str, str]]) -> dict[str, object]:
    return {
        "folder": str(report.folder),
        "files": {kind: str(path) for kind, path in report.files.items()},
        "images": [
            {
                "image": str(image.path),
                "particles": image.particles,
                "files": {k: str(v) for k, v in image.files.items()},
            }
            for image in report.images
        ],
        "statistics": {unit: dataclasses.asdict(found) for unit, found in report.statistics.items()},
        "warnings": list(report.warnings),
        "failures": failures,
    }
