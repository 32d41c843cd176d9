"""The page: one HTML file that contains its pictures and opens without a network connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autoseg.measurement.batch import Measured
from autoseg.measurement.image_result import ImageResult
from autoseg.measurement.intake import printable
from autoseg.measurement.method import count, describe_method, references
from autoseg.measurement.page_parts import embedded, fill_template, flat, images_part, pixel_sizes, sizes_part
from autoseg.measurement.plots import as_svg, draw_course, draw_shape, weighted_median
from autoseg.measurement.series import courses_of, series_in
from autoseg.measurement.sizes import Estimate, SizeOptions
from autoseg.measurement.summary import Group
from autoseg.segmentation.provenance import Provenance

if TYPE_CHECKING:
    from autoseg.evaluation import Scores

COURSES = 20
"Of so many files, at most, the page shows how sizes change from page to page; tables have all."
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
    batch: Measured,
    failed: int,
    warnings: Sequence[str],
    run: Mapping[str, Any],
    provenance: Provenance,
    scores: Scores | None,
) -> str:
    """The page as text; `run` is what run.json holds."""
    recording, shown = batch.recording, batch.shown()
    return fill_template(
        "particles.html",
        run,
        warnings,
        overview=_overview(groups, batch, failed),
        groups=[_group(group, recording.sizes) for group in groups],
        courses=_courses(batch),
        images=images_part(shown, "Particles found", lambda image: count(image.particles, "particle")),
        others=len(batch.records) - len(shown),
        scores=scores and _scores(scores, provenance),
        method=describe_method(
            groups, recording.sizes, recording.seed, provenance, [one.text for one in recording.conditions]
        ),
        references=references(recording.sizes, any(group.statistics.images > 1 for group in groups)),
    )


def _overview(groups: Sequence[Group], batch: Measured, failed: int) -> list[tuple[str, str]]:
    """Names and values."""
    images = batch.records
    return [
        ("Images analysed", str(len(images))),
        ("Files that failed", str(failed)),
        *_implausible(images),
        ("Particles found", str(sum(image.particles + image.left_out for image in images))),
        *_left_out(batch),
        ("of these at the edge", str(sum(image.at_edge for image in images))),
        ("of these counted", str(sum(group.statistics.count for group in groups))),
        *pixel_sizes(images),
    ]


def _implausible(images: Sequence[ImageResult]) -> list[tuple[str, str]]:
    """In how many images there were only regions that were not taken for particles, if in any."""
    doubted = [image.implausible for image in images if image.shows_nothing]
    regions = count(sum(doubted), "region")
    return [("Images with nothing plausible", f"{len(doubted)} ({regions} left out)")] if doubted else []


def _left_out(batch: Measured) -> list[tuple[str, str]]:
    """How many particles do not meet the conditions, if there are any conditions, and how many do."""
    if not batch.recording.conditions:
        return []
    left_out = sum(image.left_out for image in batch.records)
    unmet = " and ".join(condition.text for condition in batch.recording.conditions)
    return [
        ("of these left out", f"{left_out} (kept: {unmet})"),
        ("of these kept", str(sum(image.particles for image in batch.records))),
    ]


def _group(group: Group, options: SizeOptions) -> dict[str, Any]:
    """Figures and numbers of the images with the same unit."""
    part = sizes_part(group.sizes, group.statistics, len(group.images), options)
    if group.statistics.count > 1:
        for shape, found in group.shapes.items():
            figure = as_svg(draw_shape(*found, shape))
            name = f"Histogram of the {shape.replace('_', ' ')} by number"
            part["figures"].append((name, embedded("image/svg+xml", figure)))
    shapes = [(shape, weighted_median(*found)) for shape, found in group.shapes.items() if len(found.values)]
    return {**part, "shapes": shapes, "from_sums": group.from_sums}


def _courses(batch: Measured) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each file of which several pages were asked for, figures of what changes from one to the next."""
    series = sorted(series_in(batch.records, batch.inputs))[:COURSES]
    parts = []
    for course in courses_of(batch.images, series) if series else []:
        counts = [Estimate(float(number), None, None) for number in course.particles]
        figures = {
            "Particles on each page": draw_course(course.pages, counts, "particles"),
            "Median size by number": draw_course(course.pages, course.medians, f"median size / {course.unit}"),
        }
        embeddable = [(name, embedded("image/svg+xml", as_svg(figure))) for name, figure in figures.items()]
        parts.append((printable(course.file), embeddable))
    return parts


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
        "measured": flat(provenance.evaluation),
    }
