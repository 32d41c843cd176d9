"""Conditions on measured properties: as text, on a segmentation, and in a report with all its files."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import autoseg
from autoseg.errors import ImageError, OptionsError
from autoseg.images.labels import read_labels
from autoseg.images.micrograph import Micrograph
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.conditions import keep, keep_measured, parse_condition
from autoseg.measurement.report import ReportOptions, summary_lines
from autoseg.measurement.shape import measure
from tests.images.imagej import filled_rois
from tests.measurement.reports import FAST, names_in, page_of, segmentation


def squares(pixel_size=2.0, path=None):
    """Squares with edges of 3, 6, 4 and 12 pixels; the first touches the edge, the last two each other."""
    labels = np.zeros((30, 60), np.uint16)
    for number, (left, edge) in enumerate(((0, 3), (10, 6), (26, 4), (30, 12)), start=1):
        labels[5 : 5 + edge, left : left + edge] = number
    return Segmentation(labels, None, Micrograph(labels.astype(np.uint8), pixel_size, path=path))


def edges(found):
    return np.sqrt(found.areas).astype(int).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("area_nm2>=144", [6, 12]),
        (" area_nm2 > 144 ", [12]),
        ("area_nm2 <= 64", [3, 4]),
        ("area_nm2 < 6.4e1", [3]),
        ("area_nm2 == 64", [4]),
        ("area_nm2 != 64", [3, 6, 12]),
        ("feret_diameter_max_nm > +1e-3", [3, 6, 4, 12]),
        ("orientation < -.5", []),
        ("touches_edge == 0", [6, 4, 12]),
        ("centroid_column_px > 20", [4, 12]),
        ("label < 3", [3, 6]),
    ],
)
def test_each_comparison_holds_for_the_particles_that_it_should(text, expected):
    found = keep(squares(), text)
    assert edges(found) == expected
    assert np.unique(found.labels).tolist() == list(range(len(expected) + 1))


def test_all_conditions_must_hold_and_no_condition_leaves_all():
    assert edges(keep(squares(), ["area_nm2 > 36", "area_nm2 < 144"])) == [4]
    assert edges(keep(squares(), (text for text in ["area_nm2 > 36"]))) == [6, 4, 12]
    assert keep(squares(), []).count == 4
    nothing = keep(squares(), "label < 0")
    assert nothing.count == keep(nothing, "area_nm2 > 1").count == 0


def test_the_table_tells_what_was_measured_before_particles_were_left_out():
    given = squares()
    table = measure(given)
    found, rows = keep_measured(given, table, [parse_condition("contact > 0"), parse_condition("area_nm2 > 100")])
    assert edges(found) == [12] and rows["label"].tolist() == [1]
    assert rows["contact"].tolist() == [table["contact"][3]] and rows["contact"][0] > 0
    assert measure(found)["contact"].tolist() == [0]
    assert table["label"].tolist() == [1, 2, 3, 4]  # that of the caller stays as it was


@pytest.mark.parametrize(
    "text",
    [
        "area_nm2",
        "area_nm2 >=",
        "area_nm2 = 100",
        "area_nm2 => 100",
        "area_nm2 >= 0,5",
        "area_nm2 >= nan",
        "area_nm2 >= inf",
        "area_nm2 >= circularity",
        "100 < area_nm2",
        "1 < area_nm2 < 3",
        "area_nm2 > 1 and label > 2",
        "__import__('os') > 1",
        "",
    ],
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(
        OptionsError, match="a condition must be a column, one of != < <= == > >=, and a number"
    ) as found:
        keep(squares(), text)
    assert repr(text) in str(found.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("circularty > 0.8", "such as circularity,"),
        ("area_nm > 3", "such as area_nm2,"),
        ("area > 3", "such as area_nm2 or area_px2,"),
        ("feret_diameter_max > 3", "such as feret_diameter_max_nm or feret_diameter_max_px,"),
        ("xyz == 3", "one of label, area_nm2,"),
    ],
)
def test_an_unknown_column_is_refused_with_the_nearest_ones(text, hint):
    with pytest.raises(OptionsError, match=f"must begin with a measured column, {hint}"):
        parse_condition(text)


def test_units_must_be_those_of_the_image():
    with pytest.raises(
        ImageError, match=r'a\.tif: the condition "area_nm2 > 1" needs a pixel size.*compare area_px2\.'
    ):
        keep(squares(None, Path("a.tif")), "area_nm2 > 1")
    with pytest.raises(ImageError, match=r'"feret_diameter_max_px > 1" is in pixels.*Compare feret_diameter_max_nm\.'):
        keep(squares(), "feret_diameter_max_px > 1")
    assert edges(keep(squares(None), "area_px2 > 9")) == [6, 4, 12]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (["circularity"], r'"keep\.0" must be a column, one of .*, not \'circularity\''),
        (["label > 0", "circularty > 1"], r'"keep\.1" must begin with a measured column, such as circularity, not'),
        ("label > 0", '"keep" must be a valid tuple'),
    ],
)
def test_an_option_is_checked_when_it_is_given(conditions, message):
    with pytest.raises(OptionsError, match=message):
        ReportOptions(keep=conditions)


def test_conditions_are_read_from_toml(tmp_path):
    (tmp_path / "o.toml").write_text("keep = [\"circularity > 0.8\", 'area_nm2 >= 100']\n")
    options = ReportOptions.from_file(tmp_path / "o.toml")
    assert options.keep == ("circularity > 0.8", "area_nm2 >= 100")
    options.to_file(tmp_path / "again.toml")
    assert ReportOptions.from_file(tmp_path / "again.toml") == options


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Of two images, the large particles; one image has no pixel size, and in another one all particles are small."""
    items = [
        segmentation(Path("a.tif"), seed=0),
        squares(path=Path("small.tif")),
        segmentation(Path("px.tif"), None, seed=1),
        segmentation(Path("b.tif"), seed=2),
    ]
    options = FAST.changed(keep=["area_nm2 >= 600", "touches_edge == 0"], geojson=True, coco=True)
    return items, autoseg.report(items, tmp_path_factory.mktemp("kept"), options)


