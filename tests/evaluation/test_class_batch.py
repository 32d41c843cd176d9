"""Class maps in files: their names, what is read, what is refused, and what is written about them."""

import json

import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.errors import AutosegError, ImageError, OptionsError
from autoseg.evaluation import pool_classes, score_classes
from autoseg.evaluation.batch import EvaluateOptions, FileScores
from autoseg.evaluation.class_batch import ClassFileScores
from autoseg.evaluation.class_errors_picture import draw_class_errors
from autoseg.evaluation.class_pairs import are_classes, find_legend, read_class_pair
from autoseg.heads import ClassLabel, class_colours
from autoseg.images.class_files import write_classes

NAMES = ("background", "grain", "pore")
LEGEND = tuple(ClassLabel(name=name) for name in NAMES)
TRUTH = np.zeros((20, 30), np.uint8)
TRUTH[2:8, 2:12] = 1
TRUTH[12:18, 20:26] = 2
PREDICTED = np.where(TRUTH == 2, 1, np.roll(TRUTH, 1, axis=1)).astype(np.uint8)


@pytest.fixture
def pairs(tmp_path):
    """Two pairs: ours with names, the truth painted by another program; the first has errors, the second none."""
    found = {}
    (tmp_path / "true").mkdir()
    for name, predicted in {"a": PREDICTED, "b": TRUTH}.items():
        found[name] = tmp_path / f"{name}_classes.tif", tmp_path / "true" / f"{name}.png"
        write_classes(found[name][0], predicted, LEGEND)
        imageio.imwrite(found[name][1], TRUTH)
    return found


def scored(pairs, output=None, scenes=None, **options):
    found = ClassFileScores(pairs, EvaluateOptions(**options), output, scenes)
    found.score(pairs)
    return found


def named(*names):
    return [ClassLabel(name=name) for name in names]


def test_scores_are_those_of_the_classes_in_the_files(pairs):
    found = scored(pairs)
    expected = {"a": score_classes(PREDICTED, TRUTH, NAMES), "b": score_classes(TRUTH, TRUTH, NAMES)}
    assert found.failures == {} and found.scores == expected
    assert found.together == pool_classes(list(expected.values())) and 0 < found.together.pixel_accuracy < 1


def test_options_reach_the_scores(pairs):
    assert scored(pairs, minimum_size=61).together.objects[0].true == 0
    assert scored(pairs, rows=10).together.objects[1].true == 0
    write_classes(pairs["a"][0], TRUTH, LEGEND)
    imageio.imwrite(pairs["a"][1], np.where(np.arange(30) < 3, 1, TRUTH).astype(np.uint8))
    assert scored(pairs, exclude_edge=True).scores["a"].objects[0].true == 0


def test_class_maps_are_known_by_a_legend_or_by_what_is_said(pairs):
    plain = [(true, true) for _, true in pairs.values()]
    assert are_classes(pairs.values(), "auto") and are_classes(plain, "classes") and are_classes(plain, "auto", NAMES)
    assert not are_classes(plain, "auto") and not are_classes(pairs.values(), "labels")
    assert are_classes([(true, predicted) for predicted, true in pairs.values()], "auto")


def test_names_come_from_the_files_or_are_given_or_are_numbers(pairs, tmp_path):
    plain = [(true, true) for _, true in pairs.values()]
    assert [one.name for one in find_legend(pairs.values())] == list(NAMES)
    assert [one.name for one in find_legend(plain, ("a", "b"))] == ["a", "b"]
    assert [one.name for one in find_legend(plain)] == ["class 0", "class 1", "class 2"]
    tifffile.imwrite(tmp_path / "empty.tif", np.full((5, 5), 255, np.uint8))
    assert [one.name for one in find_legend([(tmp_path / "empty.tif", tmp_path / "none.tif")])] == [
        "class 0",
        "class 1",
    ]


def test_colours_come_from_the_files_though_names_are_given(pairs):
    write_classes(pairs["a"][0], PREDICTED, [ClassLabel(name=name, colour="#01020" + name[0]) for name in "abc"])
    write_classes(pairs["b"][0], PREDICTED, named("a", "b", "c"))
    assert find_legend(pairs.values(), ("a", "b", "c"))[1].colour == "#01020b"


@pytest.mark.parametrize("others", [("background", "pore", "grain"), ("background", "grain", "pore", "crack")])
def test_legends_that_contradict_each_other_are_refused(pairs, others):
    write_classes(pairs["b"][0], TRUTH, named(*others))
    with pytest.raises(
        ImageError, match=r"b_classes\.tif: has the classes .*, and not background, grain, pore, as .*a_"
    ):
        ClassFileScores(pairs)
    del pairs["a"]
    with pytest.raises(ImageError, match=r"b_classes\.tif: has the classes .* background, grain, pore, as given\."):
        ClassFileScores(pairs, EvaluateOptions(classes=NAMES))


