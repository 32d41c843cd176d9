"""Score every model of a run on whole test slices, which none of them has seen, side by side; and choose one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import matplotlib
import numpy as np
import pandas as pd
from pydantic import Field

from autoseg.files import written_whole
from autoseg.heads import FOREGROUND
from autoseg.images.normalization import normalize
from autoseg.images.overlay import save_picture
from autoseg.images.tables import write_csv
from autoseg.microct.slices.splits import dice
from autoseg.microct.stages.prepare_slices import Slices
from autoseg.models.folder import load_model
from autoseg.options import Options
from autoseg.segmentation.predictor import PredictOptions, Predictor
from autoseg.stages.grey import sheet
from autoseg.stages.pairs import Pair, ParticlePairs
from autoseg.stages.stage import Outputs, Stage
from autoseg.stages.teach import Taught
from autoseg.stages.train_segmenter import TrainedSegmenter

THRESHOLD = 0.5
RED, CYAN = (255, 0, 0), (0, 255, 255)


class ScoreOptions(Options):
    """How models are scored."""

    predict: PredictOptions = PredictOptions()
    "How networks are run: by default on whole slices."
    windows: Annotated[int, Field(ge=32)] | None = None
    "Also score predictions in windows of so many pixels that overlap by half, averaged, as published."


class SliceScores(Outputs):
    """A folder with scores.csv and pictures, the mean Dice of each model, and the model that did best in validation."""

    scores: Path
    test: dict[str, float]
    "Mean Dice of whole test slices by model; empty where there are none."
    validation: dict[str, float]
    copied: float | None = None
    "Of the masks of the nearest training slices, copied: the baseline."
    model: Path
    "The best in validation; where there is none, the one that was trained last."


class ScoreSlices(Stage):
    """Student, teacher, control and the supervised network side by side."""

    options: ScoreOptions = ScoreOptions()

    def run(
        self,
        folder: Path,
        rng: np.random.Generator,
        *,
        trained: tuple[TrainedSegmenter, ...],
        prepare_slices: Slices | None = None,
    ) -> SliceScores:
        """Write scores and pictures, and copy the best model."""
        models = _models_of(trained)
        parts = _parts_of(prepare_slices) if prepare_slices else {}
        rows = [row for name, model in models.items() for row in self._score(folder, name, model, parts)]
        table = pd.DataFrame(rows, columns=["model", "part", "slice", "way", "dice", "iou"])
        write_csv(folder / "scores.csv", table)
        means = {part: _means(table, part) for part in ("validation", "test")}
        best = max(means["validation"], key=means["validation"].__getitem__, default=list(models)[-1])
        shutil.copytree(models[best], folder / "model", dirs_exist_ok=True)
        copied = prepare_slices.copied if prepare_slices else None
        with written_whole(folder / "summary.md") as partial:
            partial.write_text(describe_scores(means, copied, best), encoding="utf-8")
        return SliceScores(
            scores=Path("scores.csv"),
            test=means["test"],
            validation=means["validation"],
            copied=copied,
            model=Path("model"),
        )

    def _score(self, folder: Path, name: str, model: Path, parts: Mapping[str, Sequence[Pair]]) -> list[tuple]:
        loaded, rows = load_model(model), []
        head = loaded.config.head
        assert head is not None  # it was trained in this run
        ways = {"whole": self.options.predict}
        if self.options.windows:
            half = self.options.windows // 2
            ways["windows"] = self.options.predict.changed(tiles=self.options.windows, overlap=half, join="mean")
        for way, predict in ways.items():
            predictor = Predictor(loaded.runnable, predict)
            for part, pairs in parts.items():
                for number, pair in enumerate(pairs):
                    image, labels, *_ = pair.read(head)
                    shown = normalize(image, loaded.config.preprocessing.percentiles)
                    probability = head.named(predictor(shown))[FOREGROUND]
                    true, found = labels > 0, probability > THRESHOLD
                    rows.append((name, part, number, way, dice(found, true), _iou(found, true)))
                    if way == "whole" and part == "test":
                        picture = draw_panels(image, true, probability)
                        save_picture(folder / "pictures" / f"{name}_{number:02}.png", picture)
        return rows


def draw_panels(image: np.ndarray, truth: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Image, truth, probability, overlay and errors side by side: false positives red, false negatives cyan."""
    grey = np.repeat(image[..., np.newaxis], 3, axis=2)
    found = probability > THRESHOLD
    overlay = np.where(found[..., None], (0.65 * grey + 0.35 * np.array(RED)).astype(np.uint8), grey)
    errors = grey.copy()
    errors[found & ~truth], errors[truth & ~found] = RED, CYAN
    coloured = (255 * matplotlib.colormaps["viridis"](probability)[..., :3]).astype(np.uint8)
    return sheet([[grey, 255 * truth.astype(np.uint8), coloured, overlay, errors]])


def describe_scores(means: Mapping[str, Mapping[str, float]], copied: float | None, best: str) -> str:
    """A table for people, and what it allows to say.

    >>> means = {"test": {"supervised": 0.7, "teacher": 0.71, "control": 0.70}, "validation": {}}
    >>> print(describe_scores(means, None, "teacher").splitlines()[-1])
    Unlabelled slices gained 0.010 over the control: too little to be claimed from one training.
    """
    lines = ["| model | Dice, validation | Dice, test |", "|---|---|---|"]
    for name in dict.fromkeys([*means["test"], *means["validation"]]):
        cells = [f"{means[part][name]:.3f}" if name in means[part] else "-" for part in ("validation", "test")]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    if copied is not None:
        lines.append(f"| mask of the nearest training slice, copied | - | {copied:.3f} |")
    lines += ["", f"Chosen: {best}."]
    gained = _gain(means["test"])
    if gained is not None:
        much = "more than chance, if other seeds say the same" if gained > 0.02 else "too little to be claimed"
        once = "" if gained > 0.02 else " from one training"
        lines.append(f"Unlabelled slices gained {gained:.3f} over the control: {much}{once}.")
    return "\n".join(lines) + "\n"


def _gain(test: Mapping[str, float]) -> float | None:
    """By how much the better of student and teacher is better than the better of the control's two."""
    taught = [test[name] for name in ("student", "teacher") if name in test]
    control = [test[name] for name in ("control", "control_average") if name in test]
    return max(taught) - max(control) if taught and control else None


def _models_of(trained: Sequence[TrainedSegmenter]) -> dict[str, Path]:
    models: dict[str, Path] = {}
    for one in trained:
        if not isinstance(one, Taught):
            models["supervised"] = one.model
        elif one.model.parent.name.endswith("_control"):
            models |= {"control": one.student, "control_average": one.model}
        else:
            models |= {"student": one.student, "teacher": one.model}
    return models


def _parts_of(slices: Slices) -> dict[str, Sequence[Pair]]:
    pairs = slices.files()
    test: ParticlePairs = slices.test
    return {"validation": [pairs[i] for i in slices.held_out], "test": test.files()}


def _means(table: pd.DataFrame, part: str) -> dict[str, float]:
    chosen = table[(table["part"] == part) & (table["way"] == "whole")]
    return {str(name): float(mean) for name, mean in chosen.groupby("model", sort=False)["dice"].mean().items()}


def _iou(found: np.ndarray, true: np.ndarray) -> float:
    either = np.count_nonzero(found | true)
    return float(np.count_nonzero(found & true) / either) if either else 1.0
