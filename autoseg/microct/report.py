"""Everything that is reported of the grains of a volume: tables, run.json and a page, beside labels and probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from autoseg.files import written_whole
from autoseg.images.tables import write_csv
from autoseg.measurement.intake import writing_to
from autoseg.measurement.method import count, number
from autoseg.measurement.run_record import plain, versions, write_json
from autoseg.measurement.sizes import SizeOptions, SizeStatistics, describe_sizes
from autoseg.microct.analysis import VolumeResult
from autoseg.microct.page import render_volume
from autoseg.microct.smoothing import smooths_grey_values
from autoseg.options import Options

FEW_SLICES = 10
"With fewer independent slices, an interval of the volume fraction says little."


class GrainReportOptions(Options):
    """What is reported of grains, and how statistics of their sizes are made."""

    title: str = "Grains in a volume"
    "Of the report."
    edge: Literal["weight", "exclude", "keep"] = "weight"
    """Grains at the border of the volume: weight leaves them out and weights the others to make up for them; exclude
    only leaves them out; keep counts them as they are."""
    resamples: int = Field(1000, ge=100, le=100_000)
    "How often grains are drawn anew for the intervals of sizes."
    seed: int = Field(0, ge=0)
    "Of these draws."

    @property
    def sizes(self) -> SizeOptions:
        """How the statistics of sizes are made."""
        return SizeOptions(column="equivalent_diameter", edge=self.edge, resamples=self.resamples)


@dataclass(frozen=True, eq=False)
class GrainReport:
    """Where the results are, what they say, and what to be careful about."""

    folder: Path
    files: Mapping[str, Path]
    "By what they hold: page, run, grains, slices, labels, probability."
    result: VolumeResult
    sizes: SizeStatistics
    warnings: tuple[str, ...]


def report_grains(
    result: VolumeResult,
    folder: Path,
    options: GrainReportOptions | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    found_by: str = "a mask",
) -> GrainReport:
    """Write tables, run.json and report.html into the folder in which labels and probability lie.

    `settings` are recorded; `found_by` tells in words what found the foreground.
    """
    if result.smoothing:
        before = ", as were the grey values before" if smooths_grey_values(result.smoothing) else ""
        found_by += f", smoothed along the volume by {result.smoothing:g} slices{before}"
    options, started = options or GrainReportOptions(), datetime.now().astimezone()
    names = {"page": "report.html", "run": "run.json", "grains": "grains.csv", "slices": "slices.csv"}
    files = {kind: folder / name for kind, name in names.items()} | result.files
    sizes = describe_sizes(result.grains, np.random.default_rng(options.seed), options.sizes, thing="grain")
    warnings = (*find_warnings(result), *sizes.warnings)
    with writing_to(folder):
        write_csv(files["grains"], result.grains)
        write_csv(files["slices"], result.slices)
        run = _describe_run(result, sizes, files, folder, options, started, warnings, settings or {})
        write_json(files["run"], run)
        page = render_volume(result, sizes, run, warnings, options.sizes, found_by)
        with written_whole(files["page"]) as partial:
            partial.write_text(page, encoding="utf-8", newline="\n")
    return GrainReport(folder, files, result, sizes, warnings)


def find_warnings(result: VolumeResult) -> list[str]:
    """What to be careful about."""
    found = list(result.volume.notes)
    for failure in result.failures:
        found.append(f"Passed over, so that grains are cut there: {failure}")
    if result.volume.voxel_size is None:
        found.append("The size of a voxel is not known: lengths are in voxels, which are taken for cubes.")
    fraction = result.fraction
    if fraction.low is None:
        found.append("The slices are too few, or too alike, for an interval of the volume fraction.")
    elif fraction.effective_slices < FEW_SLICES:
        found.append(
            f"The {fraction.slices} slices tell as much about the volume fraction as "
            f"{number(fraction.effective_slices)} independent ones would: grains are large compared with the volume."
        )
    table = result.grains
    if len(table) and table["touches_edge"].mean() > 0.5:
        found.append(
            "More than half of the grains touch the border of the volume: sizes rest on the few that lie inside."
        )
    return found


def summary_lines(report: GrainReport) -> list[str]:
    """The results in a few lines for a terminal."""
    result, fraction = report.result, report.result.fraction
    interval = "" if fraction.low is None else f" ({_percent(fraction.low)} to {_percent(fraction.high)})"
    lines = [
        f"{result.volume.name}: {count(result.count, 'grain')}, {int(result.grains['touches_edge'].sum())} at the "
        f"border; {count(len(result.specks), 'speck')} left out",
        f"volume fraction: {_percent(fraction.value)} %{interval}",
    ]
    for name, distribution in (("number", report.sizes.number), ("volume", report.sizes.volume)):
        if distribution is not None:
            values = ", ".join(f"D{part[1:]} {number(getattr(distribution, part).value)}" for part in _PARTS)
            lines.append(f"equivalent diameters by {name}: {values} {report.sizes.unit}")
    return [*lines, *(f"Warning: {warning}" for warning in report.warnings), f"Report: {report.files['page']}"]


_PARTS = ("d10", "d50", "d90")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"


def _describe_run(
    result: VolumeResult,
    sizes: SizeStatistics,
    files: Mapping[str, Path],
    folder: Path,
    options: GrainReportOptions,
    started: datetime,
    warnings: tuple[str, ...],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of run.json."""
    known, volume = versions(), result.volume
    about = {
        "path": str(volume.path) if volume.path else None,
        "slices": volume.shape[0],
        "rows": volume.shape[1],
        "columns": volume.shape[2],
        "voxel_size_nm": volume.voxel_size,
        "voxel_size_source": volume.voxel_size_source,
        "notes": volume.notes,
    }
    return {
        "autoseg": known["autoseg"],
        "date": started.isoformat(timespec="seconds"),
        "seed": options.seed,
        "versions": known,
        "settings": plain(settings),
        "report": plain(options),
        "inputs": [plain(about)],
        "grains": result.count,
        "specks": len(result.specks),
        "voxels_of_specks": int(result.specks.sum()),
        "volume_fraction": plain(result.fraction),
        "sizes": plain(sizes),
        "results": {kind: path.relative_to(folder).as_posix() for kind, path in files.items()},
        "failures": [{"file": str(one.file), "reason": one.problem} for one in result.failures],
        "warnings": list(warnings),
    }
