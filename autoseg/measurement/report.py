"""Everything that is reported of a batch: files for each image, tables, and a page to read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from autoseg.errors import AutosegError, OptionsError
from autoseg.files import written_whole
from autoseg.images.annotations import write_coco
from autoseg.images.class_export import ALL_ENDINGS
from autoseg.images.class_map import ClassMap
from autoseg.images.names import names_for, refuse_inputs
from autoseg.images.segmentation import Segmentation
from autoseg.images.tables import joined, write_csv, write_csv_in_parts, write_excel
from autoseg.measurement.batch import Batch, LabelsOnDisk, Measured, particle_samples, particle_tables
from autoseg.measurement.caveats import find_caveats
from autoseg.measurement.class_batch import ClassBatch
from autoseg.measurement.class_report import (
    CLASS_FILES,
    OF_PARTICLES,
    ClassReport,
    checked_for_classes,
    class_lines,
    start_class_batch,
    tabulate_classes,
)
from autoseg.measurement.conditions import parse_condition
from autoseg.measurement.image_result import ImageResult, Recording
from autoseg.measurement.intake import Arrivals, refuse_mixed, writing_to
from autoseg.measurement.lines import aligned, with_interval
from autoseg.measurement.method import count
from autoseg.measurement.page import render_page
from autoseg.measurement.report_options import ReportOptions
from autoseg.measurement.run_record import describe_inputs, plain, versions, write_run
from autoseg.measurement.series import STACKS, series_names, write_series
from autoseg.measurement.shape import measure_labels
from autoseg.measurement.sizes import Distribution, SizeStatistics, describe_sizes
from autoseg.measurement.summary import Group, group_by_unit, summary_tables
from autoseg.segmentation.provenance import Provenance

if TYPE_CHECKING:
    from autoseg.evaluation import Scores

FILES = {
    "page": "report.html",
    "particles": "particles.csv",
    "summary": "summary.csv",
    "failures": "failures.csv",
    "run": "run.json",
    "excel": "particles.xlsx",
    "coco": "coco.json",
}
"Names of the files about the whole batch."


@dataclass(frozen=True, eq=False)
class Report:
    """What a report says, and where its files are."""

    folder: Path
    files: Mapping[str, Path]
    "Those about the whole batch, by the keys of FILES."
    batch: Measured = field(repr=False)
    groups: Sequence[Group] = field(repr=False)
    failures: pd.DataFrame
    "Columns `file` and `reason`."
    statistics: Mapping[str, SizeStatistics]
    "Of all images whose sizes are in nm, and of those in px."
    warnings: tuple[str, ...]

    @property
    def images(self) -> Sequence[ImageResult]:
        """What was found in each image."""
        return self.batch.images

    @cached_property
    def particles(self) -> pd.DataFrame:
        """One particle a row."""
        return joined(particle_tables(self.batch))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row for the batch (two, if some images have no pixel size), and one for each image."""
        return joined(summary_tables(self.groups, self.batch))


def report(
    items: Iterable[Segmentation | AutosegError] | Iterable[ClassMap | AutosegError],
    folder: str | os.PathLike[str],
    options: ReportOptions | None = None,
    *,
    inputs: Sequence[str | os.PathLike[str]] = (),
    failures: Iterable[AutosegError] = (),
    provenance: Provenance | None = None,
    scores: Scores | None = None,
    root: Path | None = None,
) -> Report | ClassReport:
    """Write all results of a batch into a folder: files for each image, tables, run.json and report.html.

    `items` are segmentations or class maps, one kind in a batch: the first one decides what the report is about. They
    may be an iterator that makes one after the other: each image's files are written as it comes, and its pixels
    are not kept. An error in place of an item, or in `failures`, is recorded with its file, and the rest goes on.
    `inputs` are the paths of all images that will come, where they are known before: then the names of the results
    do not depend on the order, and no result overwrites an input.

    `provenance` tells how they were found, which they do not say themselves: a `Segmenter` describes itself.
    run.json tells paths of inputs below a `root` from there: a folder that is gone afterwards has no place in it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     empty = report([], folder)
    ...     sorted(path.name for path in Path(folder).iterdir()), empty.warnings
    (['particles.csv', 'report.html', 'run.json', 'summary.csv'], ('There is no result: no image was given.',))
    """
    options, folder, started = options or ReportOptions(), Path(folder), datetime.now().astimezone()
    if isinstance(items, Sequence):
        refuse_mixed(items)
        inputs = inputs or _sources(items)
    plain(provenance or {})  # whatever cannot be written is refused before the work begins
    options = checked(options)
    head = provenance.model.head if provenance and provenance.model else None
    classes = head is not None and not head.finds_particles
    options = checked_for_classes(options, scores) if classes else options  # before the first image is waited for
    refuse_inputs(result_paths(folder, inputs), inputs)
    prepare(folder)
    arrivals = Arrivals(items)
    if arrivals.are(ClassMap) and not classes:
        classes, options = True, checked_for_classes(options, scores)
    start = start_class_batch if classes else _start_batch
    batch = start(folder, options, inputs, [*failures, *arrivals.failures])
    batch.take(arrivals, arrivals.waited)
    return write_results(batch, options, started, provenance, scores, root)


