"""autoseg evaluate."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from autoseg.evaluation.intervals import ENOUGH_IMAGES
from autoseg.evaluation.overview import SCORES, score_rows, size_header, size_rows


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
        Label image, mask or class map that some program made, or a folder of them; or particles as a zip of ImageJ's
        ROIs, COCO, GeoJSON or NAME_seg.npy of cellpose.
    true
        The same, of what is right; a folder with the same names.
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
    return aligned(SCORES, score_rows(scores))


def size_table(scores: Scores) -> str:
    """Percentiles of the diameters of all particles, true and found, with their intervals; in nm where known."""
    note = f"In brackets: 95 % bootstrap intervals, {'particles' if scores.images == 1 else 'images'} drawn anew"
    if 1 < scores.images < ENOUGH_IMAGES:
        note += f"; too narrow, as there are only {scores.images} images"
    header = size_header(scores)
    return f"{aligned(header, size_rows(scores), texts=len(header))}\n{note}."
