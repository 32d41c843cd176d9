"""The page that scores labels: two folders, their scores, pictures, zip."""

import io
import zipfile

import numpy as np
import pytest
import tifffile

from tests.app.pages import checked, every_control, move, named, open_page, press, tiff
from tests.evaluation.scenes import rectangles

TRUE = rectangles((2, 2, 8, 8), (2, 20, 8, 8), (15, 30, 10, 10))
FOUND = rectangles((2, 2, 8, 8), (15, 31, 10, 10))


@pytest.fixture
def page(monkeypatch):
    return open_page("evaluate", monkeypatch)


def give(page, found, true, images=()):
    for place, files in enumerate((found, true, images)):
        page.file_uploader[place].set_value([(name, content, "image/tiff") for name, content in files])
    return press(checked(page.run()), "Score")


def outcome(page):
    return page.session_state["autoseg outcome"]


def test_every_control_works_before_anything_was_given(page):
    for kind, place, _, value in list(every_control(page)):
        move(page, kind, place, value)
    assert "two folders are compared" in press(page, "Score").error[0].value


def test_two_folders_are_scored_with_pictures_and_a_zip(page):
    grey = tiff(np.arange(1800, dtype=np.uint8).reshape(30, 60))
    found = [("ours [1]/a_labels.tif", tiff(FOUND)), ("ours [1]/b_labels.tif", tiff(TRUE))]
    give(page, found, [("true/a.tif", tiff(TRUE)), ("true/b.tif", tiff(TRUE))], [("x/a.tif", grey), ("x/b.tif", grey)])
    scores, sizes = (one.value for one in page.dataframe)
    assert scores["image"].tolist() == ["a", "b", "all 2"] and scores["F1"].round(3).tolist() == [0.8, 1.0, 0.909]
    assert "D50" in sizes["diameter (px)"].tolist()
    assert named(page.selectbox, "Picture of errors").options == ["a", "b"]
    assert "yellow" in page.caption[-1].value
    with zipfile.ZipFile(io.BytesIO(outcome(page).content)) as file:
        assert set(file.namelist()) == {"scores.json", "scores.csv", "a_errors.png", "b_errors.png"}


def test_options_count(page):
    named(page.number_input, "Smallest particle / pixels").set_value(70)
    give(page, [("a.tif", tiff(FOUND))], [("a.tif", tiff(TRUE))])
    assert page.dataframe[0].value["true"].tolist() == [1]


def test_class_maps_are_scored_as_such(page):
    truth = (TRUE > 0).astype(np.uint8)
    named(page.selectbox, "The files are").select("classes")
    give(page, [("a.tif", tiff((FOUND > 0).astype(np.uint8)))], [("a.tif", tiff(truth))])
    assert {"class", "iou"} <= set(page.dataframe[0].value.columns) and "class" in page.caption[-1].value


def test_what_is_wrong_is_said_and_the_others_go_on(page):
    give(page, [("a.tif", b"nothing"), ("b.tif", tiff(TRUE))], [("a.tif", tiff(TRUE)), ("b.tif", tiff(TRUE))])
    assert "a.tif" in page.error[0].value.replace("\\", "") and "/tmp" not in page.error[0].value
    assert page.dataframe[0].value["image"].tolist() == ["b"]
    give(page, [("a.tif", tiff(TRUE)), ("c.tif", tiff(TRUE))], [("a.tif", tiff(TRUE))])
    assert "no partner" in page.error[0].value and outcome(page) is None
    named(page.checkbox, "Only files that both folders have").check()
    assert not press(page.run(), "Score").error and page.dataframe[0].value["image"].tolist() == ["a"]
    small = io.BytesIO()
    tifffile.imwrite(small, TRUE[:, :30])
    give(page, [("a.tif", tiff(TRUE))], [("a.tif", small.getvalue())])
    assert "60 x 30" in page.error[0].value and not page.dataframe
