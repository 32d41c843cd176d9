"""Figures of size and shape distributions, as matplotlib figures that are independent of pyplot and its global state.

Sizes and weights are arrays of shape (particles,): what `counted_particles` keeps, so that a figure shows exactly
the particles that the statistics beside it are computed from.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from autoseg.measurement.sizes import Distribution, Estimate, SizeOptions, SizeStatistics

_BARS, _FIRST, _SECOND, _TEXT = "#a9c4de", "#0072b2", "#d55e00", "#333333"  # after Okabe and Ito, and a pale blue
_WIDE = 5  # a distribution with D90 / D10 above this is shown on a logarithmic axis
_NAMES = {
    "equivalent_diameter_area": "equivalent circular diameter",
    "equivalent_diameter": "equivalent spherical diameter",
    "feret_diameter_max": "maximum Feret diameter",
    "feret_diameter_min": "minimum Feret diameter",
}
_SHAPES = {
    "aspect_ratio": "aspect ratio (min. / max. Feret diameter)",
    "circularity": "circularity",
    "sphericity": "sphericity",
}
_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _TEXT,
    "axes.labelcolor": _TEXT,
    "text.color": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
    "legend.frameon": False,
    "svg.hashsalt": "autoseg",  # equal figures are equal files
}


def counted_particles(table: pd.DataFrame, options: SizeOptions) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows that `describe_sizes` computes statistics from, and for how many particles each counts.

    >>> table = pd.DataFrame({"touches_edge": [True, False], "edge_weight": [0.0, 1.5], "occlusion": [0.0, 0.0]})
    >>> counted_particles(table, SizeOptions())[1].tolist()
    [1.5]
    """
    kept = np.ones(len(table), bool)
    if options.edge != "keep":
        kept &= ~table["touches_edge"].to_numpy(bool)
    if options.max_occlusion is not None:
        kept &= table["occlusion"].to_numpy(float) <= options.max_occlusion
    table = table[kept]
    return table, table["edge_weight"].to_numpy(float) if options.edge == "weight" else np.ones(len(table))


def size_name(statistics: SizeStatistics) -> str:
    """What the size is, in words without its unit."""
    name = statistics.column.removesuffix(f"_{statistics.unit}")
    return _NAMES.get(name, name.replace("_", " "))


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw in our style, whatever the user's settings of matplotlib are."""

    @wraps(draw)
    def drawn(*arguments: Any) -> Figure:
        with matplotlib.style.context(["default", _STYLE]):
            return draw(*arguments)

    return drawn


@styled
def draw_sizes(sizes: np.ndarray, weights: np.ndarray, statistics: SizeStatistics, things: str = "particles") -> Figure:
    """Histogram of the sizes of `things` by number, with the log-normal fit and D10, D50 and D90; at least one size."""
    figure, axes = canvas()
    scale, back = _scale(statistics)
    edges = _bins(scale(sizes))
    _draw_bars(axes, scale(sizes), weights, edges, back)
    axes.set_ylabel(f"share of {things} / %")
    if statistics.log_normal is not None:
        places = np.linspace(edges[0], edges[-1], 200)
        density = _log_normal_density(places, statistics, logarithmic=scale is np.log)
        axes.plot(back(places), 100 * density * (edges[1] - edges[0]), color=_SECOND, label="log-normal fit")
        _explain(axes)
    if statistics.number is not None:
        _mark_percentiles(axes, statistics.number)
    _name_size_axis(axes, statistics, logarithmic=scale is np.log)
    return figure


@styled
def draw_cumulative(sizes: np.ndarray, weights: np.ndarray, statistics: SizeStatistics) -> Figure:
    """Cumulative distributions by number and by volume; dots are D10, D50 and D90 with their intervals."""
    figure, axes = canvas()
    sizes, weights = sizes[np.argsort(sizes)], weights[np.argsort(sizes)]
    kinds = (
        ("by number ($Q_0$)", 0, statistics.number, _FIRST, "-"),
        ("by volume ($Q_3$)", 3, statistics.volume, _SECOND, "--"),
    )
    for name, power, distribution, colour, line in kinds:
        shares = weights * sizes**power / np.sum(weights * sizes**power)
        reached = np.concatenate([[0], np.cumsum(shares) - shares / 2, [1]])
        axes.plot(sizes[[0, *range(len(sizes)), -1]], 100 * reached, line, color=colour, label=name)
        if distribution is not None:
            _draw_intervals(axes, distribution, colour)
    for percentage in (10, 50, 90):
        axes.axhline(percentage, color="#cccccc", linewidth=0.6, zorder=0)
    scale, _ = _scale(statistics)
    _name_size_axis(axes, statistics, logarithmic=scale is np.log)
    axes.set_ylabel("cumulative share / %")
    axes.set_ylim(0, 101)
    axes.set_yticks([0, 10, 25, 50, 75, 90, 100])
    _explain(axes)
    return figure