@pytest.mark.parametrize(
    ("given", "expected"),
    [("a,b", ("a", "b")), (["a, b", "c"], ("a", "b", "c")), (("a", "b"), ("a", "b")), (None, None)],
)
def test_names_are_given_one_by_one_or_with_commas(given, expected):
    assert EvaluateOptions(classes=given).classes == expected


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"classes": 3}, "classes"),
        ({"classes": [1]}, "classes"),
        ({"classes": "a"}, '"classes" must be two to 255 different names, the background first, not'),
        ({"classes": ["a", "a"]}, '"classes" must be two to 255 different names'),
        ({"classes": "a,,b"}, '"classes" must be two to 255 different names'),
        ({"classes": "a,b", "kind": "labels"}, '"classes" must be left out where the files are labels'),
    ],
)
def test_options_that_cannot_be_are_refused(wrong, expected):
    with pytest.raises(OptionsError, match=expected):
        EvaluateOptions(**wrong)


def number_too_high(pairs):
    imageio.imwrite(pairs["a"][1], TRUTH + np.uint8(1))
    return r"a\.png: has pixels of class 3, but there are only 3 classes"


def mask_for_classes(pairs):
    imageio.imwrite(pairs["a"][1], 255 * (TRUTH > 0).astype(np.uint8))
    return r"a\.png: has no values but 0 and 255, so it is a mask"


def colours(pairs):
    imageio.imwrite(pairs["a"][1], np.dstack([TRUTH, TRUTH * 0, TRUTH]))
    return r"a\.png: is a colour image"


def damaged(pairs):
    pairs["a"][0].write_bytes(b"II*\0")
    return r"a_classes\.tif: is damaged"


def damaged_legend(pairs):
    tifffile.imwrite(pairs["a"][0], TRUTH, description="autoseg_classes=[", metadata=None)
    return r"a_classes\.tif: has a damaged legend"


def gone(pairs):
    pairs["a"][0].unlink()
    return r"a_classes\.tif: does not exist"


def of_another_width(pairs):
    imageio.imwrite(pairs["a"][1], TRUTH[:, 1:])
    return r"a_classes\.tif: has 30 x 20 pixels, but .*a\.png has 29 x 20\. Both must show the same part"


def grains_below(pairs):
    imageio.imwrite(pairs["a"][1], np.pad(TRUTH, ((0, 4), (0, 0)), constant_values=1))
    return r"a_classes\.tif: has 30 x 20 pixels, but .* add --rows 20"


@pytest.mark.parametrize(
    "spoil",
    [number_too_high, mask_for_classes, colours, damaged, damaged_legend, gone, of_another_width, grains_below],
)
def test_a_pair_that_fails_is_named_and_the_rest_goes_on(pairs, tmp_path, spoil):
    expected = spoil(pairs)
    found = scored(pairs, tmp_path / "out")
    assert list(found.failures) == ["a"] and list(found.scores) == ["b"]
    with pytest.raises(AutosegError, match=expected):
        raise found.failures["a"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b_errors.png"]


@pytest.mark.parametrize("empty", [0, 255])
def test_an_empty_info_bar_does_no_harm(pairs, empty):
    imageio.imwrite(pairs["b"][1], np.pad(TRUTH, ((0, 4), (0, 0)), constant_values=empty))
    assert all(np.array_equal(classes, TRUTH) for classes in read_class_pair(pairs["b"], 3, None))
    assert scored(pairs).scores["b"].pixel_accuracy == 1


def test_pictures_show_the_errors_over_the_micrograph_without_its_info_bar(pairs, tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (24, 30)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", grey)
    output = tmp_path / "out"
    scored(pairs, output, {"a": tmp_path / "a.tif"})
    assert sorted(path.name for path in output.iterdir()) == ["a_errors.png", "b_errors.png"]
    rgb = class_colours(LEGEND)
    expected = draw_class_errors(PREDICTED, TRUTH, rgb, grey[:20])
    assert np.array_equal(imageio.imread(output / "a_errors.png"), expected)
    assert np.array_equal(imageio.imread(output / "b_errors.png"), draw_class_errors(TRUTH, TRUTH, rgb))


def test_json_holds_everything_and_csv_a_row_for_each_class_of_each_image_and_of_all(pairs, tmp_path):
    found = scored(pairs)
    found.write(tmp_path)
    written = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(found.to_dict()))
    assert written["classes"] == list(NAMES) and written["all"]["images"] == 2 and written["options"]["rows"] is None
    assert written["images"]["a"] == json.loads(json.dumps(found.scores["a"].to_dict()))
    table = pd.read_csv(tmp_path / "scores.csv").set_index(["image", "class"])
    assert table.index.tolist() == [(image, name) for image in ("a", "b", "all 2") for name in NAMES]
    for image, scores in {**found.scores, "all 2": found.together}.items():
        for one in scores.classes:
            row = table.loc[(image, one.name)]
            assert (row["true_pixels"], row["predicted_pixels"]) == (one.true_pixels, one.predicted_pixels)
            assert [row["iou"], row["f1"]] == pytest.approx([one.iou, one.f1])
            if one.objects:
                assert (row["objects.true"], row["objects.f1"]) == (one.objects.true, one.objects.f1)
            else:
                assert np.isnan(row["objects.true"])


def test_particles_are_not_scored_by_the_class_that_is_for_classes(pairs):
    with pytest.raises(OptionsError, match="scored by ClassFileScores"):
        FileScores(pairs, EvaluateOptions(kind="classes"))


def test_a_pixel_size_is_for_particles(pairs):
    with pytest.raises(OptionsError, match="pixel size is for sizes of particles"):
        ClassFileScores(pairs, EvaluateOptions(pixel_size=2))
