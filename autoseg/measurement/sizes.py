"""Statistics of particle sizes, from the table of their measures (ISO 9276-2, ISO 13322-1)."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field
from scipy import special

from autoseg.errors import AutosegError, OptionsError
from autoseg.evaluation.intervals import ENOUGH_IMAGES
from autoseg.measurement.distribution import (
    Moments,
    describe,
    distance_to_log_normal,
    intervals,
    number_and_volume,
)
from autoseg.options import Options

_UNITS = ("nm", "px")


class SizeOptions(Options):
    """Which particles the statistics are computed from, and how."""

    column: str = "equivalent_diameter_area"
    "Length that counts as a particle's size: a column of the table, with or without its unit."
    edge: Literal["weight", "exclude", "keep"] = "weight"
    """Particles at the edge: weight leaves them out and weights the others to make up for them; exclude only leaves
    them out; keep counts them as they are."""
    max_occlusion: float | None = Field(None, ge=0, le=1)
    "Particles with a higher occlusion are left out; 0.05 is useful. Not set: all count."
    wanted_error: float = Field(0.05, gt=0, lt=1)
    "Wanted relative error of the mean size: a warning tells if it needs more particles."
    confidence: float = Field(0.95, gt=0, lt=1)
    "Confidence of all intervals, and of the wanted error."
    resamples: int = Field(1000, ge=100, le=100_000)
    "How often images, and particles in each of them, are drawn anew for the bootstrap intervals."


@dataclass(frozen=True)
class Estimate:
    """A value with its bootstrap interval; None where there are too few particles."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Distribution:
    """Percentiles and moments of a size distribution; the geometric standard deviation has no unit."""

    d10: Estimate
    d50: Estimate
    d90: Estimate
    mean: Estimate
    standard_deviation: Estimate
    geometric_mean: Estimate
    geometric_standard_deviation: Estimate


@dataclass(frozen=True)
class LogNormal:
    """The log-normal distribution fitted by maximum likelihood, by number."""

    median: float
    geometric_standard_deviation: float
    distance: float
    "Largest distance between the cumulative distributions (Kolmogorov-Smirnov); the fit makes it small."


@dataclass(frozen=True)
class SizeStatistics:
    """Sizes of the particles of one or more images; `json.dumps(dataclasses.asdict(statistics))` writes them."""

    column: str
    "Which size, with its unit."
    unit: str
    count: int
    "How many particles the statistics are computed from."
    images: int
    "How many images these lie in. Of several, the bootstrap draws images, and then particles in each of them."
    left_out_at_edge: int
    left_out_occluded: int
    number: Distribution | None
    "Each particle counts the same (q0). None without particles."
    volume: Distribution | None
    "Each particle counts by its size cubed (q3). None without particles."
    log_normal: LogNormal | None
    "None with fewer than two different sizes."
    needed_for_number_mean: int | None
    "Particles needed to reach the wanted error of the number-weighted mean; see `needed_count`."
    needed_for_volume_mean: int | None
    warnings: tuple[str, ...]


def describe_sizes(
    table: pd.DataFrame,
    rng: np.random.Generator,
    options: SizeOptions | None = None,
    *,
    thing: str = "particle",
    **changes: Any,
) -> SizeStatistics:
    """Statistics of the sizes in a table as `autoseg.measurement.shape.measure` makes it, of one or more images.

    Options can be given as an object, by name, or both. Large particles are cut by the edge more often: leaving them
    out makes the mean too small, unless the others are weighted by the inverse of their probability of lying inside
    (Miles and Lantuejoul). Covered particles are left out without such a correction. The column "image", where there
    is one, says which particles lie in the same image: no two images may have the same name there. Warnings call a row
    of the table a `thing`.

    >>> table = pd.DataFrame({"equivalent_diameter_area_nm": [8.0, 10.0, 12.5], "touches_edge": False})
    >>> statistics = describe_sizes(table.assign(edge_weight=1.0), np.random.default_rng(0))
    >>> statistics.count, round(statistics.number.d50.value, 3), round(statistics.number.geometric_mean.value, 3)
    (3, 10.0, 10.0)
    """
    options = (options or SizeOptions()).changed(**changes)
    column = size_column(table, options.column)
    at_edge, occluded = left_out(table, options)
    kept = table[~at_edge & ~occluded]
    sizes = _sizes(kept, column)
    weights = kept["edge_weight"].to_numpy(float) if options.edge == "weight" else np.ones(len(kept))
    images = _images(kept)
    ends = None
    if sizes.size > 1:
        ends = intervals(sizes, weights, rng, options.resamples, options.confidence, images)
    counts = len(kept), len(np.unique(images)), int(at_edge.sum()), int((occluded & ~at_edge).sum())
    return summarize_sizes(column, (sizes, weights), counts, ends, options, thing)


