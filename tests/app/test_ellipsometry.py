"""The page about ellipsometric maps, in the published order of work, and with every control before anything was run."""

import base64
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from autoseg.app.ellipsometry.live import draw_live
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.writing import write_maps
from autoseg.ellipsometry.zones import ClusterOptions, cluster
from tests.app.pages import checked, every_control, move, named, open_page, press, upload
from tests.ellipsometry.folders import made_up, small

PLOTS = ("Delta and Psi", "Zones", "Segmented Delta and Psi", "One zone over the maps")


def files_of(tmp_path, maps=None, folder="maps"):
    write_maps(
        made_up(rows=24, columns=30, flakes=(20.0, 60.0), wavelengths=3).maps if maps is None else maps,
        tmp_path / folder,
    )
    return [(f"{folder}/{path.name}", path.read_bytes()) for path in sorted((tmp_path / folder).iterdir())]


@pytest.fixture
def page(tmp_path, monkeypatch):
    """With maps, before anything was run."""
    return upload(open_page("ellipsometry", monkeypatch), *files_of(tmp_path))


def zones(page):
    return page.session_state["autoseg zones"]


def bundle(page):
    _, content = page.session_state["autoseg bundle zones"]
    return zipfile.ZipFile(io.BytesIO(content))


def test_every_control_works_before_there_are_maps(monkeypatch):
    page = open_page("ellipsometry", monkeypatch)
    assert "Upload the folder" in page.info[0].value
    for kind, place, _, value in list(every_control(page)):
        move(page, kind, place, value)
    press(press(page, "Run the segmentation"), "Estimate the number of zones")


def test_the_demo_maps_are_there_at_a_click(monkeypatch):
    page = press(open_page("ellipsometry", monkeypatch), "Try the demo maps")
    assert "22 maps of 64 x 96 pixels" in page.success[0].value.replace("\\", "")
    press(page, "Run the segmentation")
    assert sorted(zones(page).pixels)[:3] == [236, 244, 253]


def test_every_control_works_before_anything_was_run(page):
    assert "run the segmentation" in page.info[0].value
    live = list(every_control(page))
    assert {"Plot", "Wavelength", "Bar plot"} <= {label for _, _, label, _ in live}
    for kind, place, _, value in live:
        move(page, kind, place, value)
    assert named(page.button, "Fit the layers").disabled and named(page.button, "Make the report").disabled
    assert named(page.button, "Divide zone 1 in two").disabled


def test_the_published_order_of_work(page, monkeypatch):
    press(page, "Estimate the number of zones")
    estimates = page.session_state["autoseg estimates"]
    assert set(estimates.suggested) >= {"distortion", "calinski_harabasz"}
    monkeypatch.setattr("autoseg.app.ellipsometry.page.estimate_clusters", None)  # no slider asks for it again
    named(page.number_input, "Number of zones").set_value(3)
    press(page.run(), "Run the segmentation")
    assert zones(page).count == 3 and named(page.selectbox, "Plot").value == "Zones"
    named(page.slider, "Zone").set_value(3)
    named(page.select_slider, "Wavelength").set_value("800 nm")
    for box in ("Bar plot", "Histograms of the zone"):
        named(page.checkbox, box).check()
    for plot in PLOTS:
        named(page.selectbox, "Plot").select(plot)
        checked(page.run())
    assert page.session_state["autoseg estimates"] is estimates
    press(page, "Make the report")
    with bundle(page) as file:
        assert {"report.html", "spectra.csv", "sample_clustershot.dat", "programs/sample_zone3.nxs"} <= set(
            file.namelist()
        )
        run = json.loads(file.read("run.json"))
    assert run["suggested"] and run["inputs"][0]["path"] == "sample.ds.dat"
    assert run["settings"]["cluster"]["clusters"] == 3


def test_a_changed_number_of_zones_changes_nothing_until_it_is_run(page):
    press(page, "Run the segmentation")
    named(page.slider, "Zone").set_value(4)
    named(page.number_input, "Number of zones").set_value(2)
    checked(page.run())
    assert zones(page).count == 4 and any("run the segmentation" in one.value for one in page.caption)
    press(page, "Run the segmentation")
    assert zones(page).count == 2 and named(page.slider, "Zone").value <= 2


