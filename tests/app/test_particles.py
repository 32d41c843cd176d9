"""The page about particles, as a user works with it: upload, thresholds, corrections, sizes, zip."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest
import tifffile

import autoseg
from autoseg.app.particles.picture import find_targets
from autoseg.files import shipped
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.segment import Segmenter, SegmentOptions
from tests.app.pages import every_control, move, named, open_page, press, tiff, upload
from tests.marks import predicts_once

pytestmark = [pytest.mark.keras, predicts_once]

FIELD = autoseg.read(shipped("datasets") / "samples" / "bright_spheroids.tif").field[300:428, 64:224]
IMAGE = tiff(FIELD, imagej=True, resolution=(0.2, 0.2), metadata={"unit": "nm"})


@pytest.fixture
def predictions(monkeypatch):
    """How often the network was asked."""
    asked, predict = [], Segmenter.predict_levels
    monkeypatch.setattr(Segmenter, "predict_levels", lambda *given: asked.append(1) or predict(*given))
    return asked


def with_image(monkeypatch, **options):
    return upload(open_page("particles", monkeypatch, **options), ("a.tif", IMAGE))


def shown(page):
    (predicted,) = page.session_state["autoseg predicted"].values()
    return predicted.finished[1].shown


def particles(page):
    return int(named(page.metric, "Particles").value)


def test_the_page_says_what_to_do_and_every_control_works_before_anything_was_uploaded(monkeypatch):
    page = open_page("particles", monkeypatch)
    assert "try the samples" in page.info[0].value
    for kind, place, _, value in list(every_control(page)):
        move(page, kind, place, value)


def test_the_samples_are_there_at_a_click(monkeypatch):
    page = press(open_page("particles", monkeypatch), "Try the samples")
    chosen = named(page.multiselect, "Samples")
    assert len(chosen.options) == 6 and len(chosen.value) == 1
    assert particles(page) > 40 and named(page.metric, "D50 / nm").value != "-"


def test_thresholds_and_filters_are_live_and_the_network_is_asked_once(monkeypatch, predictions):
    page = with_image(monkeypatch)
    found = particles(page)
    assert found > 4 and len(predictions) == 1
    named(page.toggle, "Automatic threshold").set_value(False)
    page.run()
    named(page.slider, "Foreground threshold").set_value(1.0)
    assert particles(page.run()) < found
    named(page.slider, "Foreground threshold").set_value(0.5)
    named(page.checkbox, "Not those at the edge").set_value(True)
    inside = particles(page.run())
    assert 0 < inside < found
    page.text_area[0].set_value("area_nm2 > 1e9")
    assert particles(page.run()) == 0 and "No particle is left" in page.info[0].value
    page.text_area[0].set_value("nonsense")
    assert "must be a column" in page.run().error[0].value.replace("\\", "")
    page.text_area[0].set_value("circularity > 0.1")
    assert particles(page.run()) == inside
    assert len(predictions) == 1


def test_what_only_chooses_among_particles_does_not_part_them_anew(monkeypatch, predictions):
    assembled, assemble = [], Segmenter.assemble
    monkeypatch.setattr(Segmenter, "assemble", lambda *given: assembled.append(1) or assemble(*given))
    page = with_image(monkeypatch)
    named(page.slider, "Least score").set_value(0.6)
    named(page.checkbox, "Not those at the edge").set_value(True)
    page.text_area[0].set_value("circularity > 0.1")
    page.run()
    options = SegmentOptions(instances=InstanceOptions(exclude_edge=True), minimum_score=0.6)
    directly = autoseg.segment(FIELD, "particles", options)
    assert len(assembled) == 1 + 1 and particles(page) == directly.count > 0  # here, and directly
    named(page.slider, "Valley that parts particles").set_value(0.05)
    page.run()
    options = options.changed(instances=options.instances.changed(prominence=0.05))
    directly = autoseg.segment(FIELD, "particles", options)
    assert len(assembled) == 2 + 2 and len(predictions) == 1 + 2
    np.testing.assert_array_equal(shown(page).labels, directly.labels)
    np.testing.assert_array_equal(shown(page).scores, directly.scores)


def test_every_control_works_with_an_image(monkeypatch):
    page = with_image(monkeypatch)
    live = [one for one in every_control(page) if one[2] not in ("Model", "Magnification", "Particles are")]
    assert len(live) > 15
    for kind, place, _, value in live:
        if place < len(getattr(page, kind)):
            move(page, kind, place, value)


def test_particles_are_chosen_deleted_merged_and_brought_back(monkeypatch, predictions):
    page = with_image(monkeypatch)
    found = particles(page)
    page.multiselect(key="selected").set_value([2])
    page.run()
    assert page.dataframe[0].value["label"].tolist() == [2]
    assert particles(press(page, "Delete")) == found - 1
    page.multiselect(key="selected").set_value([1, 3])
    page.run()
    assert particles(press(page, "Merge")) == found - 2
    assert "1 deleted, 1 merged" in page.caption[-2].value.replace("\\", "")
    assert particles(press(press(page, "Undo (2)"), "Undo (1)")) == found
    assert len(predictions) == 1


def test_corrections_stay_when_thresholds_change(monkeypatch):
    page = with_image(monkeypatch)
    page.multiselect(key="selected").set_value([1])
    page.run()
    found = particles(press(page, "Delete"))
    named(page.slider, "Least score").set_value(0.41)
    assert particles(page.run()) == found


def test_everything_is_in_the_zip(monkeypatch):
    page = with_image(monkeypatch)
    page.multiselect(key="selected").set_value([1])
    found = particles(press(page.run(), "Delete"))
    press(page, "Make the report")
    _, content = page.session_state["autoseg bundle particles"]
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert {"report.html", "run.json", "particles.csv", "a_labels.tif", "a_rois.zip"} <= set(file.namelist())
        labels = tifffile.imread(io.BytesIO(file.read("a_labels.tif")))
        rows = list(csv.DictReader(io.StringIO(file.read("particles.csv").decode("utf-8-sig"))))
        run = json.loads(file.read("run.json"))
    assert labels.max() == len(rows) == found and labels.shape == FIELD.shape
    assert run["inputs"][0]["path"] == "a.tif" and run["inputs"][0]["notes"][-1] == "Corrected by hand: 1 deleted."
    assert len(run["inputs"][0]["sha256"]) == 64 and float(rows[0]["area_nm2"]) > 100


def test_a_scale_bar_tells_the_pixel_size(monkeypatch, predictions):
    page = upload(open_page("particles", monkeypatch), ("a.tif", tiff(FIELD)))
    assert named(page.metric, "D50 / px").value != "-"
    in_pixels = float(named(page.metric, "D50 / px").value)
    page.radio[0].set_value("a scale bar")
    page.run()
    named(page.number_input, "What the scale bar says / nm").set_value(500.0)
    named(page.number_input, "Its length / pixels").set_value(100.0)
    assert float(named(page.run().metric, "D50 / nm").value) == pytest.approx(5 * in_pixels, rel=1e-3)
    assert len(predictions) == 1


def test_what_is_wrong_with_files_is_said_and_the_others_go_on(monkeypatch):
    page = open_page("particles", monkeypatch, max_pixels=60_000)
    name = "<img src=x onerror=alert(1)>![x](http://example.org/x.png).tif"
    upload(page, (name, b"no image"), ("large.tif", tiff(np.zeros((300, 300), np.uint8))), ("a.tif", IMAGE))
    told = [one.value.replace("\\", "") for one in page.error]
    assert len(told) == 2 and "is not a TIFF" in told[0] and "large.tif" in told[1] and "/tmp" not in "".join(told)
    assert "\\!\\[x\\]" in page.error[0].value or "x.png" in told[0]
    assert particles(page) > 4
    upload(page, ("x/a.tif", IMAGE), ("y/a.tif", IMAGE))
    assert "is there twice" in page.error[0].value


def test_two_images_have_sizes_together_once_their_pixel_sizes_are_known(monkeypatch):
    page = upload(open_page("particles", monkeypatch), ("a.tif", IMAGE), ("b.tif", tiff(FIELD[::-1])))
    alone = particles(page)
    page.toggle(key="of all").set_value(True)
    assert "no pixel size" in page.run().warning[0].value
    page.radio[0].set_value("a number")
    page.run()
    named(page.number_input, "Width of a pixel / nm").set_value(5.0)
    assert particles(page.run()) > 1.5 * alone


def test_a_prediction_that_was_stopped_goes_on_when_asked_to(monkeypatch, predictions):
    page = open_page("particles", monkeypatch)
    page.session_state["stopped"] = True
    upload(page, ("a.tif", IMAGE))
    assert "1 of 1 images are left" in page.warning[0].value and not predictions
    assert particles(press(page, "Go on")) > 4


def test_paths_are_asked_for_only_where_they_are_allowed(monkeypatch):
    offered = named(open_page("particles", monkeypatch).selectbox, "Model").options
    assert offered == ["grains-ct", "particles", "tio2-sem"]
    page = open_page("particles", monkeypatch, allow_paths=True)
    named(page.selectbox, "Model").set_value("Folder on this computer")
    page.run()
    page.text_input[0].set_value(str(shipped("trained_models") / "particles"))
    assert particles(upload(page, ("a.tif", IMAGE))) > 4


def test_every_particle_has_a_place_to_click():
    rng = np.random.default_rng(0)
    labels = np.zeros((400, 500), int)
    labels[10:200, 10:300] = 1
    for number in range(2, 60):
        row, column = rng.integers(0, [200, 495])[::-1]
        row = 210 + row % 180
        labels[row : row + 2, column % 490 : column % 490 + 2] = number
    targets = find_targets(labels)
    assert set(targets.numbers) == set(np.unique(labels)) - {0} and len(targets.rows) < 5000
    np.testing.assert_array_equal(labels[targets.rows, targets.columns], targets.numbers)
    assert find_targets(np.zeros((5, 5), int)).numbers.size == 0
