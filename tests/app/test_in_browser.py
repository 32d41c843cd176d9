"""The app as a newcomer uses it, in the system's Chromium: nothing amiss in its console or asked for elsewhere."""

import json
import zipfile

import numpy as np
import pytest
import tifffile

from autoseg.files import shipped
from tests.app.browser import (
    SCREEN,
    chromium,
    downloaded,
    drag,
    hard_to_read,
    metric,
    place_of,
    press,
    served,
    settled,
    until,
    visited,
)
from tests.app.pages import tiff
from tests.app.test_evaluate import FOUND, TRUE
from tests.stm.surfaces import rows

SAMPLE = "bright_spheroids"
HOSTILE = "<img src=x onerror=alert(1)>.tif"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Its address, and the folder of its temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    with served(folder) as (address, _):
        yield address, folder


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(app, browser):
    with visited(browser, app[0]) as opened:
        yield opened


def go_to(page, room):
    page.get_by_role("link", name=room).click()
    page.get_by_role("heading", name=room).wait_for()
    settled(page)
    fits(page)


def fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]
    assert not hard_to_read(page)


def middles(labels):
    """Where large particles that touch no other one are, largest first."""
    rim = np.pad(labels, 3)[: labels.shape[0], : labels.shape[1]]
    touching = set(np.unique(labels[(labels != rim) & (rim > 0)])) | set(np.unique(labels[[0, -1]]))
    areas = np.bincount(labels.ravel())
    alone = [number for number in np.argsort(-areas) if number and number not in touching]
    return [tuple(np.argwhere(labels == number).mean(axis=0)) for number in alone]


@pytest.fixture(scope="module")
def places():
    return middles(tifffile.imread(shipped("datasets") / "samples" / "truth" / f"{SAMPLE}_labels.tif").astype(int))


def test_particles_are_found_looked_at_corrected_and_taken_home(page, places, tmp_path):
    press(page, "Try the samples")
    found = int(metric(page, "Particles"))
    assert found > 40
    fits(page)
    before = page.locator(".js-plotly-plot image").last.get_attribute("href")
    page.get_by_role("slider", name="Least score").press("End")
    until(lambda: page.locator(".js-plotly-plot image").last.get_attribute("href") != before)
    until(lambda: int(metric(page, "Particles")) < found)
    page.get_by_role("slider", name="Least score").press("Home")
    settled(page)
    found = int(metric(page, "Particles"))
    page.mouse.click(*place_of(page, *places[0]))
    page.locator("[data-testid=stDataFrame]").first.wait_for()
    press(page, "Delete")
    until(lambda: int(metric(page, "Particles")) == found - 1)
    page.get_by_role("radio", name="Divide").click()
    settled(page)
    (row, column), reach = places[1], 60
    drag(page, (row, column - reach), (row, column + reach))
    until(lambda: int(metric(page, "Particles")) == found)
    page.get_by_role("radio", name="Click").click()
    settled(page)
    page.mouse.click(*place_of(page, *places[2]))
    settled(page)
    page.keyboard.down("Shift")
    page.mouse.click(*place_of(page, *places[3]))
    page.keyboard.up("Shift")
    settled(page)
    press(page, "Merge")
    until(lambda: int(metric(page, "Particles")) == found - 1)
    press(page, "Make the report")
    content = zipfile.ZipFile(downloaded(page, "Download zip", tmp_path / "all.zip"))
    content.extractall(tmp_path)
    assert tifffile.imread(tmp_path / f"{SAMPLE}_labels.tif").max() == found - 1
    notes = json.loads((tmp_path / "run.json").read_text("utf-8"))["inputs"][0]["notes"]
    assert "1 deleted, 1 divided, 1 merged" in notes[-1]
    page.goto((tmp_path / "report.html").as_uri())
    assert page.get_by_role("img").first.is_visible()