def test_only_what_is_kept_is_in_the_files(kept):
    items, found = kept
    assert [image.path.name for image in found.images] == ["a.tif", "small.tif", "b.tif"]
    for image, given in zip(found.images, (items[0], items[1], items[3]), strict=True):
        table = measure(given)
        chosen = ((table["area_nm2"] >= 600) & ~table["touches_edge"]).to_numpy()
        expected = given.select(chosen).labels
        assert np.array_equal(read_labels(image.files["labels"]), expected)
        assert np.array_equal(filled_rois(image.files["rois"], expected.shape), expected)
        assert (image.particles, image.left_out) == (chosen.sum(), (~chosen).sum())
        rows = found.particles[found.particles["image"] == image.path.name]
        assert rows["label"].tolist() == list(range(1, chosen.sum() + 1))
        assert rows["area_nm2"].tolist() == table["area_nm2"][chosen].tolist()
        features = json.loads(image.files["geojson"].read_text("utf-8"))["features"]
        assert [feature["properties"]["area_nm2"] for feature in features] == rows["area_nm2"].tolist()
    assert 0 < len(found.particles) == len(json.loads(found.files["coco"].read_text("utf-8"))["annotations"])


def test_a_condition_in_nm_fails_where_the_pixel_size_is_unknown_and_the_rest_goes_on(kept):
    _, found = kept
    assert found.failures["file"].tolist() == ["px.tif"]
    assert 'the condition "area_nm2 >= 600" needs a pixel size' in found.failures["reason"][0]
    assert not [name for name in names_in(found.folder) if name.startswith("px")]


def test_how_many_were_left_out_is_said_everywhere(kept):
    items, found = kept
    left_out, particles = sum(image.left_out for image in found.images), len(found.particles)
    total = sum(item.count for item in (items[0], items[1], items[3]))
    assert left_out + particles == total and left_out > 0
    said = f"area_nm2 >= 600 and touches_edge == 0 left out {left_out} of {total} particles"
    assert found.warnings[1].startswith(said)
    assert found.warnings[2] == "No particle is left in small.tif."
    assert not [warning for warning in found.warnings if warning.startswith("No particle was found")]
    assert any(said in line for line in summary_lines(found))
    page = page_of(found)
    overview = dict(page.tables["overview"])
    assert (overview["Particles found"], overview["of these kept"]) == (str(total), str(particles))
    assert overview["of these left out"] == f"{left_out} (kept: area_nm2 >= 600 and touches_edge == 0)"
    assert (
        f"Only particles with area_nm2 >= 600 and touches_edge == 0 were kept; {left_out} were left out." in page.text
    )
    assert f"{total} particles were found" in page.text
    summary = pd.read_csv(found.files["summary"])
    assert summary["left_out_by_conditions"].tolist() == [left_out, *(image.left_out for image in found.images)]
    run = json.loads(found.files["run"].read_text("utf-8"))
    assert run["report"]["keep"] == ["area_nm2 >= 600", "touches_edge == 0"]
    assert [entry["left_out_by_conditions"] for entry in run["inputs"]] == [image.left_out for image in found.images]


def test_nothing_is_said_of_conditions_where_there_are_none(tmp_path):
    found = autoseg.report([segmentation(Path("a.tif"), particles=3)], tmp_path, FAST)
    assert "left out" not in " ".join(found.warnings) + str(page_of(found).tables["overview"])
    assert "Only those with" not in page_of(found).text and found.images[0].left_out == 0
