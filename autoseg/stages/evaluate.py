"""Compare segmented images with the truth, where it is known: particles with particles, or classes with classes."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np

from autoseg.errors import StageError
from autoseg.evaluation import Scores
from autoseg.evaluation.batch import EvaluateOptions, FileScores, PairScores
from autoseg.evaluation.class_batch import ClassFileScores
from autoseg.evaluation.classes import ClassScores
from autoseg.evaluation.files import by_stem, label_files, pair_up
from autoseg.images.folders import images_in
from autoseg.stages.segment import Results
from autoseg.stages.stage import Outputs, Stage

Found = TypeVar("Found", Scores, ClassScores)
SCORES = Path("scores")


class Evaluation(Outputs):
    """A folder with scores.json, scores.csv and pictures of what is wrong, and the scores that matter most."""

    folder: Path
    images: int
    image_iou: float
    youden: float
    instance_iou: float
    f1: float
    average_precision: float
    mean_best_iou: float


class ClassEvaluation(Outputs):
    """A folder with scores.json, scores.csv and pictures of what is wrong, and scores over the pixels of all images."""

    folder: Path
    images: int
    pixel_accuracy: float | None
    mean_iou: float | None
    mean_iou_without_background: float | None


class Evaluate(Stage):
    """Scores of the particles in those images of which the truth is known; it is used for nothing else."""

    options: EvaluateOptions = EvaluateOptions()
    images: Path
    truth: Path

    def sources(self) -> list[Path]:
        """The images, and the truth."""
        return [self.images, self.truth]

    def run(self, folder: Path, rng: np.random.Generator, *, segment: Results) -> Evaluation:
        """Write the scores."""
        together = _score(FileScores, self, segment, folder / SCORES)
        published, particles = together.published, together.particles
        return Evaluation(
            folder=SCORES,
            images=together.images,
            image_iou=published.image_iou,
            youden=published.youden,
            instance_iou=published.instance_iou,
            f1=particles.f1,
            average_precision=particles.average_precision,
            mean_best_iou=particles.mean_best_iou,
        )


class EvaluateClasses(Evaluate):
    """Scores of the class maps of those images of which the truth is known; it is used for nothing else."""

    def run(self, folder: Path, rng: np.random.Generator, *, segment: Results) -> ClassEvaluation:  # type: ignore[override]
        """Write the scores."""
        together = _score(ClassFileScores, self, segment, folder / SCORES)
        return ClassEvaluation(
            folder=SCORES,
            images=together.images,
            pixel_accuracy=together.pixel_accuracy,
            mean_iou=together.mean("iou"),
            mean_iou_without_background=together.mean("iou", background=False),
        )


def _score(scorer: type[PairScores[Found]], stage: Evaluate, segment: Results, folder: Path) -> Found:
    """Score all images that have a truth, write that down, and tell the scores of all together."""
    kind = "classes" if scorer is ClassFileScores else stage.options.kind
    pairs = pair_up(segment.results, stage.truth, only_common=True, kind=kind)
    truth, scenes = by_stem(label_files(stage.truth, kind == "classes")), by_stem(images_in(stage.images))
    if lost := [str(path) for name, path in truth.items() if name not in scenes]:
        raise StageError(f"no image has the name of {', '.join(lost)}", advice="Name them as their images.")
    found = scorer(pairs, stage.options, folder, scenes)
    found.score(pairs)
    if found.failures:
        raise StageError("; ".join(map(str, found.failures.values())))
    found.write(folder)
    assert found.together is not None  # pair_up gives one pair at least
    return found.together
