"""Everything a user takes home from a batch of class maps: what of it differs from a batch of segmentations."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from autoseg.errors import AutosegError, OptionsError
from autoseg.images.tables import write_csv
from autoseg.measurement.class_batch import ClassBatch, ClassImageResult
from autoseg.measurement.class_caveats import find_class_caveats
from autoseg.measurement.class_method import percent
from autoseg.measurement.class_page import render_classes
from autoseg.measurement.class_summary import ClassSummary, summarize_classes
from autoseg.measurement.class_tables import class_summary_table, classes_table, objects_table
from autoseg.measurement.lines import aligned, with_interval
from autoseg.measurement.method import count, number
from autoseg.measurement.report_options import ReportOptions
from autoseg.measurement.sizes import SizeStatistics
from autoseg.measurement.summary import UNITS
from autoseg.segmentation.provenance import Provenance

if TYPE_CHECKING:
    from autoseg.evaluation import Scores

CLASS_FILES = {
    "page": "report.html",
    "classes": "classes.csv",
    "objects": "objects.csv",
    "summary": "summary.csv",
    "failures": "failures.csv",
    "run": "run.json",
    "excel": "objects.xlsx",
}
"Names of the files about the whole batch."
OF_PARTICLES = ("keep", "geojson", "coco", "overlay")
"Options that mean nothing where pixels have classes."


@dataclass(frozen=True, eq=False)
class ClassReport:
    """What a report on classes says, and where its files are."""

    folder: Path
    files: Mapping[str, Path]
    "Those about the whole batch, by the keys of CLASS_FILES."
    images: tuple[ClassImageResult, ...]
    classes: pd.DataFrame
    "One class of an image a row."
    objects: pd.DataFrame
    "One object of a class a row."
    summary: pd.DataFrame
    "One class a row, of all images together."
    summaries: tuple[ClassSummary, ...]
    "The same with everything behind it."
    failures: pd.DataFrame
    "Columns `file` and `reason`."
    warnings: tuple[str, ...]

    @property
    def statistics(self) -> dict[str, dict[str, SizeStatistics]]:
        """Sizes of the objects by the names of the classes, and by the unit of their lengths."""
        return {
            found.name: {unit: sizes.statistics for unit, sizes in found.sizes.items()}
            for found in self.summaries
            if found.sizes
        }


def checked_for_classes(options: ReportOptions, scores: Scores | None) -> ReportOptions:
    """The options, if everything they ask for can be done with classes."""
    usual = ReportOptions()
    if asked := [name for name in OF_PARTICLES if getattr(options, name) != getattr(usual, name)]:
        problem = f'"{asked[0]}" is for particles, and these images have classes'
        advice = "Leave it out; objects.csv holds the objects of all classes, and class_overlay draws them."
        raise OptionsError(problem, advice=advice)
    if scores is not None:
        raise AutosegError("scores of particles do not belong to a report on classes", advice="Leave them out.")
    return options if "title" in options.model_fields_set else options.changed(title="Class report")


def start_class_batch(
    folder: Path,
    options: ReportOptions,
    inputs: Sequence[str | os.PathLike[str]],
    failures: list[AutosegError],
) -> ClassBatch:
    """A batch that is ready to take class maps."""
    overlay, kinds = options.class_overlay, options.kinds_of_classes
    return ClassBatch(folder, kinds, overlay, options.sizes, options.seed, inputs=inputs, failures=failures)


def tabulate_classes(
    batch: ClassBatch, options: ReportOptions, provenance: Provenance
) -> tuple[ClassReport, Callable[[Mapping[str, Any]], str]]:
    """Write the tables; and what makes the page of them and of the content of run.json."""
    summaries, failures = summarize_classes(batch), batch.failures_table()
    chosen = {"failures": len(failures) > 0, "excel": options.excel}
    report = ClassReport(
        folder=batch.folder,
        files={kind: batch.folder / name for kind, name in CLASS_FILES.items() if chosen.get(kind, True)},
        images=tuple(batch.images),
        classes=classes_table(batch),
        objects=objects_table(batch),
        summary=class_summary_table(summaries),
        summaries=tuple(summaries),
        failures=failures,
        warnings=find_class_caveats(summaries, batch),
    )
    for kind in ("classes", "objects", "summary", "failures"):
        if kind in report.files:
            write_csv(report.files[kind], getattr(report, kind))
    return report, lambda run: render_classes(summaries, batch, report.warnings, run, provenance)


def class_lines(report: ClassReport) -> list[str]:
    """What was found, for a terminal: a small table with a line for each class."""
    first = f"{count(len(report.images), 'image')}, {count(len(report.objects), 'object')}"
    units = [unit for unit in UNITS if any(unit in found.sizes for found in report.summaries)]
    header = ["class", "share", "objects", "per µm²", *(f"D50 ({unit})" for unit in units)]
    return [first, *aligned([header, *(_cells(found, units) for found in report.summaries)])]


def _cells(found: ClassSummary, units: Sequence[str]) -> list[str]:
    numbers = [found.sizes[unit].statistics.number if unit in found.sizes else None for unit in units]
    medians = [None if distribution is None else distribution.d50 for distribution in numbers]
    objects = number(None) if found.objects is None else str(found.objects)
    return [found.name, percent(found.share), objects, number(found.density), *map(with_interval, medians)]