def write_results(
    batch: Measured | ClassBatch,
    options: ReportOptions,
    started: datetime,
    provenance: Provenance | None = None,
    scores: Scores | None = None,
    root: Path | None = None,
) -> Report | ClassReport:
    """Write the tables, run.json and report.html of a batch whose images are measured."""
    settings = plain(provenance or {})
    with writing_to(batch.folder):
        results, show = _tabulate(batch, options, provenance or Provenance(), scores)
        run = _describe_run(results, options, settings, started, scores)
        records = batch.images if isinstance(batch, ClassBatch) else batch.records
        write_run(results.files["run"], run, describe_inputs(results.images, records, batch.folder, root))
        _write_page(results.files["page"], show(run))
        _write_optional(results)
    return results


def summary_lines(report: Report | ClassReport) -> list[str]:
    """The results in a few lines for a terminal: numbers with their intervals, warnings, where to look."""
    lines, failed = class_lines(report) if isinstance(report, ClassReport) else _lines(report), len(report.failures)
    lines[0] += f", {count(failed, 'file')} failed" if failed else ""
    lines += [f"Warning: {warning}" for warning in report.warnings]
    if "failures" in report.files:
        lines.append(f"Failures: {report.files['failures']}")
    return [*lines, f"Report: {report.files['page']}"]


def _lines(report: Report) -> list[str]:
    records = report.batch.records
    particles = sum(image.particles for image in records)
    lines = [f"{count(len(records), 'image')}, {count(particles, 'particle')}"]
    for unit, statistics in report.statistics.items():
        if statistics.number is not None and statistics.volume is not None:
            lines += _percentiles(statistics, statistics.number, statistics.volume, unit)
    return lines


def _percentiles(statistics: SizeStatistics, by_number: Distribution, by_volume: Distribution, unit: str) -> list[str]:
    """A small table with a line for each weighting."""
    header = [f"N = {statistics.count}", f"D10 ({unit})", f"D50 ({unit})", f"D90 ({unit})"]
    rows = [
        [name, *(with_interval(getattr(distribution, percentile)) for percentile in ("d10", "d50", "d90"))]
        for name, distribution in (("by number", by_number), ("by volume", by_volume))
    ]
    return aligned([header, *rows])


def checked(options: ReportOptions) -> ReportOptions:
    """The options, if everything they ask for is possible: checked before the work begins."""
    if options.excel and find_spec("openpyxl") is None:
        raise AutosegError("Excel files need one more package", advice="Run: pip install openpyxl")
    if options.coco and "labels" not in options.kinds_of_particles:
        raise OptionsError("the COCO file is made of the labels, which are not saved", advice="Save labels, too.")
    column = options.sizes.column.removesuffix("_nm").removesuffix("_px")  # each image has its own unit
    options = options.changed(sizes=options.sizes.changed(column=column))
    nothing = np.zeros((1, 1), np.uint8)
    describe_sizes(measure_labels(nothing, nothing), np.random.default_rng(0), options.sizes)
    return options