@styled
def draw_shape(values: np.ndarray, weights: np.ndarray, name: str) -> Figure:
    """Histogram of a shape measure that has no unit, such as "aspect_ratio", with its median; at least one value."""
    figure, axes = canvas()
    highest = max(1.0, math.ceil(20 * values.max()) / 20)
    _draw_bars(axes, values, weights, np.linspace(0, highest, round(20 * highest) + 1))
    median = weighted_median(values, weights)
    axes.axvline(median, color=_SECOND, linewidth=1.2, label=f"median {median:.3f}")
    axes.set_xlim(0, highest)
    axes.set_xlabel(_SHAPES.get(name, name.replace("_", " ")))
    _explain(axes)
    return figure


@styled
def draw_course(pages: Sequence[int], values: Sequence[Estimate | None], name: str) -> Figure:
    """Values over the pages of a file, with their intervals, where there are some."""
    figure, axes = canvas()
    known = [math.nan if value is None or value.value is None else value.value for value in values]
    axes.plot(pages, known, "o-", color=_FIRST, markersize=3.5)
    for page, value in zip(pages, values, strict=True):
        if value and value.low is not None and value.high is not None:
            axes.vlines(page, value.low, value.high, color=_FIRST, linewidth=2.5, alpha=0.5)
    axes.set_xlabel("page")
    axes.set_ylabel(name)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value below which half the weight lies, read as the percentiles of sizes are.

    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.ones(3))
    2.0
    """
    order = np.argsort(values)
    shares = weights[order] / weights.sum()
    return float(np.interp(0.5, np.cumsum(shares) - shares / 2, values[order]))


def as_svg(figure: Figure) -> bytes:
    """The figure as a file that needs no fonts."""
    stream = io.BytesIO()
    with matplotlib.style.context(["default", _STYLE]):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def canvas() -> tuple[Figure, Axes]:
    """An empty figure of the size that all have, and its axes."""
    figure = Figure(figsize=(5.2, 3.4))
    return figure, figure.add_axes((0.115, 0.15, 0.865, 0.71))  # fixed, so that figures side by side are aligned


def _explain(axes: Axes) -> None:
    """A legend above the axes, where it hides nothing."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.05), borderaxespad=0, ncols=2, fontsize=8)


def _scale(statistics: SizeStatistics) -> tuple[np.ufunc, np.ufunc]:
    """In what the size axis is divided evenly, and the way back from it: logarithms where sizes differ widely."""
    number = statistics.number
    if number is None or not number.d10.value or not number.d90.value or number.d90.value / number.d10.value < _WIDE:
        return np.positive, np.positive
    return np.log, np.exp


def _bins(places: np.ndarray) -> np.ndarray:
    """Edges of 6 to 40 bins, as wide as Freedman and Diaconis advise."""
    low, high = places.min(), places.max()
    if low == high:
        return np.linspace(0.95 * low, 1.05 * high, 4)
    quartiles = np.percentile(places, [25, 75])
    width = 2 * (quartiles[1] - quartiles[0]) / len(places) ** (1 / 3)
    count = min(40, max(6, math.ceil((high - low) / width))) if width > 0 else 10
    return np.linspace(low, high, count + 1)


def _draw_bars(
    axes: Axes, places: np.ndarray, weights: np.ndarray, edges: np.ndarray, back: np.ufunc = np.positive
) -> None:
    """The share of the weight between the edges; `back` leads from there to the axis."""
    shares, _ = np.histogram(places, edges, weights=100 * weights / weights.sum())
    ends = back(edges)
    axes.bar(ends[:-1], shares, np.diff(ends), align="edge", color=_BARS, edgecolor="white", linewidth=0.6)
    axes.set_ylabel("share of particles / %")


def _log_normal_density(places: np.ndarray, statistics: SizeStatistics, logarithmic: bool) -> np.ndarray:
    """Of the fit, per unit of size or of its logarithm."""
    fit = statistics.log_normal
    assert fit is not None
    spread = math.log(fit.geometric_standard_deviation)
    logs = places if logarithmic else np.log(places)
    density = np.exp(-(((logs - math.log(fit.median)) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))
    return density if logarithmic else density / places


def _mark_percentiles(axes: Axes, distribution: Distribution) -> None:
    sides = {"d10": "right", "d50": "center", "d90": "left"}  # so that the labels of close ones do not overlap
    for name, side in sides.items():
        value, above = getattr(distribution, name).value, axes.get_xaxis_transform()
        axes.axvline(value, color=_TEXT, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.text(value, 1.01, f"$D_{{{name[1:]}}}$", transform=above, ha=side, va="bottom", fontsize=8)


def _draw_intervals(axes: Axes, distribution: Distribution, colour: str) -> None:
    for name in ("d10", "d50", "d90"):
        found = getattr(distribution, name)
        axes.plot(found.value, float(name[1:]), "o", color=colour, markersize=3.5)
        if found.low is not None:
            axes.hlines(float(name[1:]), found.low, found.high, color=colour, linewidth=2.5, alpha=0.5)


def _name_size_axis(axes: Axes, statistics: SizeStatistics, logarithmic: bool) -> None:
    axes.set_xlabel(f"{size_name(statistics)} / {statistics.unit}")
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
