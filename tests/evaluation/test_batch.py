"""Scores of files: numbers, pictures and tables, and what happens to the other files where one is bad."""

import json
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.errors import AutosegError, OptionsError
from autoseg.evaluation import draw_errors, evaluate, pool_scores
from autoseg.evaluation.batch import EvaluateOptions, FileScores
from autoseg.files import shipped
from autoseg.images.labels import write_labels
from tests.evaluation.scenes import rectangles

TRUTH = rectangles((2, 2, 8, 8), (2, 20, 8, 8), (15, 2, 10, 20), (20, 50, 10, 10))  # the last one at the edge
PREDICTED = rectangles((2, 3, 8, 8), (15, 2, 10, 20), (20, 50, 10, 10), (5, 40, 2, 2))
GREY = np.random.default_rng(0).integers(0, 255, (36, 60), np.uint8)  # six rows of info bar


@pytest.fixture
def pairs(tmp_path):
    """Of two pairs the first has errors, the second none."""
    found = {}
    for name, predicted in {"a": PREDICTED, "b": TRUTH}.items():
        found[name] = tmp_path / f"{name}_labels.tif", tmp_path / "true" / f"{name}.tif"
        for path, labels in zip(found[name], (predicted, TRUTH), strict=True):
            write_labels(path, labels)
    return found


def scored(pairs, output=None, scenes=None, **options):
    found = FileScores(pairs, EvaluateOptions(**options), output, scenes)
    found.score(pairs)
    return found


def test_scores_are_those_of_the_labels_in_the_files(pairs):
    found = scored(pairs)
    assert found.failures == {} and list(found.scores) == ["a", "b"]
    assert found.scores["a"] == evaluate(PREDICTED, TRUTH) and found.scores["b"] == evaluate(TRUTH, TRUTH)
    assert found.together == pool_scores([found.scores["a"], found.scores["b"]])
    assert found.together.particles.recall == 7 / 8


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({}, (4, 4)),
        ({"minimum_size": 5}, (3, 4)),
        ({"exclude_edge": True}, (3, 3)),
        ({"rows": 12}, (2, 2)),
        ({"kind": "labels", "minimum_size": 101}, (1, 1)),
    ],
)
def test_options_reach_the_scores(pairs, options, counts):
    particles = scored({"a": pairs["a"]}, **options).scores["a"].particles
    assert (particles.predicted, particles.true) == counts