def result_paths(folder: Path, inputs: Sequence[str | os.PathLike[str]]) -> Iterator[Path]:
    """All files that a report may write about these inputs."""
    yield from (folder / (name + ending) for name in names_for(inputs) for ending in ALL_ENDINGS)
    yield from (folder / (name + ending) for name in series_names(inputs).values() for ending in STACKS.values())
    yield from (folder / name for name in {*FILES.values(), *CLASS_FILES.values()})


def prepare(folder: Path) -> None:
    """Remove the tables of an earlier report, which could be mistaken for new ones."""
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in {*FILES.values(), *CLASS_FILES.values()}:
            (folder / name).unlink(missing_ok=True)


def _sources(items: Sequence[Any]) -> list[Path]:
    """The files of results that are all there already."""
    micrographs = [item.micrograph for item in items if isinstance(item, Segmentation | ClassMap)]
    return [micrograph.path for micrograph in micrographs if micrograph.path is not None]


def _start_batch(
    folder: Path,
    options: ReportOptions,
    inputs: Sequence[str | os.PathLike[str]],
    failures: list[AutosegError],
) -> Batch:
    """A batch that is ready to take segmentations."""
    return Batch(recording_of(options, folder), inputs=inputs, failures=failures)


def recording_of(options: ReportOptions, folder: Path) -> Recording:
    """How each image is measured, and which files are written about it."""
    conditions = [parse_condition(text) for text in options.keep]
    return Recording(folder, options.kinds_of_particles, options.overlay, options.sizes, options.seed, conditions)


def _tabulate(
    batch: Measured | ClassBatch, options: ReportOptions, provenance: Provenance, scores: Scores | None
) -> tuple[Report | ClassReport, Callable[[Mapping[str, Any]], str]]:
    """Write the tables; and what makes the page of them and of the content of run.json."""
    if isinstance(batch, ClassBatch):
        return tabulate_classes(batch, options, provenance)
    results = _write_tables(batch, group_by_unit(batch), options)
    failed, warnings = len(results.failures), results.warnings
    return results, lambda run: render_page(results.groups, batch, failed, warnings, run, provenance, scores)


def _write_tables(batch: Measured, groups: Sequence[Group], options: ReportOptions) -> Report:
    """Write the measurements first, before anything else can fail."""
    failures = batch.failures_table()
    chosen = {"failures": len(failures) > 0, "excel": options.excel, "coco": options.coco}
    report = Report(
        folder=batch.folder,
        files={kind: batch.folder / name for kind, name in FILES.items() if chosen.get(kind, True)},
        batch=batch,
        groups=groups,
        failures=failures,
        statistics={group.unit: group.statistics for group in groups},
        warnings=find_caveats(groups, batch.records, len(failures), options.keep),
    )
    write_csv_in_parts(report.files["particles"], lambda: particle_tables(batch), particle_samples(batch))
    write_csv_in_parts(report.files["summary"], lambda: summary_tables(groups, batch))
    if "failures" in report.files:
        write_csv(report.files["failures"], failures)
    return report


def _describe_run(
    report: Report | ClassReport,
    options: ReportOptions,
    settings: dict[str, Any],
    started: datetime,
    scores: Scores | None,
) -> dict[str, Any]:
    """The content of run.json; of the options those that have a meaning for this kind of report."""
    others = OF_PARTICLES if isinstance(report, ClassReport) else ("class_overlay",)
    return {
        "autoseg": versions()["autoseg"],
        "date": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now().astimezone() - started).total_seconds(), 3),
        "seed": options.seed,
        "versions": versions(),
        "settings": settings,
        "report": plain(options.model_dump(mode="json", exclude=set(others))),
        "inputs": [],
        "failures": report.failures.to_dict("records"),
        "scores": scores and scores.to_dict(),
        "warnings": list(report.warnings),
    }


def _write_page(path: Path, page: str) -> None:
    with written_whole(path) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")


def _write_optional(report: Report | ClassReport) -> None:
    """Write last what can fail, such as a table that is too long for Excel."""
    if "excel" in report.files:
        write_excel(report.files["excel"], report.objects if isinstance(report, ClassReport) else report.particles)
    if isinstance(report, Report) and "coco" in report.files:
        write_coco(report.files["coco"], LabelsOnDisk(report.images))
    if isinstance(report, Report) and (names := series_names(report.batch.inputs)):
        write_series(report.images, names, report.folder)