def test_a_zone_is_divided_and_layers_are_fitted(page):
    named(page.number_input, "Number of zones").set_value(3)
    press(page.run(), "Run the segmentation")
    press(page, "Fit the layers")
    options, layers = page.session_state["autoseg layers"]
    assert options.film == "boron_nitride"
    assert sorted(round(row["thickness"]) for row in layers.rows()) == [20, 60, 290]
    press(page, "Divide zone 1 in two")
    assert zones(page).count == 4 and page.session_state["autoseg layers"] is None


@pytest.mark.parametrize("clusters", [1, 15])
def test_one_zone_one_wavelength_and_brackets_in_names(tmp_path, monkeypatch, clusters):
    files = files_of(tmp_path, small(wavelengths=(550.0,), shape=(4, 5), name="a [1]"), "folder [1] (x)")
    page = upload(open_page("ellipsometry", monkeypatch), *files)
    assert not page.select_slider and any("One wavelength" in one.value for one in page.caption)
    named(page.number_input, "Number of zones").set_value(clusters)
    press(page.run(), "Run the segmentation")
    assert bool(page.slider) == (clusters > 1)
    for plot in PLOTS:
        named(page.selectbox, "Plot").select(plot)
        checked(page.run())
    if clusters == 1:
        press(page, "Make the report")
        assert "report.html" in bundle(page).namelist()


def test_what_is_wrong_is_said(tmp_path, monkeypatch):
    files = files_of(tmp_path)
    page = open_page("ellipsometry", monkeypatch)
    upload(page, *[one for one in files if "_002" not in one[0]])
    assert "sample.ds.dat: names 1 files that are not there" in page.error[0].value.replace("\\", "")
    upload(page, *files, ("other/" + files[0][0], files[0][1]))
    assert "is there twice" in page.error[0].value
    upload(page, ("x.txt", b"nothing"))
    assert page.error and "/tmp" not in page.error[0].value
    upload(page, *files)
    assert not page.error
    named(page.selectbox, "Pixels are compared by").select("published")
    named(page.selectbox, "Method").select("mixture")
    press(page.run(), "Run the segmentation")
    assert "clustered by k-means" in page.error[0].value.replace("\\", "")


def test_a_folder_is_asked_for_only_where_paths_are_allowed(tmp_path, monkeypatch):
    files_of(tmp_path, folder="a [1]")
    assert not open_page("ellipsometry", monkeypatch).text_input
    page = open_page("ellipsometry", monkeypatch, allow_paths=True)
    page.text_input[0].set_value(str(tmp_path / "a [1]"))
    checked(page.run())
    assert "6 maps of 24 x 30" in page.success[0].value.replace("\\", "")
    page.text_input[0].set_value(str(tmp_path / "nowhere"))
    assert "nowhere" in page.run().error[0].value


def test_live_maps_have_titles_colour_bars_and_true_pixels():
    maps = small(shape=(6, 8), row_step=1.5)
    found = cluster(maps, ClusterOptions(clusters=3))
    figure = draw_live(maps, found, "zone over maps", 1, 2)
    titles = [one.text for one in figure.layout.annotations]
    assert titles[0] == "Delta at 600 nm / degrees" and titles[3] == "Psi at 600 nm, segmented / degrees"
    np.testing.assert_array_equal(figure.data[0].z, maps.delta[1])
    assert figure.layout.yaxis.scaleratio == 1.5 and figure.layout.yaxis4.scaleanchor == "x4"
    pink = figure.layout.images
    assert [one.xref for one in pink] == ["x", "x2", "x3", "x4"] and (pink[0].sizex, pink[0].sizey) == (8, 6)
    drawn = Image.open(io.BytesIO(base64.b64decode(pink[0].source.partition(",")[2]))).convert("RGBA")
    np.testing.assert_array_equal(np.asarray(drawn)[..., 3] > 0, found.labels == 2)
    large = MapSet(np.ones((1, 1000, 1500)), np.ones((1, 1000, 1500)), [550.0])
    assert draw_live(large, None, "measured", 0, 1).data[0].z.size <= 500_000