@pytest.mark.parametrize(
    "wrong", [{"minimum_size": 0}, {"rows": 0}, {"pixel_size": 0}, {"kind": "boxes"}, {"exclude_edges": True}]
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(OptionsError, match=next(iter(wrong))):
        EvaluateOptions(**wrong)


@pytest.mark.parametrize(
    ("predicted", "true", "given", "expected"),
    [(None, None, None, None), (2.0, 4.0, None, 2), (None, 4.0, None, 4), (2.0, 4.0, 8, 8), (None, None, 8, 8)],
)
def test_the_pixel_size_is_the_given_one_or_that_of_the_files(tmp_path, predicted, true, given, expected):
    pair = tmp_path / "p.tif", tmp_path / "t.tif"
    for path, size in zip(pair, (predicted, true), strict=True):
        write_labels(path, TRUTH, size)
    scores = scored({"a": pair}, pixel_size=given).scores["a"]
    assert scores.sizes_nm == (expected and scores.sizes_px.scaled(expected))


def test_together_there_are_no_sizes_in_nm_where_one_is_unknown(pairs):
    write_labels(pairs["a"][0], PREDICTED, 2.0)
    found = scored(pairs)
    assert found.scores["a"].sizes_nm is not None
    assert found.scores["b"].sizes_nm is found.together.sizes_nm is None


def test_pictures_show_the_errors_over_the_micrograph_without_its_info_bar(pairs, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY)
    output = tmp_path / "out"
    scored(pairs, output, {"a": tmp_path / "a.tif"}, minimum_size=5)
    assert sorted(path.name for path in output.iterdir()) == ["a_errors.png", "b_errors.png"]
    expected = draw_errors(PREDICTED, TRUTH, GREY[:30], minimum_size=5)
    assert np.array_equal(imageio.imread(output / "a_errors.png"), expected)
    assert np.array_equal(imageio.imread(output / "b_errors.png"), draw_errors(TRUTH, TRUTH))


def test_without_a_folder_nothing_is_written(pairs, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    scored(pairs)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_picture_never_replaces_a_micrograph(pairs, tmp_path):
    scene = tmp_path / "a_errors.png"
    imageio.imwrite(scene, GREY)
    with pytest.raises(AutosegError, match=r"a_errors\.png: is an input"):
        FileScores(pairs, output=tmp_path, scenes={"a": scene})


def break_label_file(folder, pairs, scenes):
    pairs["a"][1].write_bytes(b"II*\0")
    return "a.tif: "


def forget_label_file(folder, pairs, scenes):
    pairs["a"][0].unlink()
    return "a_labels.tif: does not exist"


def take_another_field_of_view(folder, pairs, scenes):
    write_labels(pairs["a"][0], TRUTH[:, 1:])
    return "a_labels.tif: has 59 x 30 pixels, but"


def take_another_micrograph(folder, pairs, scenes):
    tifffile.imwrite(scenes["a"], GREY[:, 1:])
    return "a_labels.tif: the micrograph has shape (30, 59), the truth (30, 60)"


@pytest.mark.parametrize(
    "spoil", [break_label_file, forget_label_file, take_another_field_of_view, take_another_micrograph]
)
def test_a_pair_that_fails_is_named_and_the_rest_goes_on(pairs, tmp_path, spoil):
    scenes = {"a": tmp_path / "a.tif"}
    tifffile.imwrite(scenes["a"], GREY)
    expected = spoil(tmp_path, pairs, scenes)
    found = scored(pairs, tmp_path / "out", scenes)
    assert list(found.failures) == ["a"] and expected in str(found.failures["a"])
    assert found.scores == {"b": evaluate(TRUTH, TRUTH)} and found.together.images == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b_errors.png"]  # and no half picture


def test_json_holds_everything_and_csv_the_numbers_of_each_image(pairs, tmp_path):
    pairs["gone"] = Path("gone.tif"), pairs["a"][1]
    found = scored(pairs, minimum_size=2, pixel_size=2.5)
    found.write(tmp_path)
    written = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(found.to_dict()))
    assert written["options"] == {
        **EvaluateOptions().model_dump(exclude={"classes"}),
        "minimum_size": 2,
        "pixel_size": 2.5,
    }
    assert written["images"]["a"] == json.loads(json.dumps(found.scores["a"].to_dict()))
    assert written["all"]["images"] == 2 and written["failures"]["gone"].startswith("gone.tif: ")
    table = pd.read_csv(tmp_path / "scores.csv").set_index("image")
    assert table.index.tolist() == ["a", "b"]
    for name, scores in found.scores.items():
        row = table.loc[name]
        assert row["particles.f1"] == pytest.approx(scores.particles.f1)
        assert row["published.image_iou"] == pytest.approx(scores.published.image_iou)
        median = scores.to_dict()["sizes_nm"]["d50"]["true"]
        assert row["sizes_nm.d50.true"] == pytest.approx(median) and median == pytest.approx(
            2.5 * row["sizes_px.d50.true"]
        )
    assert not [column for column in table if "by_iou" in column]  # a list has no place in a table


def test_ends_of_intervals_are_columns_of_their_own(pairs, tmp_path):
    write_labels(pairs["a"][0], np.zeros_like(TRUTH))
    found = scored(pairs)
    found.write(tmp_path)
    table = pd.read_csv(tmp_path / "scores.csv").set_index("image")
    assert not [column for column in table if "interval" in column]
    ends = [f"sizes_px.d50.{name}_{end}" for name in ("predicted", "true", "relative_error") for end in ("low", "high")]
    intervals = found.scores["b"].to_dict()["sizes_px"]["d50"]
    expected = [end for name in ("predicted", "true", "relative_error") for end in intervals[f"{name}_interval"]]
    assert table.loc["b", ends].tolist() == pytest.approx(expected)
    assert table.loc["a", ends].isna().tolist() == [True, True, False, False, True, True]  # nothing was found there


def test_where_nothing_was_scored_nothing_is_told_together(pairs):
    found = FileScores(pairs)
    assert found.together is None and found.to_dict()["all"] is None and found.to_dict()["images"] == {}


def test_what_lies_in_the_info_bar_of_the_micrograph_is_not_compared(tmp_path):
    truth = np.zeros((520, 640), np.uint8)
    truth[100:140, 100:140], truth[490:510, 50:90] = 1, 2  # the second one is writing in the bar, taken for a particle
    write_labels(tmp_path / "a_labels.tif", truth[:480])
    write_labels(tmp_path / "truth.tif", truth)
    pairs = {"a": (tmp_path / "a_labels.tif", tmp_path / "truth.tif")}
    scene = shipped("datasets") / "samples" / "bright_spheroids.tif"  # its bar begins at row 480
    found = FileScores(pairs, scenes={"a": scene})
    found.score(pairs)
    assert found.scores["a"].particles.f1 == 1
