"""The scores of particles that matter most, as rows of tables for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autoseg.evaluation.intervals import Interval
from autoseg.evaluation.scores import Scores, pool_scores

SCORES = ["image", "true", "found", "precision", "recall", "F1", "AP", "best IoU", "image IoU", "D50 error"]


def score_rows(scores: Mapping[str, Scores]) -> list[list[object]]:
    """An image a row, with the columns SCORES, and all together if there are several; None is not known."""
    together = {f"all {len(scores)}": pool_scores(list(scores.values()))} if len(scores) > 1 else {}
    rows: list[list[object]] = []
    for name, found in {**scores, **together}.items():
        one = found.particles
        numbers = (one.precision, one.recall, one.f1, one.average_precision, one.mean_best_iou)
        median_error = (found.sizes_nm or found.sizes_px).relative_error(50)
        rows.append([name, one.true, one.predicted, *numbers, found.published.image_iou, median_error])
    return rows


def size_header(scores: Scores) -> list[str]:
    """The names of the columns of `size_rows`."""
    return [f"diameter ({'px' if scores.sizes_nm is None else 'nm'})", "true", "found", "error (%)"]


def size_rows(scores: Scores) -> list[list[str]]:
    """A row for each percentile: its name, true, found, and error in per cent, each with its interval."""
    sizes = scores.sizes_nm or scores.sizes_px
    return [
        [
            f"D{percentile}",
            _with_interval(found.true, found.true_interval, _length),
            _with_interval(found.predicted, found.predicted_interval, _length),
            _with_interval(found.relative_error, found.relative_error_interval, _per_cent),
        ]
        for percentile, found in sizes.percentiles.items()
    ]


def _with_interval(value: float | None, interval: Interval | None, write: Callable[[float | None], str]) -> str:
    return write(value) + (f" [{write(interval.low)}, {write(interval.high)}]" if interval else "")


def _length(value: float | None) -> str:
    """Four digits, as in reports, of whose modules a mere evaluation needs none: they take long to import."""
    return "-" if value is None else f"{value:.0f}" if value >= 1e3 else f"{value:#.4g}"


def _per_cent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:+.1f}"
