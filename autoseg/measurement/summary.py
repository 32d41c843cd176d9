"""One row for each image, and one for all of them together: what `summary.csv` holds.

`particles` were found and meet the conditions, if there are some; `counted` ones are in the statistics. `implausible`
ones were found, but not taken for particles, by their scores or by the `plausibility` of all that was found.
`number_d50_nm` is the estimate of a percentile by number, `number_d50_low_nm` and `number_d50_high_nm` are the ends of
its interval, and so on; where the pixel size is unknown, the names end in `_px`. Medians of shapes are by number, of
the counted particles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from autoseg.measurement.batch import Batch, ImageResult
from autoseg.measurement.intake import image_names
from autoseg.measurement.plots import counted_particles, weighted_median
from autoseg.measurement.sizes import Distribution, Estimate, SizeOptions, SizeStatistics, describe_sizes

UNITS = ("nm", "px")
SHAPES = ("aspect_ratio", "circularity")
_UNKNOWN = Estimate(None, None, None)


@dataclass(frozen=True, eq=False)
class Group:
    """The images of a batch whose lengths have the same unit: those of the others are never mixed with theirs."""

    unit: str
    images: tuple[ImageResult, ...]
    particles: pd.DataFrame
    statistics: SizeStatistics


def group_by_unit(batch: Batch) -> list[Group]:
    """The images with a pixel size, in nm, and those without, in pixels, as far as there are any."""
    groups = []
    for unit in UNITS:
        chosen = [place for place, image in enumerate(batch.images) if image.unit == unit]
        if chosen:
            tables = [batch.tables[place].assign(image=place) for place in chosen]  # names may be equal
            filled = [table for table in tables if len(table)] or tables[:1]
            particles = pd.concat(filled, ignore_index=True)
            statistics = describe_sizes(particles, np.random.default_rng(batch.seed), batch.sizes)
            groups.append(Group(unit, tuple(batch.images[place] for place in chosen), particles, statistics))
    return groups


def summary_table(groups: Sequence[Group], batch: Batch) -> pd.DataFrame:
    """Rows of scope "batch", one for each unit, then of scope "image"; lengths carry their unit in their names."""
    rows = [_row("batch", "", group.statistics, group.images, group.particles, batch.sizes) for group in groups]
    named = zip(image_names(batch.images), batch.images, batch.tables, strict=True)
    rows += [_row("image", name, image.statistics, [image], table, batch.sizes) for name, image, table in named]
    columns = dict.fromkeys(name for row in rows for name in row) if rows else _FIRST
    return pd.DataFrame(rows, columns=list(columns))


_FIRST = ("scope", "image", "images", "unit", "pixel_size_nm", "pixel_size_source", "particles", "at_edge", "counted")


def _row(
    scope: str,
    name: str,
    statistics: SizeStatistics,
    images: Sequence[ImageResult],
    particles: pd.DataFrame,
    options: SizeOptions,
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
    kept, weights = counted_particles(particles, options)
    medians = {
        f"{shape}_median": weighted_median(kept[shape].to_numpy(float), weights) for shape in SHAPES if len(kept)
    }
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
        **medians,
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