def summarize_sizes(
    column: str,
    sizes: tuple[np.ndarray, np.ndarray],
    counts: tuple[int, int, int, int],
    ends: tuple[np.ndarray, np.ndarray] | None,
    options: SizeOptions,
    thing: str = "particle",
) -> SizeStatistics:
    """Statistics of sizes that count as their weights, with the ends of the intervals, which are known already.

    `counts` are those of particles, of images, of particles left out at the edge, and of occluded ones.
    """
    values, weights = sizes
    particles, images, at_edge, occluded = counts
    number, volume = _distributions(values, weights, particles, ends)
    log_normal = _log_normal(values, weights)
    needed = _needed(log_normal, options)
    return SizeStatistics(
        column=column,
        unit=column.rpartition("_")[2],
        count=particles,
        images=images,
        left_out_at_edge=at_edge,
        left_out_occluded=occluded,
        number=number,
        volume=volume,
        log_normal=log_normal,
        needed_for_number_mean=needed["number"],
        needed_for_volume_mean=needed["volume"],
        warnings=_warnings(particles, images, needed, options, thing),
    )


def needed_count(
    geometric_standard_deviation: float, error: float = 0.05, confidence: float = 0.95, power: int = 0
) -> int:
    """How many particles the mean of a log-normal size distribution needs, to be within a relative error.

    `power` is 0 for the number-weighted and 3 for the volume-weighted mean. With s = ln(geometric standard deviation)
    and c = power + 1/2 the logarithm of the mean is mu + c s^2, which n particles estimate with a variance of
    s^2 (1 + 2 c^2 s^2) / n. So log n falls by twice the logarithm of the error, from a constant that grows with the
    spread: the dependence of Masuda and Iinoya, to which ISO 13322-1 refers.

    >>> needed_count(1.2), needed_count(1.2, power=3), needed_count(1.6, power=3)
    (52, 93, 2177)
    """
    squared = math.log(geometric_standard_deviation) ** 2
    quantile = special.ndtri((1 + confidence) / 2)
    count = (quantile / error) ** 2 * squared * (1 + 2 * (power + 0.5) ** 2 * squared)
    return max(2, math.ceil(count))


def size_column(table: pd.DataFrame, wanted: str) -> str:
    """The one column of the table that holds the wanted size."""
    names = [wanted, *(f"{wanted}_{unit}" for unit in _UNITS)]
    lengths = [name for name in table.columns if str(name).endswith(tuple(f"_{unit}" for unit in _UNITS))]
    found = [name for name in names if name in lengths]
    if len(found) == 1:
        return found[0]
    if found:
        raise _mixed(wanted)
    nearest = difflib.get_close_matches(wanted, lengths, n=1, cutoff=0.4)
    advice = f'Did you mean "{nearest[0]}"?' if nearest else "Sizes are columns that end in _nm or _px."
    raise OptionsError(f'the table has no size called "{wanted}"', advice=advice)


def _mixed(column: str) -> AutosegError:
    problem = f'"{column}" is in nm for some particles and in pixels for others, or is missing'
    return AutosegError(problem, advice="Give the pixel size of all images, or describe each image on its own.")


