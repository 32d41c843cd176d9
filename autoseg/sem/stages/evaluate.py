"""Compare the segmented micrographs with true masks, where there are some."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autoseg.errors import StageError
from autoseg.evaluation.batch import EvaluateOptions, FileScores
from autoseg.evaluation.files import by_stem, label_files, pair_up
from autoseg.images.folders import images_in
from autoseg.sem.stages.segment import Results
from autoseg.stages import Outputs, Stage


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


class Evaluate(Stage, EvaluateOptions):
    """Scores of those micrographs of which the truth is known; it is used for nothing else."""

    images: Path
    truth: Path

    def sources(self) -> list[Path]:
        """The micrographs, and the truth."""
        return [self.images, self.truth]

    def run(self, folder: Path, rng: np.random.Generator, *, segment: Results) -> Evaluation:
        """Write the scores."""
        pairs, scenes = pair_up(segment.results, self.truth, only_common=True), by_stem(images_in(self.images))
        if lost := [str(path) for name, path in by_stem(label_files(self.truth)).items() if name not in scenes]:
            raise StageError(
                f"no micrograph has the name of {', '.join(lost)}", advice="Name them as their micrographs."
            )
        found = FileScores(pairs, self, folder / "scores", scenes)
        found.score(pairs)
        if found.failures:
            raise StageError("; ".join(map(str, found.failures.values())))
        found.write(folder / "scores")
        together = found.together
        assert together is not None  # pair_up gives one pair at least
        published, particles = together.published, together.particles
        return Evaluation(
            folder=Path("scores"),
            images=together.images,
            image_iou=published.image_iou,
            youden=published.youden,
            instance_iou=published.instance_iou,
            f1=particles.f1,
            average_precision=particles.average_precision,
            mean_best_iou=particles.mean_best_iou,
        )