def test_zones_are_found_looked_at_and_divided(page, tmp_path):
    go_to(page, "Ellipsometry")
    press(page, "Try the demo maps")
    press(page, "Run the segmentation")
    page.get_by_text("4 zones").first.wait_for()
    fits(page)
    page.get_by_role("combobox", name="Plot").click()
    page.get_by_role("option", name="One zone over the maps").click()
    page.get_by_text("Delta at 550 nm / degrees").wait_for()
    page.get_by_role("slider", name="Wavelength").press("ArrowRight")
    page.get_by_text("Delta at 575 nm / degrees").wait_for()
    page.get_by_role("slider", name="Zone").press("ArrowRight")
    page.get_by_role("button", name="Divide zone 2 in two").wait_for()
    settled(page)
    plots = page.locator(".js-plotly-plot").count()

    def is_drawn():  # a picture that is just being replaced takes no box
        drag(page, (5, 5), (20, 30))
        return page.locator(".js-plotly-plot").count() == plots + 1

    until(is_drawn)
    press(page, "Divide zone 2 in two")
    press(page, "Make the report")
    content = zipfile.ZipFile(downloaded(page, "Download zip", tmp_path / "zones.zip"))
    assert {"report.html", "spectra.csv"} <= set(content.namelist())
    assert len([name for name in content.namelist() if name.endswith(".nxs")]) == 5


def test_grains_and_defects_are_found(page, tmp_path):
    go_to(page, "Grains")
    press(page, "Try simulated grains")
    press(page, "Find grains")
    assert int(metric(page, "Grains")) == 96
    page.get_by_role("slider", name="Slice").press("ArrowRight")
    settled(page)
    assert "report.html" in zipfile.ZipFile(downloaded(page, "Download zip", tmp_path / "grains.zip")).namelist()
    go_to(page, "Surfaces")
    heights = rows(12.0, 30.0, np.random.default_rng(0), shape=(150, 160)).heights.astype(np.float32)
    files = [{"name": "a [1].tif", "mimeType": "image/tiff", "buffer": tiff(heights)}]
    page.locator("input[type=file]").set_input_files(files)
    settled(page)
    assert float(metric(page, "Distance / px")) == pytest.approx(12, rel=0.01)
    press(page, "Find defects")
    page.get_by_text("_low and _high are the ends").wait_for()


def test_two_folders_are_compared(page, tmp_path):
    for name, labels in (("found", FOUND), ("true", TRUE)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.tif").write_bytes(tiff(labels))
    go_to(page, "Evaluate")
    for place, name in enumerate(("found", "true")):
        page.locator("input[type=file]").nth(place).set_input_files(tmp_path / name)

    def is_scored():  # not before both uploads have arrived
        press(page, "Score")
        return page.get_by_role("button", name="Download zip", exact=True).count()

    until(is_scored)
    scores = zipfile.ZipFile(downloaded(page, "Download zip", tmp_path / "scores.zip"))
    assert any(name.endswith("_errors.png") for name in scores.namelist())


def test_browsers_see_nothing_of_each_other_names_are_inert_and_nothing_is_left(app, browser, page):
    press(page, "Try the samples")
    assert int(metric(page, "Particles")) > 40
    with visited(browser, app[0]) as another:
        another.get_by_text("Upload micrographs on the left").wait_for()
        assert another.locator("[data-testid=stMetric]").count() == 0
        files = [{"name": HOSTILE, "mimeType": "image/tiff", "buffer": b"nothing"}]
        another.locator("input[type=file]").first.set_input_files(files)
        another.get_by_text("is not a TIFF").wait_for()
        assert not another.locator("img[src=x]").count()
    page.get_by_role("button", name="Make the report").click()
    until(lambda: list(app[1].glob("autoseg-app-*/autoseg-app-*")))
    page.close()
    until(lambda: not list(app[1].glob("autoseg-app-*/autoseg-app-*")))


def test_a_page_can_be_opened_by_its_address(app, browser):
    with visited(browser, f"{app[0]}/grains") as page:
        page.get_by_role("button", name="Try simulated grains").wait_for()


def test_the_server_ends_when_it_is_told_to_and_nothing_is_left(tmp_path, browser):
    with served(tmp_path) as (address, server), visited(browser, address) as page:
        page.get_by_text("Upload micrographs on the left").wait_for()
        page.close()
        (folder,) = tmp_path.glob("autoseg-app-*")
        (folder / "of work that was stopped.tif").touch()
        server.terminate()
        assert server.wait(20) == 128 + 15
    assert not list(tmp_path.iterdir())
