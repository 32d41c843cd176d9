"""The page about grains: slices or a volume, sections, what changes, and everything as a zip."""

import io
import zipfile

import numpy as np
import pytest

from tests.app.pages import every_control, move, named, open_page, press, tiff, upload
from tests.marks import predicts_once

pytestmark = [pytest.mark.keras, predicts_once]


@pytest.fixture
def page(monkeypatch):
    return open_page("grains", monkeypatch)


def balls():
    z, y, x = np.ogrid[:20, :40, :60]
    return sum((z - 10) ** 2 + (y - 20) ** 2 + (x - middle) ** 2 < 81 for middle in (16, 43)).astype(np.uint8)


def saved(volume):
    stream = io.BytesIO()
    np.save(stream, volume)
    return stream.getvalue()


def found(page):
    return page.session_state["autoseg grains"][1]


def test_every_control_works_before_anything_was_given(page):
    for kind, place, _, value in list(every_control(page)):
        move(page, kind, place, value)
    assert "no slices yet" in press(page, "Find grains").error[0].value


def test_simulated_grains_are_found_shown_and_offered(page):
    press(page, "Try simulated grains")
    press(page, "Find grains")
    assert int(named(page.metric, "Grains").value) == len(page.dataframe[0].value) > 20
    assert [one.label for one in page.slider if one.max > 1] == ["Slice", "Row", "Column"]
    for kind, place, _, value in list(every_control(page, values=1)):
        move(page, kind, place, value)
    assert any("has changed" in one.value for one in page.caption)
    with zipfile.ZipFile(io.BytesIO(found(page).content)) as file:
        assert {"report.html", "run.json", "grains.csv", "slices.csv"} < set(file.namelist())
        assert b"/tmp" not in file.read("run.json")


def test_slices_in_any_order_a_volume_and_a_single_slice_are_taken(page):
    named(page.checkbox, "They are masks: grains are what is not 0").check()
    slices = [(f"s{number}.tif", tiff(one)) for number, one in enumerate(balls())]
    upload(page, *slices[::-1])
    press(page, "Find grains")
    assert found(page).labels.max() == 2 and (found(page).grey == balls()).all()
    upload(page, ("balls.tif", tiff(balls())))
    named(page.number_input, "Edge of a voxel / nm").set_value(20.0)
    press(page, "Find grains")
    assert found(page).labels.max() == 2 and found(page).report.sizes.unit == "nm"
    upload(page, slices[10])
    press(page, "Find grains")
    assert found(page).labels.shape == (1, 40, 60) and found(page).labels.max() == 2


def test_a_network_finds_grains_and_what_cannot_be_used_is_refused(page, monkeypatch):
    grey = 40 + 150 * balls() + np.random.default_rng(0).integers(0, 20, balls().shape)
    upload(page, ("grey.tif", tiff(grey[8:12].astype(np.uint8))))
    press(page, "Find grains")
    assert 0.5 < found(page).report.result.fraction.value / balls()[8:12].mean() < 1.5
    upload(page, ("a.npy", b"nothing"))
    assert "a.npy" in press(page, "Find grains").error[0].value.replace("\\", "")
    upload(page, ("a.tif", tiff(balls()[0])), ("b.npy", b"nothing"))
    press(page, "Find grains")
    assert "b.npy" in page.error[0].value.replace("\\", "")
    small = open_page("grains", monkeypatch, max_pixels=1000)
    upload(small, ("balls.npy", saved(balls())))
    assert "command autoseg grains" in press(small, "Find grains").error[0].value.replace("\\", "")
