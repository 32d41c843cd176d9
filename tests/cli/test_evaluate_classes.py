"""`autoseg evaluate` on class maps, as it is typed and read."""

import json

import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.cli import main
from autoseg.heads import ClassLabel
from autoseg.images.class_files import write_classes
from autoseg.images.labels import write_labels

NAMES = ("background", "grain", "pore", "crack")
TRUTH = np.zeros((10, 20), np.uint8)
TRUTH[1:5, 1:6] = 1  # 20 pixels
TRUTH[6:8, 10:15] = 2  # 10 pixels


def half_of_the_grain_and_a_pore_for_a_grain():
    predicted = TRUTH.copy()
    predicted[3:5, 1:6], predicted[6:8, 10:15] = 0, 1
    return predicted


@pytest.fixture
def folder(tmp_path):
    """Two images: all is right in the second one."""
    (tmp_path / "true").mkdir()
    for name, predicted in {"a": half_of_the_grain_and_a_pore_for_a_grain(), "größe": TRUTH}.items():
        write_classes(tmp_path / "predicted" / f"{name}_classes.tif", predicted, [ClassLabel(name=n) for n in NAMES])
        imageio.imwrite(tmp_path / "true" / f"{name}.png", TRUTH)
    return tmp_path


def evaluated(folder, *options):
    return main(["evaluate", str(folder / "predicted"), str(folder / "true"), *map(str, options)])


def cells(line):
    return [cell for cell in line.split("  ") if cell]


def test_images_classes_and_confusion_are_told(folder, capsys):
    assert evaluated(folder) == 0
    images, classes, title, confusion, notes = capsys.readouterr().out.split("\n\n")
    assert [line.split()[:3] for line in images.splitlines()[1:3]] == [["a", "200", "0.900"], ["größe", "200", "1.000"]]
    assert images.splitlines()[3].startswith("all 2     400     0.950")
    header, background, grain, pore, crack, mean, without = (
        [cell.strip() for cell in cells(line)] for line in classes.splitlines()
    )
    assert header[:7] == ["class", "true pixels", "found pixels", "IoU", "precision", "recall", "F1"]
    assert background[:4] == ["background", "340", "350", "0.971"]  # 340 / 350
    assert grain == ["grain", "40", "40", "0.600", "0.750", "0.750", "0.750", "2", "3", "0.800"]
    assert pore == ["pore", "20", "10", "0.500", "1.000", "0.500", "0.667", "2", "1", "0.667"]
    assert crack == ["crack", "0", "0", *["-"] * 7]
    assert mean[:2] == ["mean", "0.690"] and without[:2] == ["mean without background", "0.550"]
    assert title.startswith("What the pixels of each true class were taken for")
    assert [cell.strip() for cell in cells(confusion.splitlines()[2])] == ["grain", "25.0", "75.0", "0.0", "0.0"]
    assert confusion.splitlines()[3].split() == ["pore", "0.0", "50.0", "50.0", "0.0"]
    assert notes == "crack: neither in the truth nor found; it has no scores and is left out of the means.\n"


def test_pixels_that_are_not_known_are_told(folder, capsys):
    truth, predicted = TRUTH.copy(), TRUTH.copy()
    truth[0], predicted[1] = 255, 255
    imageio.imwrite(folder / "t.png", truth)
    imageio.imwrite(folder / "p.png", predicted)
    given = ["evaluate", str(folder / "p.png"), str(folder / "t.png"), "--kind", "classes"]
    assert main(given) == 0
    classes, _, confusion, notes = capsys.readouterr().out.split("\n\n")
    assert classes.splitlines()[1].startswith("class 0") and confusion.splitlines()[0].endswith("no class")
    assert confusion.splitlines()[2].split()[-1] == "25.0"  # 5 of 20 pixels
    assert notes.splitlines() == [
        "20 pixels whose true class is not known are left out.",
        "20 pixels got no class: they count as missed.",
    ]


def test_json_csv_and_pictures_are_written(folder, capsys):
    assert evaluated(folder, "--output", folder / "scores") == 0
    assert str(folder / "scores") in capsys.readouterr().out
    names = ["a_errors.png", "größe_errors.png", "scores.csv", "scores.json"]
    assert sorted(path.name for path in (folder / "scores").iterdir()) == names
    table = pd.read_csv(folder / "scores" / "scores.csv").set_index(["image", "class"])
    assert len(table) == 3 * 4 and table.loc[("all 2", "grain"), "iou"] == 0.6
    assert table.loc[("a", "pore"), "recall"] == 0 and np.isnan(table.loc[("a", "crack"), "recall"])
    written = json.loads((folder / "scores" / "scores.json").read_text())
    assert written["all"]["classes"]["grain"]["iou"] == 0.6 and written["all"]["absent"] == ["crack"]
    assert evaluated(folder, "--json") == 0
    assert json.loads(capsys.readouterr().out) == written
    picture = imageio.imread(folder / "scores" / "a_errors.png")
    assert picture[7, 12].tolist() == [230, 159, 0]  # the pore that is taken for a grain


def test_names_are_given_where_the_files_have_none(folder, capsys):
    plain = ["evaluate", str(folder / "true"), str(folder / "true")]
    assert main([*plain, "--classes", "matrix,steel,void", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["matrix", "steel", "void"]
    assert main([*plain, "--kind", "classes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["class 0", "class 1", "class 2"]
    assert main([*plain, "--json"]) == 0
    assert "particles" in json.loads(capsys.readouterr().out)["all"]  # nothing says that these are classes
    (folder / "options.toml").write_text('classes = ["matrix", "steel", "void"]')
    assert main([*plain, "--json", "--options", str(folder / "options.toml")]) == 0
    assert json.loads(capsys.readouterr().out)["classes"][2] == "void"


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (["--classes", "background,pore"], 1, "a_classes.tif: has the classes background, grain, pore, crack, and not"),
        (["--classes", "grain"], 2, "two to 255"),
        (["--kind", "labels", "--classes", "a,b"], 2, "must be left out where the files are labels"),
        (["--kind", "classs"], 2, "classs"),
    ],
)
def test_names_that_do_not_fit_are_one_error(folder, capsys, options, code, expected):
    assert evaluated(folder, *options) == code
    captured = capsys.readouterr()
    assert expected in captured.err and captured.err.count("autoseg:") == 1 and not captured.out


def test_a_number_without_a_name_is_told_with_its_file_and_the_rest_is_scored(folder, capsys):
    tifffile.imwrite(folder / "true" / "a.tif", np.where(TRUTH == 2, 7, TRUTH).astype(np.uint8))
    (folder / "true" / "a.png").unlink()
    assert evaluated(folder) == 1
    captured = capsys.readouterr()
    assert "a.tif: has pixels of class 7, but there are only 4 classes, 0 to 3" in captured.err
    assert captured.out.startswith("class ")  # no table of images, as there is one


def test_labels_beside_class_maps_are_scored_unless_these_are_asked_for(folder, capsys):
    for name in ("a", "größe"):
        write_labels(folder / "predicted" / f"{name}_labels.tif", TRUTH)
    assert evaluated(folder, "--json") == 0
    assert "particles" in json.loads(capsys.readouterr().out)["all"]
    assert evaluated(folder, "--json", "--kind", "classes") == 0
    assert json.loads(capsys.readouterr().out)["classes"] == list(NAMES)