def left_out(table: pd.DataFrame, options: SizeOptions) -> tuple[pd.Series, pd.Series]:
    """Which particles are left out because they touch the edge, and because they are covered."""
    used = {"weight": ["touches_edge", "edge_weight"], "exclude": ["touches_edge"], "keep": []}[options.edge]
    for name in [*used, *(["occlusion"] if options.max_occlusion is not None else [])]:
        if name not in table:
            raise AutosegError(f'the table has no column "{name}"', advice="Measure the particles anew.")
    none = pd.Series(False, table.index)
    at_edge = none if options.edge == "keep" else table["touches_edge"].astype(bool)
    return at_edge, none if options.max_occlusion is None else table["occlusion"] > options.max_occlusion


def _sizes(kept: pd.DataFrame, column: str) -> np.ndarray:
    sizes = kept[column].to_numpy(float)
    if not np.isfinite(sizes).all():
        raise _mixed(column)
    if (sizes <= 0).any():
        raise AutosegError(f'"{column}" is 0 for some particles', advice="Leave these out, or choose another size.")
    return sizes


def _images(kept: pd.DataFrame) -> np.ndarray:
    """Of each particle the number of its image, from 0 without a gap."""
    if "image" not in kept:
        return np.zeros(len(kept), int)
    return pd.factorize(kept["image"], sort=True, use_na_sentinel=False)[0]


def _distributions(
    sizes: np.ndarray, weights: np.ndarray, particles: int, ends: tuple[np.ndarray, np.ndarray] | None
) -> tuple[Distribution, Distribution] | tuple[None, None]:
    """By number and by volume; a single particle has a size, but neither spread nor intervals."""
    if not particles:
        return None, None
    values = number_and_volume(sizes, weights)
    if particles == 1:
        values[:, [name.endswith("standard_deviation") for name in Moments._fields]] = np.nan
    low, high = (np.full_like(values, np.nan),) * 2 if ends is None else ends
    number, volume = (Distribution(*map(_estimate, *three)) for three in zip(values, low, high, strict=True))
    return number, volume


def _estimate(*ends: float) -> Estimate:
    return Estimate(*(None if math.isnan(end) else float(end) for end in ends))


def _log_normal(sizes: np.ndarray, weights: np.ndarray) -> LogNormal | None:
    """The geometric mean and standard deviation are the maximum-likelihood estimates."""
    if not sizes.size:
        return None
    found = describe(sizes, weights)
    median, factor = float(found.geometric_mean), float(found.geometric_standard_deviation)
    if factor == 1:
        return None
    return LogNormal(median, factor, distance_to_log_normal(sizes, weights, math.log(median), math.log(factor)))


def _needed(log_normal: LogNormal | None, options: SizeOptions) -> dict[str, int | None]:
    powers = {"number": 0, "volume": 3}
    if log_normal is None:
        return dict.fromkeys(powers)
    spread = log_normal.geometric_standard_deviation
    return {
        name: needed_count(spread, options.wanted_error, options.confidence, power) for name, power in powers.items()
    }


def _warnings(
    count: int, images: int, needed: dict[str, int | None], options: SizeOptions, thing: str
) -> tuple[str, ...]:
    if count < 2:
        return (
            f"No {thing} is left to compute statistics from." if count == 0 else f"One {thing} has no distribution.",
        )
    too_few = [
        f"{count} {thing}s are too few: {least} are needed for a {name}-weighted mean within "
        f"{100 * options.wanted_error:.3g} % of its value at a confidence of {100 * options.confidence:.3g} %, if "
        "sizes are log-normal (ISO 13322-1)."
        for name, least in needed.items()
        if least is not None and count < least
    ]
    if not 1 < images < ENOUGH_IMAGES:
        return tuple(too_few)
    few_images = (
        f"The intervals of the sizes are too narrow, as there are only {images} images: about {ENOUGH_IMAGES} are "
        "needed to see how much images differ."
    )
    return (*too_few, few_images)
