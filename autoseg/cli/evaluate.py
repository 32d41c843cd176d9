"""autoseg evaluate."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from autoseg.cli.class_tables import class_report
from autoseg.cli.inputs import micrographs_in
from autoseg.cli.messages import fail, progress
from autoseg.cli.parameters import AsJson
from autoseg.cli.tables import aligned
from autoseg.evaluation import Scores, pool_scores
from autoseg.evaluation.batch import EvaluateOptions, FileScores
from autoseg.evaluation.class_batch import ClassFileScores
from autoseg.evaluation.class_pairs import are_classes
from autoseg.evaluation.files import pair_up
from autoseg.evaluation.intervals import ENOUGH_IMAGES, Interval


def evaluate(
    predicted: Path,
    true: Path,
    /,
    *,
    output: Path | None = None,
    images: Path | None = None,
    only_common: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    options: Annotated[EvaluateOptions, Parameter(name="*")] = EvaluateOptions(),
    as_json: AsJson = False,
) -> int:
    """Print scores of each image and of all together; fails where a file cannot be scored.

    Parameters
    ----------
    predicted
        Label image, mask or class map that some program made, or a folder of them.
    true
        Label image, mask or class map that is right, or a folder of them with the same names.
    output
        Folder for scores.json, scores.csv, and for each image a picture: particles that are true are green, missed ones
        yellow, false ones orange, merged ones purple, split ones blue; white lines are the truth. Of class maps, wrong
        pixels have the colour of the class that they were taken for, and stripes are where the truth is not known.
    images
        Folder of the micrographs, to be seen in these pictures.
    only_common
        Leave out files without a partner, instead of failing.
    """
    pairs = pair_up(predicted, true, only_common, "classes" if options.classes else options.kind)
    scenes = micrographs_in(images) if images else None
    found: FileScores | ClassFileScores
    if are_classes(pairs.values(), options.kind, options.classes):
        found = ClassFileScores(pairs, options, output, scenes)
    else:
        found = FileScores(pairs, options, output, scenes)
    found.score(progress(pairs, len(pairs), "image"))
    for error in found.failures.values():
        fail(error)
    if output:  # also where all failed: an earlier result must not be taken for this one
        found.write(output)
    if as_json:
        print(json.dumps(found.to_dict(), indent=2))
    elif found.scores:
        print(class_report(found.scores) if isinstance(found, ClassFileScores) else particle_report(found.scores))
        if output:
            print(f"\nThe scores, and a picture of each image's errors, are in {output}")
    return 1 if found.failures else 0


def particle_report(scores: Mapping[str, Scores]) -> str:
    """Scores of particles, and how their sizes are distributed."""
    return f"{score_table(scores)}\n\n{size_table(pool_scores(list(scores.values())))}"


def score_table(scores: Mapping[str, Scores]) -> str:
    """The scores that matter most, an image a line, and of all together."""
    header = ["image", "true", "found", "precision", "recall", "F1", "AP", "best IoU", "image IoU", "D50 error"]
    together = {f"all {len(scores)}": pool_scores(list(scores.values()))} if len(scores) > 1 else {}
    rows = []
    for name, found in {**scores, **together}.items():
        one = found.particles
        numbers = (one.precision, one.recall, one.f1, one.average_precision, one.mean_best_iou)
        median_error = (found.sizes_nm or found.sizes_px).relative_error(50)
        rows.append([name, one.true, one.predicted, *numbers, found.published.image_iou, median_error])
    return aligned(header, rows)


def size_table(scores: Scores) -> str:
    """Percentiles of the diameters of all particles, true and found, with their intervals; in nm where known."""
    unit = "px" if scores.sizes_nm is None else "nm"
    header = [f"diameter ({unit})", "true", "found", "error (%)"]
    note = f"In brackets: 95 % bootstrap intervals, {'particles' if scores.images == 1 else 'images'} drawn anew"
    if 1 < scores.images < ENOUGH_IMAGES:
        note += f"; too narrow, as there are only {scores.images} images"
    return f"{aligned(header, size_rows(scores), texts=len(header))}\n{note}."


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
