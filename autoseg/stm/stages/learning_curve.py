"""How good a network becomes with how many pictures: trainings on parts of them, each a part of the next."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import AfterValidator, Field

from autoseg.files import written_whole
from autoseg.images.tables import write_csv
from autoseg.models.config import CONFIG
from autoseg.options import Options
from autoseg.stages.stage import Outputs, Stage
from autoseg.stages.train_segmenter import TrainSegmenter, TrainSegmenterOptions
from autoseg.stm.classes import DEFECTS, surface_head
from autoseg.stm.scores import NAMES, SurfaceScores
from autoseg.stm.stages.evaluate import ScoreOptions, evaluate_model
from autoseg.stm.stages.surfaces import Surfaces

TABLE, PICTURE = "learning_curve.csv", "learning_curve_{}.png"
Fraction = Annotated[float, Field(gt=0, le=1)]


def _rising(fractions: tuple[float, ...]) -> tuple[float, ...]:
    if any(a >= b for a, b in pairwise(fractions)):
        raise ValueError("must rise")
    return fractions


class CurveOptions(Options):
    """Of which parts of the pictures a network is trained for the curve."""

    fractions: Annotated[tuple[Fraction, ...], AfterValidator(_rising)] = ()
    "Parts of the pictures, such as [0.1, 0.25, 0.5, 0.75, 1.0]; none: no curve."


class Curve(Outputs):
    """A table of the scores by the number of pictures, and figures of it."""

    table: Path


class LearningCurve(Stage):
    """A network for each part of the pictures, trained alike, and scored on one test."""

    options: CurveOptions = CurveOptions(fractions=(0.1, 0.25, 0.5, 0.75, 1.0))
    training: TrainSegmenterOptions = TrainSegmenterOptions(head=surface_head())
    test: ScoreOptions = ScoreOptions()

    def run(self, folder: Path, rng: np.random.Generator, *, pairs: tuple[Surfaces, ...]) -> Curve:
        """Train, score and draw; what is trained already is kept."""
        seed, rows = int(rng.integers(2**30)), []
        for fraction in self.options.fractions:
            part = folder / f"lc_f{round(100 * fraction)}"
            training = TrainSegmenter(options=self.training.changed(train_fraction=fraction))
            if not (part / "model" / CONFIG).is_file():
                training.run(part, np.random.default_rng(seed), pairs=pairs)
            known = sum(len(one.files()) for one in pairs)
            count = round((known - max(1, round(known * self.training.validation))) * fraction)
            scores = evaluate_model(part / "model", pairs, self.test.changed(samples=0), part / "scores")
            rows.append({"fraction": fraction, "training_images": count, **_row(scores)})
        table = pd.DataFrame(rows)
        write_csv(folder / TABLE, table)
        for measure in ("iou", "f1"):
            _draw(folder / PICTURE.format(measure), table, measure)
        return Curve(table=Path(TABLE))


def _row(scores: SurfaceScores) -> dict[str, float | None]:
    row = {f"mean_{measure}": scores.pixels.mean(measure, background=False) for measure in ("iou", "f1")}
    for number in DEFECTS:
        one = scores.pixels.classes[number]
        row |= {f"iou_{one.name}": one.iou, f"f1_{one.name}": one.f1}
    return row


def _draw(path: Path, table: pd.DataFrame, measure: str) -> None:
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    for column, style in [(f"mean_{measure}", "k-o"), *((f"{measure}_{NAMES[kind]}", ".--") for kind in DEFECTS)]:
        label = "mean of the defects" if column.startswith("mean") else column.removeprefix(f"{measure}_")
        axes.plot(table["training_images"], table[column].astype(float), style, label=label)
    axes.set(xlabel="training images", ylabel=f"{'IoU' if measure == 'iou' else 'F1'} of pixels", ylim=(0, 1))
    axes.legend(frameon=False)
    with written_whole(path) as partial:
        figure.savefig(partial, dpi=150)
