"""The page about scanned surfaces: channels, levelling, rows, and what cannot be read."""

import io
import zipfile

import numpy as np
import pytest

from tests.app.pages import checked, every_control, move, named, open_page, press, tiff, upload
from tests.images.scan_files import nanonis
from tests.marks import predicts_once
from tests.stm.surfaces import rows

pytestmark = [pytest.mark.keras, predicts_once]


@pytest.fixture
def scan(tmp_path):
    heights = rows(12.0, 30.0, np.random.default_rng(0), shape=(150, 160)).heights
    tilted = 1e-10 * heights + 1e-12 * np.arange(160)
    channels = {"Z": ("m", tilted, tilted[:, ::-1]), "Current": ("A", 1e-12 * heights, 1e-12 * heights)}
    return "a [1].sxm", nanonis(tmp_path / "a.sxm", channels).read_bytes()


def test_every_control_works_before_there_is_a_scan(monkeypatch):
    page = open_page("surfaces", monkeypatch)
    assert "Upload a scan" in page.info[0].value
    for kind, place, _, value in list(every_control(page)):
        move(page, kind, place, value)


def test_a_scan_is_levelled_and_its_rows_are_a_ruler(scan, monkeypatch):
    page = upload(open_page("surfaces", monkeypatch), scan)
    assert named(page.selectbox, "Channel").options == ["topography", "Z", "Current"]
    assert float(named(page.metric, "Distance / px").value) == pytest.approx(12, rel=0.01)
    assert float(named(page.metric, "Direction / degrees").value) == pytest.approx(30, abs=0.5)
    assert "By the lattice of Si" in page.markdown[-1].value.replace("\\", "")
    for kind, place, _, value in list(every_control(page, values=1)):
        move(page, kind, place, value)
    named(page.selectbox, "Channel").select("Current")
    named(page.selectbox, "Direction").select("forward")
    checked(page.run())
    assert any("Channel Current" in one.value for one in page.caption)


def test_defects_are_found_counted_and_offered(scan, monkeypatch):
    page = upload(open_page("surfaces", monkeypatch), scan)
    assert named(page.selectbox, "Model").value == "stm-si100"
    press(page, "Find defects")
    counts = page.dataframe[0].value
    assert counts["class"].tolist() == ["1-dimer", "2-dimer", "double-dimer"] and "per_dimer" in counts
    press(page, "Make the report")
    with zipfile.ZipFile(io.BytesIO(page.session_state["autoseg bundle surfaces"][1])) as file:
        assert {"report.html", "run.json", "counts.csv", "classes.csv"} < set(file.namelist())
        assert any(name.endswith("_tripanel.png") for name in file.namelist())
    named(page.selectbox, "(100) surface of").select("Ge")
    assert not checked(page.run()).dataframe  # it was found for another surface


def test_grey_images_are_levelled_too_and_others_refused(monkeypatch):
    page = open_page("surfaces", monkeypatch)
    noise = np.random.default_rng(0).integers(0, 255, (40, 50)).astype(np.uint8)
    upload(page, ("a.tif", tiff(noise)))
    assert "No 2x1 rows were found" in page.markdown[-1].value.replace("\\", "") and not page.metric
    upload(page, ("a.sxm", b"nothing"))
    assert "a.sxm" in page.error[0].value.replace("\\", "") and "/tmp" not in page.error[0].value
    upload(page, ("a.tif", tiff(noise[:1])))
    assert "too small" in page.error[0].value
    upload(page, ("a.tif", tiff(noise)), ("b.tif", tiff(noise.T)))
    named(page.selectbox, "Scan").select("b.tif")
    checked(page.run())
    assert "40 x 50 pixels" in page.caption[0].value
