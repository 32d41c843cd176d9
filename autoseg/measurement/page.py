"""The page: one HTML file that contains its pictures and opens without a network connection."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined

from autoseg.evaluation import Scores
from autoseg.measurement.batch import Batch, image_names
from autoseg.measurement.method import count, describe_method, number, references
from autoseg.measurement.plots import (
    as_svg,
    counted_particles,
    draw_cumulative,
    draw_shape,
    draw_sizes,
    size_name,
    weighted_median,
)
from autoseg.measurement.sizes import Distribution, Estimate, SizeOptions
from autoseg.measurement.summary import SHAPES, Group
from autoseg.segmentation.provenance import Provenance

_QUANTITIES = {
    "d10": "D10",
    "d50": "D50 (median)",
    "d90": "D90",
    "mean": "Mean",
    "standard_deviation": "Standard deviation",
    "geometric_mean": "Geometric mean",
    "geometric_standard_deviation": "Geometric standard deviation",
}
_SCORES = {
    "precision": "Precision (IoU ≥ 0.5)",
    "recall": "Recall (IoU ≥ 0.5)",
    "f1": "F1 (IoU ≥ 0.5)",
    "average_precision": "Average precision AP50",
    "mean_average_precision": "Mean of AP50 to AP95",
    "mean_best_iou": "Mean best IoU of the true particles",
    "panoptic_quality": "Panoptic quality",
    "aggregated_jaccard": "Aggregated Jaccard index",
}


def render_page(
    groups: Sequence[Group],
    batch: Batch,
    warnings: Sequence[str],
    run: Mapping[str, Any],
    provenance: Provenance,
    scores: Scores | None,
) -> str:
    """The page as text; `run` is what run.json holds."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, interval=_interval)
    template = environment.from_string(files("autoseg.measurement").joinpath("report.html").read_text(encoding="utf-8"))
    return template.render(
        title=run["report"]["title"],
        run=run,
        warnings=warnings,
        overview=_overview(groups, batch),
        groups=[_group(group, batch.sizes) for group in groups],
        images=_images(batch),
        failures=run["failures"],
        scores=scores and _scores(scores, provenance),
        method=describe_method(groups, batch.sizes, batch.seed, provenance, [one.text for one in batch.conditions]),
        references=references(batch.sizes, any(group.statistics.images > 1 for group in groups)),
        settings=_flat({**run["settings"], "report": run["report"]}),
        count=count,
    )


def _overview(groups: Sequence[Group], batch: Batch) -> list[tuple[str, str]]:
    """Names and values."""
    images = batch.images
    rows = [
        ("Images analysed", str(len(images))),
        ("Files that failed", str(len(batch.failures))),
        ("Particles found", str(sum(image.particles + image.left_out for image in images))),
        *_left_out(batch),
        ("of these at the edge", str(sum(image.at_edge for image in images))),
        ("of these counted", str(sum(group.statistics.count for group in groups))),
    ]
    calibrations: dict[tuple[float | None, str], int] = {}
    for image in images:
        key = image.pixel_size, image.pixel_size_source
        calibrations[key] = calibrations.get(key, 0) + 1
    for (size, source), times in calibrations.items():
        known = "unknown" if size is None else f"{size:.4g} nm"
        rows.append(
            ("Pixel size", f"{known} ({source})" + (f", {count(times, 'image')}" if len(calibrations) > 1 else ""))
        )
    return rows


def _left_out(batch: Batch) -> list[tuple[str, str]]:
    """How many particles do not meet the conditions, if there are any conditions, and how many do."""
    if not batch.conditions:
        return []
    left_out = sum(image.left_out for image in batch.images)
    unmet = " and ".join(condition.text for condition in batch.conditions)
    return [
        ("of these left out", f"{left_out} (kept: {unmet})"),
        ("of these kept", str(sum(image.particles for image in batch.images))),
    ]


def _group(group: Group, options: SizeOptions) -> dict[str, Any]:
    """Figures and numbers of the images with the same unit."""
    found, (kept, weights) = group.statistics, counted_particles(group.particles, options)
    figures, confidence = [], f"{100 * options.confidence:g} %"
    if found.count > 1:
        sizes = kept[found.column].to_numpy(float)
        name = size_name(found)
        figures = [
            (f"Histogram of the {name} by number, with percentiles", as_svg(draw_sizes(sizes, weights, found))),
            (f"Cumulative distributions; bars: {confidence} intervals", as_svg(draw_cumulative(sizes, weights, found))),
        ]
        for shape in SHAPES:
            values = kept[shape].to_numpy(float)
            name = f"Histogram of the {shape.replace('_', ' ')} by number"
            figures.append((name, as_svg(draw_shape(values, weights, shape))))
    return {
        "unit": group.unit,
        "images": len(group.images),
        "statistics": found,
        "size": size_name(found),
        "figures": [(name, _data("image/svg+xml", figure)) for name, figure in figures],
        "rows": _rows(found.number, found.volume, group.unit),
        "confidence": confidence,
        "several_images": found.images > 1,
        "shapes": [(shape, weighted_median(kept[shape].to_numpy(float), weights)) for shape in SHAPES if len(kept)],
    }


def _rows(
    number: Distribution | None, volume: Distribution | None, unit: str
) -> list[tuple[str, str, Estimate, Estimate]]:
    """Name, unit, estimate by number, estimate by volume."""
    if number is None or volume is None:
        return []
    return [
        (name, "" if field.startswith("geometric_s") else unit, getattr(number, field), getattr(volume, field))
        for field, name in _QUANTITIES.items()
    ]


def _images(batch: Batch) -> list[dict[str, Any]]:
    entries = zip(image_names(batch.images), batch.images, batch.thumbnails.pictures, strict=True)
    return [
        {
            "name": name,
            "result": image,
            "picture": picture and _data("image/jpeg", picture),
            "link": quote(image.files["overlay"].name),
        }
        for name, image, picture in entries
    ]


def _scores(scores: Scores, provenance: Provenance) -> dict[str, Any]:
    particles, sizes = scores.particles, scores.sizes_nm or scores.sizes_px
    errors = {f"D{percentile}": sizes.relative_error(percentile) for percentile in (10, 50, 90)}
    return {
        "images": scores.images,
        "true": particles.true,
        "predicted": particles.predicted,
        "merges": particles.merges,
        "splits": particles.splits,
        "rows": [(name, getattr(particles, field)) for field, name in _SCORES.items()]
        + [
            ("Pixels: IoU of the foreground", scores.published.image_iou),
            ("Pixels: Youden's index", scores.published.youden),
        ],
        "errors": [(name, error) for name, error in errors.items() if error is not None],
        "measured": _flat(provenance.evaluation),
    }


def _flat(values: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as rows of a dotted name and a value.

    >>> _flat({"network": {"filters": [4, 8], "outputs": [["mask", 1]], "device": None}})
    [('network.filters', '4, 8'), ('network.outputs', '(mask, 1)'), ('network.device', 'not set')]
    """
    if not isinstance(values, Mapping):
        return [(prefix or "value", _text(values))]
    return [row for key, value in values.items() for row in _flat(value, f"{prefix}.{key}" if prefix else str(key))]


def _text(value: Any) -> str:
    """A value without its quotes and brackets; lists within a list are in parentheses."""
    if isinstance(value, list):
        return ", ".join(f"({_text(part)})" if isinstance(part, list) else _text(part) for part in value)
    return "not set" if value is None else str(value)


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "-"
    return f"{number(estimate.low)} to {number(estimate.high)}"


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
