"""One row for each image, and one for all of them together: what `summary.csv` holds.

`particles` were found and meet the conditions, if there are some; `counted` ones are in the statistics. `implausible`
ones were found, but not taken for particles, by their scores or by the `plausibility` of all that was found.
`number_d50_nm` is the estimate of a percentile by number, `number_d50_low_nm` and `number_d50_high_nm` are the ends of
its interval, and so on; where the pixel size is unknown, the names end in `_px`. Medians of shapes are by number, of
the counted particles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from autoseg.measurement.batch import Measured
from autoseg.measurement.counted import SHAPES, Largest, Weighted, counted, find_largest, needed_columns
from autoseg.measurement.image_result import ImageResult, Recording
from autoseg.measurement.intake import image_names
from autoseg.measurement.plots import weighted_median
from autoseg.measurement.series import pages_of
from autoseg.measurement.sizes import Distribution, Estimate, SizeStatistics, describe_sizes
from autoseg.measurement.tally import Tally

UNITS = ("nm", "px")
MANY = 200_000
"From so many particles on, statistics come from sums: to draw each of them anew would take minutes and much memory."
_UNKNOWN = Estimate(None, None, None)
_ROWS = 1000


@dataclass(frozen=True, eq=False)
class Group:
    """The images of a batch whose lengths have the same unit: those of the others are never mixed with theirs."""

    unit: str
    images: Sequence[ImageResult]
    statistics: SizeStatistics
    sizes: Weighted
    "Of the particles that count; of more than MANY, values that stand for them."
    shapes: Mapping[str, Weighted]
    largest: Largest | None
    from_sums: bool = False
    "Whether there are too many particles to draw each of them anew."


class _Tables:
    """The columns that count of the tables of one unit."""

    def __init__(self, recording: Recording):
        self.recording = recording
        self._columns: list[str] = []
        self._values: list[list[np.ndarray]] = []
        self._places: list[np.ndarray] = []

    def add(self, place: int, table: pd.DataFrame) -> None:
        """Take the table of the image at a place."""
        self._columns = self._columns or list(needed_columns(table, self.recording.sizes))
        self._values.append([table[name].to_numpy() for name in self._columns])
        self._places.append(np.full(len(table), place))  # names may be equal

    def group(self, unit: str, images: Sequence[ImageResult]) -> Group:
        """Describe all of them together."""
        options = self.recording.sizes
        joined = zip(self._columns, map(np.concatenate, zip(*self._values, strict=True)), strict=True)
        particles = pd.DataFrame({**dict(joined), "image": np.concatenate(self._places)})
        statistics = describe_sizes(particles, np.random.default_rng(self.recording.seed), options)
        sizes = counted(particles, statistics.column, options)
        shapes = {shape: counted(particles, shape, options) for shape in SHAPES}
        return Group(unit, images, statistics, sizes, shapes, find_largest(sizes))


class _Sums(Tally):
    def group(self, unit: str, images: Sequence[ImageResult]) -> Group:
        return Group(unit, images, self.statistics(), self.sizes(), self.shapes(), self.largest(), from_sums=True)


def group_by_unit(batch: Measured) -> list[Group]:
    """The images with a pixel size, in nm, and those without, in pixels, as far as there are any."""
    by_unit = {unit: [image for image in batch.records if image.unit == unit] for unit in UNITS}
    recording = batch.recording
    takers: dict[str, _Tables | _Sums] = {
        unit: _Sums(recording.sizes, recording.seed)
        if sum(image.particles for image in images) > MANY
        else _Tables(recording)
        for unit, images in by_unit.items()
        if images
    }
    for place, (image, table) in enumerate(zip(batch.records, batch.tables, strict=True)):
        takers[image.unit].add(place, table)
    return [taker.group(unit, tuple(by_unit[unit])) for unit, taker in takers.items()]


def summary_tables(groups: Sequence[Group], batch: Measured) -> Iterator[pd.DataFrame]:
    """Rows of scope "batch", one for each unit, then of scope "image"; lengths carry their unit in their names.

    Some rows at a time, for there is one for each image.
    """
    rows = [_row("batch", "", group.statistics, group.images, _medians_of(group)) for group in groups]
    pages = [pd.NA] * len(groups) + (pages_of(batch.records, batch.inputs) or [])
    for name, image in zip(image_names(batch.records), batch.images, strict=True):
        rows.append(_row("image", name, image.statistics, [image], image.medians))
        if len(rows) >= _ROWS:
            yield _paged(rows, pages)
            rows, pages = [], pages[len(rows) :]
    if rows or not groups:
        yield _paged(rows, pages) if rows else pd.DataFrame(columns=list(_FIRST))


def _paged(rows: Sequence[Mapping[str, Any]], pages: Sequence[Any]) -> pd.DataFrame:
    """The rows as a table, with the pages that images are, if they are some."""
    table = pd.DataFrame(rows)
    if any(page is not pd.NA for page in pages):
        table.insert(2, "page", pd.array(pages[: len(rows)], dtype="Int64"))
    return table


def _medians_of(group: Group) -> dict[str, float]:
    return {shape: weighted_median(*found) for shape, found in group.shapes.items() if len(found.values)}


_FIRST = ("scope", "image", "images", "unit", "pixel_size_nm", "pixel_size_source", "particles", "at_edge", "counted")


def _row(
    scope: str,
    name: str,
    statistics: SizeStatistics,
    images: Sequence[ImageResult],
    medians: Mapping[str, float],
) -> dict[str, Any]:
    sizes, sources = {image.pixel_size for image in images}, {image.pixel_size_source for image in images}
    first = (
        scope,
        name,
        len(images),
        statistics.unit,
        sizes.pop() if len(sizes) == 1 else None,
        sources.pop() if len(sources) == 1 else "several",
        sum(image.particles for image in images),
        sum(image.at_edge for image in images),
        statistics.count,
    )
    coverage = np.average(
        [image.coverage for image in images], weights=[image.rows * image.columns for image in images]
    )
    return {
        **dict(zip(_FIRST, first, strict=True)),
        "plausibility": _plausibility(images) if scope == "image" else np.nan,
        "implausible": sum(image.implausible for image in images),
        "left_out_by_conditions": sum(image.left_out for image in images),
        "left_out_at_edge": statistics.left_out_at_edge,
        "left_out_occluded": statistics.left_out_occluded,
        "coverage": float(coverage),
        **_distribution("number", statistics.number, statistics.unit),
        **_distribution("volume", statistics.volume, statistics.unit),
        **_fit(statistics),
        **{f"{shape}_median": median for shape, median in medians.items()},
        "needed_for_number_mean": statistics.needed_for_number_mean,
        "needed_for_volume_mean": statistics.needed_for_volume_mean,
    }


def _plausibility(images: Sequence[ImageResult]) -> float:
    """Of a single image, NaN where it cannot be told."""
    (image,) = images
    return np.nan if image.plausibility is None else image.plausibility


def _distribution(kind: str, distribution: Distribution | None, unit: str) -> dict[str, float | None]:
    """Each estimate and the ends of its interval."""
    row: dict[str, float | None] = {}
    for field in dataclasses.fields(Distribution):
        estimate = _UNKNOWN if distribution is None else getattr(distribution, field.name)
        suffix = "" if field.name == "geometric_standard_deviation" else f"_{unit}"
        row[f"{kind}_{field.name}{suffix}"] = estimate.value
        row[f"{kind}_{field.name}_low{suffix}"] = estimate.low
        row[f"{kind}_{field.name}_high{suffix}"] = estimate.high
    return row


def _fit(statistics: SizeStatistics) -> dict[str, float | None]:
    fit = statistics.log_normal
    values = (None,) * 3 if fit is None else (fit.median, fit.geometric_standard_deviation, fit.distance)
    names = f"log_normal_median_{statistics.unit}", "log_normal_geometric_standard_deviation", "log_normal_distance"
    return dict(zip(names, values, strict=True))
