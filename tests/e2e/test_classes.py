"""A head with classes from end to end: pairs, training, model, class maps, report and scores, as a wing would do it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.cli import main
from autoseg.heads import Head, Output
from autoseg.images.class_files import read_classes, write_classes
from autoseg.models.folder import load_model
from autoseg.stages.engine import Run
from autoseg.stages.evaluate import EvaluateClasses
from autoseg.stages.pairs import ClassPairs
from autoseg.stages.segment import Segment
from autoseg.stages.stage import Stage
from autoseg.stages.train_segmenter import TrainSegmenter, TrainSegmenterOptions
from tests.marks import trains_once

pytestmark = trains_once  # every backend learns and predicts classes in tests of its own

HEAD = Head(
    kind="classes",
    classes=["ground", "grain", {"name": "pore", "colour": "#0072b2"}],
    also=[Output(name="rows", channels=("rows",))],
)
SIZE = 64


def draw_scene(rng):
    """Bright grains and dark pores on grey, in 0..1; their classes; and what the further output shows: the grains."""
    classes = np.zeros((SIZE, SIZE), np.uint8)
    for number in (1, 2, 1):
        top, left = rng.integers(2, SIZE - 20, 2)
        classes[top : top + 16, left : left + 14] = number
    grey = np.array([0.5, 0.9, 0.1])[classes] + rng.normal(0, 0.03, classes.shape)
    return grey.clip(0, 1), classes, (classes == 1).astype(float)


class MakePairs(Stage):
    """What a wing has of its own: a source of pairs."""

    count: int = 6

    def run(self, folder, rng: np.random.Generator) -> ClassPairs:
        pairs = ClassPairs(images=Path("images"), truth=Path("truth"))
        for number in range(self.count):
            grey, classes, rows = draw_scene(rng)
            if number == 0:
                classes[:4] = 255  # nobody knows
            pairs.write(folder, f"{number:05}", grey, classes, HEAD.classes, {"rows": rows})
        return pairs


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    rng = np.random.default_rng(5)
    for number in range(2):
        grey, classes, _ = draw_scene(rng)
        (folder / "images").mkdir(exist_ok=True)
        tifffile.imwrite(folder / "images" / f"scene{number}.tif", (255 * grey).round().astype(np.uint8))
        write_classes(folder / "truth" / f"scene{number}_classes.tif", classes, HEAD.classes)
    options = TrainSegmenterOptions(
        head=HEAD,
        network={"architecture": "unet", "filters": (8, 16), "norm": "instance"},
        loss={"cross_entropy": 1.0, "dice": 0.5},
        class_weights="balanced",
        batch_size=4,
        views_per_pair=4,
        epochs=12,
        learning_rate=0.02,
        schedule="cosine",
    )
    stages = [
        MakePairs(),
        TrainSegmenter(options=options),
        Segment(images=folder / "images"),
        EvaluateClasses(images=folder / "images", truth=folder / "truth"),
    ]
    return folder, Run(folder / "run", stages).execute()


def test_the_model_knows_what_it_predicts(finished):
    model = load_model(finished[1]["train_segmenter"].model)
    assert model.config.head == HEAD and set(model.network.prediction_channels) == {"classes", "rows"}
    assert "ground, grain, pore" in model.card


def test_it_has_learned_the_classes(finished):
    scores = finished[1]["evaluate_classes"]
    assert scores.images == 2 and scores.mean_iou > 0.8
    found = json.loads((scores.folder / "scores.json").read_text())
    assert found["classes"] == ["ground", "grain", "pore"]


def test_what_a_user_takes_home(finished):
    results = finished[1]["segment"].results
    table = pd.read_csv(results / "classes.csv")
    assert set(table["class"]) == {"ground", "grain", "pore"} and set(table["image"]) == {"scene0.tif", "scene1.tif"}
    found = read_classes(results / "scene0_classes.tif")
    assert [one.name for one in found.legend] == ["ground", "grain", "pore"] and found.legend[2].colour == "#0072b2"
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "grain" in page and "{" not in page.split('id="method"')[1].split("</blockquote>")[0]


def test_the_commands_do_the_same(finished, tmp_path, capsys):
    folder, outputs = finished
    model = str(outputs["train_segmenter"].model)
    assert main(["segment", str(folder / "images"), "--model", model, "--output", str(tmp_path / "out")]) == 0
    assert "grain" in capsys.readouterr().out
    ours, theirs = (
        read_classes(place / "scene1_classes.tif").classes for place in (tmp_path / "out", outputs["segment"].results)
    )
    np.testing.assert_array_equal(ours, theirs)
    assert main(["evaluate", str(tmp_path / "out"), str(folder / "truth")]) == 0
    assert "mean without background" in capsys.readouterr().out
