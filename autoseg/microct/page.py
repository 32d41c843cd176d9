"""The page about a volume: one HTML file that carries its pictures inside."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import autoseg
from autoseg.measurement.counted import counted
from autoseg.measurement.method import between, count, number
from autoseg.measurement.page_parts import embedded, fill_template, sizes_part
from autoseg.measurement.plots import as_svg, canvas, draw_shape, styled, weighted_median
from autoseg.measurement.sizes import SizeOptions, SizeStatistics
from autoseg.microct.analysis import VolumeResult
from autoseg.microct.grains.parting import PartingOptions
from autoseg.microct.views import draw_sections

_REFERENCES = (
    "F. Meyer, Topographic distance and watershed lines, Signal Processing 38 (1994) 113-125.",
    "G. Lehmann, D. Legland, Efficient N-dimensional surface estimation using Crofton formula and run-length encoding, "
    "Insight Journal (2012).",
    "C. J. Geyer, Practical Markov chain Monte Carlo, Statistical Science 7 (1992) 473-483.",
    "R. E. Miles, On the elimination of edge effects in planar sampling, in: E. F. Harding, D. G. Kendall (eds.), "
    "Stochastic Geometry, Wiley, London 1974, 228-247.",
)


def render_volume(
    result: VolumeResult,
    sizes: SizeStatistics,
    run: Mapping[str, Any],
    warnings: Sequence[str],
    options: SizeOptions,
    found_by: str,
) -> str:
    """The page as text; `run` is what run.json holds."""
    part = sizes_part(counted(result.grains, sizes.column, options), sizes, 1, options, "grains")
    sphericity, weights = counted(result.grains, "sphericity", options)
    if sizes.count > 1:
        figure = as_svg(draw_shape(sphericity, weights, "sphericity"))
        part["figures"].append(("Histogram of the sphericity by number", embedded("image/svg+xml", figure)))
    return fill_template(
        "volume.html",
        run,
        warnings,
        "autoseg.microct",
        overview=_overview(result, sizes),
        fraction=result.fraction,
        group=part,
        sphericity=weighted_median(sphericity, weights) if len(sphericity) else None,
        profile=embedded("image/svg+xml", as_svg(_draw_profile(result))),
        views=_views(result),
        method=_describe(result, sizes, found_by, run),
        references=_REFERENCES,
    )


def _overview(result: VolumeResult, sizes: SizeStatistics) -> list[tuple[str, str]]:
    """Names and values."""
    volume, table = result.volume, result.grains
    slices, rows, columns = volume.shape
    edges = "unknown" if volume.voxel_size is None else " x ".join(f"{edge:g}" for edge in volume.voxel_size) + " nm"
    return [
        ("Volume", volume.name),
        ("Size", f"{slices} slices of {rows} rows x {columns} columns"),
        ("Voxel (x, y, z)", f"{edges} ({volume.voxel_size_source})"),
        ("Slices passed over", str(len(result.failures))),
        ("Grains found", str(result.count)),
        ("of these at the border", str(int(table["touches_edge"].sum()))),
        ("of these counted", str(sizes.count)),
        ("Specks left out", f"{len(result.specks)} ({int(result.specks.sum())} voxels)"),
    ]


def _views(result: VolumeResult) -> list[tuple[str, str]]:
    return [
        (name, embedded("image/png", _as_png(picture)))
        for name, picture in draw_sections(result.grey, result.labels, result.volume.voxel_size)
    ]


def _as_png(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="png", optimize=True)
    return stream.getvalue()


@styled
def _draw_profile(result: VolumeResult) -> Figure:
    """The fraction of each slice, and that of all with its interval."""
    fraction, table = result.fraction, result.slices
    figure, axes = canvas()
    axes.plot(table["slice"], 100 * table["fraction"], color="#0072b2", linewidth=1, label="slices")
    axes.axhline(100 * fraction.value, color="#d55e00", linewidth=1.2, label=f"all: {100 * fraction.value:.2f} %")
    if fraction.low is not None and fraction.high is not None:
        axes.axhspan(100 * fraction.low, 100 * fraction.high, color="#d55e00", alpha=0.15, linewidth=0)
    axes.set_xlabel("slice")
    axes.set_ylabel("grains / %")
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)
    return figure


def _describe(result: VolumeResult, sizes: SizeStatistics, found_by: str, run: Mapping[str, Any]) -> str:
    """How the results were obtained, for a paper."""
    slices, rows, columns = result.volume.shape
    parting, fraction = run["settings"].get("grains", PartingOptions().model_dump()), result.fraction
    sentences = [
        f"A volume of {slices} slices of {rows} x {columns} voxels was segmented by {found_by} "
        f"(autoseg {autoseg.__version__}).",
        "Grains that touch were parted in three dimensions: voxels were assigned to the summits of the exact Euclidean "
        "distance to the background along steepest ascents, and summits were joined unless the neck between them was "
        f"narrower than {parting['neck']:g} times the radius of the smaller one.",
        f"{count(result.count, 'grain')} of at least {parting['minimum_size']} voxels were found; "
        f"{count(sizes.count, 'grain')} entered the size statistics.",
        f"The volume fraction was {100 * fraction.value:.2f} %"
        + ("" if fraction.low is None else between(100 * fraction.low, 100 * (fraction.high or 0)))
        + f", with the {100 * fraction.confidence:g} % interval of a mean of correlated slices."
        * (fraction.low is not None)
        + "." * (fraction.low is None),
    ]
    if sizes.number is not None and sizes.volume is not None:
        by_number, by_volume = sizes.number.d50, sizes.volume.d50
        sentences.append(
            f"The median equivalent diameter was {number(by_number.value)} {sizes.unit}"
            f"{between(by_number.low, by_number.high)} by number and {number(by_volume.value)} {sizes.unit}"
            f"{between(by_volume.low, by_volume.high)} by volume."
        )
    return " ".join(sentences)
