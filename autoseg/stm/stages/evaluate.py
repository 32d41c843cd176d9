"""Score a trained network on pictures that it has not seen, and show what it finds in some of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg.files import written_whole
from autoseg.images.class_map import ClassMap
from autoseg.options import Options
from autoseg.segmentation.predictor import PredictOptions
from autoseg.segmentation.segment import Segmenter
from autoseg.stages.stage import Outputs, Stage
from autoseg.stages.teach import Taught
from autoseg.stages.train_segmenter import TrainedSegmenter
from autoseg.stm.classes import ROWS
from autoseg.stm.defects import DefectOptions, find_defects
from autoseg.stm.pictures import draw_sample
from autoseg.stm.scores import SurfaceScores, lines_of, pool_surfaces, score_surface
from autoseg.stm.stages.surfaces import Surface, Surfaces

METRICS, TEXT, SAMPLES = "metrics.json", "metrics.txt", "samples"


class ScoreOptions(Options):
    """How a network is scored."""

    defects: DefectOptions = DefectOptions()
    "What counts as a defect."
    predict: PredictOptions = PredictOptions()
    "How the network is run."
    samples: int = Field(10, ge=0)
    "How many pictures are shown beside their truth and what was found."


class SurfaceEvaluation(Outputs):
    """A folder with metrics.json, metrics.txt and sample pictures, and the scores that matter most.

    Beside it lie such folders of the networks that learned from scans, and of their control.
    """

    scores: Path
    images: int
    mean_iou: float | None
    mean_iou_without_background: float | None
    mean_f1_without_background: float | None


class Evaluate(Stage):
    """Scores of the test: pixels of all pictures together, and defects one to one."""

    options: ScoreOptions = ScoreOptions()

    def run(
        self,
        folder: Path,
        rng: np.random.Generator,
        *,
        train_segmenter: TrainedSegmenter,
        pairs: tuple[Surfaces, ...],
        teach: Taught | None = None,
        control: Taught | None = None,
    ) -> SurfaceEvaluation:
        """Score the network on all pictures of the test, and those that learned from scans, and their control."""
        models = {"scores": train_segmenter.model}
        for name, taught in (("teach", teach), ("control", control)):
            if taught is not None:
                models |= {f"scores_{name}_teacher": taught.model, f"scores_{name}_student": taught.student}
        scores = {name: evaluate_model(model, pairs, self.options, folder / name) for name, model in models.items()}
        found = scores["scores"]
        return SurfaceEvaluation(
            scores=Path("scores"),
            images=found.pixels.images,
            mean_iou=found.pixels.mean("iou"),
            mean_iou_without_background=found.pixels.mean("iou", background=False),
            mean_f1_without_background=found.pixels.mean("f1", background=False),
        )


def evaluate_model(model: Path, pairs: tuple[Surfaces, ...], options: ScoreOptions, folder: Path) -> SurfaceScores:
    """Score a model on the tests of these pairs, and write that down in a folder."""
    segmenter, scores = Segmenter(model, predict=options.predict), []
    total = sum(len(one.test()) for one in pairs)
    for name, surface in tqdm(_tests(pairs), total=total, desc="test", unit="picture", disable=None):
        found = segmenter(surface.image)
        assert isinstance(found, ClassMap)  # the head has classes
        scores.append(_score(found, surface, options.defects))
        if len(scores) <= options.samples:
            with written_whole(folder / SAMPLES / f"{name}_vis.png") as partial:
                imageio.imwrite(
                    partial, draw_sample(surface.image, surface.classes, find_defects(found.classes).classes)
                )
    together = pool_surfaces(scores)
    with written_whole(folder / METRICS) as partial:
        partial.write_text(json.dumps(together.to_dict(), indent=2) + "\n", encoding="utf-8")
    with written_whole(folder / TEXT) as partial:
        partial.write_text("\n".join(lines_of(together)) + "\n", encoding="utf-8")
    return together


def _tests(pairs: tuple[Surfaces, ...]) -> Iterator[tuple[str, Surface]]:
    for one in pairs:
        for path in one.test():
            yield path.stem, one.read_test(path)


def _score(found: ClassMap, surface: Surface, options: DefectOptions) -> SurfaceScores:
    rows = None
    if ROWS in found.also and surface.rows is not None:
        rows = (found.also[ROWS][..., 0] > 0.5, surface.rows)
    smallest = options.smallest
    return score_surface(
        find_defects(found.classes, options), surface.defects(smallest), surface.classes, rows, smallest
    )
