"""The page, run.json, the plots and the command, as a user meets them."""

import hashlib
import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import autoseg
from autoseg.cli import main
from autoseg.ellipsometry.estimators import SCORES, EstimateOptions, estimate_clusters
from autoseg.ellipsometry.plots.canvas import UNMEASURED, as_png, zone_colour
from autoseg.ellipsometry.plots.curves import draw_bars, draw_estimates, draw_histograms, draw_spectra
from autoseg.ellipsometry.plots.maps import draw_raw, draw_segmented, draw_zone, draw_zones
from autoseg.ellipsometry.report import ZoneReportOptions, find_warnings, report_zones
from autoseg.ellipsometry.zones import ClusterOptions, cluster
from autoseg.errors import AutosegError, OptionsError
from tests.ellipsometry.folders import folder_of, made_up, small
from tests.measurement.reports import Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("made"), made_up().maps)


def test_the_command_writes_everything_a_user_takes_home(folder, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--clusters", "4", "--estimate", "--film", "boron_nitride", "--pixel-size", "0.7", "--output", str(out)]
    assert main(["cluster", str(folder), *options]) == 0
    said = capsys.readouterr().out
    assert "zone 4: " in said and str(out / "report.html") in said
    names = {path.name for path in out.iterdir()}
    assert {"report.html", "run.json", "spectra.csv", "zones.csv", "sample_zones.tif"} < names
    assert {"sample_clustershot.dat", "sample_coordinates.dat", "programs"} < names
    assert len(list((out / "programs").iterdir())) == 4 * 5
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    name = "sample_001.png"
    assert run["inputs"][0]["sha256"][name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert run["settings"]["cluster"]["clusters"] == 4 and run["settings"]["layers"]["film"] == "boron_nitride"
    assert run["versions"]["scikit-learn"] and run["suggested"].keys() == SCORES.keys()
    assert run["inputs"][0]["row_step"] == pytest.approx(1.5557, abs=1e-4)
    page = Page(out / "report.html")
    assert len(page.tables["zones"]) == 5 and len(page.tables["fit"]) == 5
    assert re.search(r"29\d(\.\d)? nm silica on silicon", page.text) and "Made up by autoseg" in page.text
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert len(sources) >= 8 and all(source.startswith("data:") for source in sources)
    assert not [tag for tag, attributes in page.tags if tag in ("script", "link") or "href" in attributes]


def test_the_same_from_python_and_from_the_command_line(folder, tmp_path, capsys):
    maps = autoseg.ellipsometry.read_maps(folder)
    zones = autoseg.ellipsometry.refine(autoseg.ellipsometry.cluster(maps), 1)
    report = autoseg.ellipsometry.report_zones(zones, tmp_path / "one")
    assert main(["cluster", str(folder), "--refine", "1", "--output", str(tmp_path / "two"), "--json"]) == 0
    assert capsys.readouterr().out == (tmp_path / "two" / "run.json").read_text(encoding="utf-8")
    for kind in ("spectra", "zones", "labels", "clustershot", "coordinates"):
        path = report.files[kind]
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_page_says_what_was_refined_and_no_order_that_does_not_hold(tmp_path):
    zones = cluster(small(shape=(8, 9)), ClusterOptions(clusters=3))
    assert "numbered by rising Delta" in Page(report_zones(zones, tmp_path).files["page"]).text
    twice = autoseg.ellipsometry.refine(autoseg.ellipsometry.refine(zones, 1), 3)
    text = Page(report_zones(twice, tmp_path).files["page"]).text
    assert "Divided once more: zone 1, then zone 3." in text and "numbered by rising" not in text


def test_a_bad_folder_is_one_message(tmp_path, capsys):
    assert main(["cluster", str(tmp_path), "--output", str(tmp_path / "out")]) == 1
    assert "holds no .ds.dat file" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert main(["cluster", str(tmp_path), "--clusters", "0", "--output", str(tmp_path / "out")]) == 2


@pytest.mark.parametrize(
    ("given", "named"),
    [(["--fit-indices"], "--fit-indices"), (["--thickest", "90", "--bare-zone", "1"], "--bare-zone, --thickest")],
)
def test_options_of_layers_need_a_film(folder, tmp_path, capsys, given, named):
    out = tmp_path / "out"
    assert main(["cluster", str(folder), "--output", str(out), *given]) == 2
    said = capsys.readouterr().err
    assert f"{named} would change nothing" in said and "Add --film" in said and not out.exists()


def test_hostile_texts_are_shown_and_do_nothing(tmp_path):
    zones = cluster(small(name='<script>alert("x")</script>'), ClusterOptions(clusters=2))
    report = report_zones(zones, tmp_path / "out", ZoneReportOptions(title="<b>x</b>", programs=False))
    content = report.files["page"].read_text(encoding="utf-8")
    assert "<script>" not in content and "<b>x</b>" not in content
    assert all(path.parent == tmp_path / "out" for path in report.files.values())


def test_inputs_are_never_overwritten(tmp_path):
    maps = small(name="sample")
    folder = folder_of(tmp_path, maps)
    read = autoseg.ellipsometry.read_maps(folder)
    (folder / "report.html").write_text("mine")
    zones = cluster(read, ClusterOptions(clusters=1))
    object.__setattr__(read, "hashes", {**read.hashes, "report.html": ""})
    with pytest.raises(AutosegError, match="would be overwritten"):
        report_zones(zones, folder)
    assert (folder / "report.html").read_text() == "mine"


def test_nothing_is_left_of_an_earlier_report_that_had_more_zones(tmp_path):
    maps, programs = small(), tmp_path / "programs"
    report_zones(cluster(maps, ClusterOptions(clusters=4)), tmp_path)
    others = [programs / name for name in ("other_zone4.nxs", "sample_zone4.txt", "sample_zones.nxs", "mine.txt")]
    for path in others:
        path.write_text("of somebody else")
    report = report_zones(cluster(maps, ClusterOptions(clusters=2)), tmp_path)
    written = [path for path in report.files.values() if path.parent == programs]
    assert len(written) == 2 * 5 and sorted(programs.iterdir()) == sorted([*written, *others])
    report_zones(cluster(maps, ClusterOptions(clusters=1)), tmp_path, ZoneReportOptions(programs=False))
    assert sorted(programs.iterdir()) == sorted(others)


def test_an_earlier_report_is_gone_when_a_new_one_fails(tmp_path, monkeypatch):
    zones = cluster(small(), ClusterOptions(clusters=1))
    before = report_zones(zones, tmp_path)
    with pytest.raises(OptionsError, match="settings cannot be written"):
        report_zones(zones, tmp_path, settings={"mine": object()})
    assert all(path.exists() for path in before.files.values())  # what cannot begin removes nothing
    monkeypatch.setattr("autoseg.ellipsometry.report.render_zones", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report_zones(zones, tmp_path)
    assert not before.files["page"].exists()


def test_warnings_tell_what_rests_on_few_values():
    zones = cluster(made_up().maps)
    assert any("Less than half of zone" in warning for warning in find_warnings(zones))
    assert find_warnings(cluster(small(), ClusterOptions(clusters=1))) == []


def test_a_thickness_at_the_end_of_what_was_tried_is_a_warning(folder, tmp_path, capsys):
    given = ["--film", "boron_nitride", "--thickest", "60", "--clusters", "4", "--output", str(tmp_path)]
    assert main(["cluster", str(folder), *given]) == 0
    warning = "is the largest that was tried, 60 nm"
    assert warning in capsys.readouterr().out and warning in Page(tmp_path / "report.html").text


def test_a_report_needs_no_angle_and_no_second_wavelength(tmp_path):
    zones = cluster(small(wavelengths=(550.0,), angle=None), ClusterOptions(clusters=1))
    estimates = estimate_clusters(zones.maps, EstimateOptions(most=3, sample=50))
    report = report_zones(zones, tmp_path, estimates=estimates)
    assert "unknown" in Page(report.files["page"]).text and not (tmp_path / "programs").exists()


def pixels_of(figure):
    axes = [one for one in figure.axes if one.images]
    return [(one.images[0].get_array(), one.get_aspect(), one.get_title(), one.get_xlabel()) for one in axes]


def test_maps_are_drawn_with_what_was_not_measured_and_true_aspect():
    maps = made_up().maps
    drawn = pixels_of(draw_raw(maps, 3))
    assert [title for *_, title, _ in drawn] == ["Delta at 625 nm", "Psi at 625 nm"]
    for (values, aspect, *_), stack in zip(drawn, (maps.delta, maps.psi), strict=True):
        assert aspect == pytest.approx(maps.row_step)
        np.testing.assert_array_equal(np.ma.getmaskarray(values), np.isnan(stack[3]))
    figure = draw_raw(maps, 0)
    bars = [one for one in figure.axes if not one.images]
    assert any("Delta / degrees" in one.get_ylabel() for one in bars)
    bad = figure.axes[0].images[0].cmap.get_bad()
    assert "#{:02x}{:02x}{:02x}".format(*np.round(255 * bad[:3]).astype(int)) == UNMEASURED


def test_every_plot_can_be_drawn_for_every_zone_and_wavelength():
    made = made_up(rows=12, columns=16)
    for zones in (cluster(made.maps), cluster(small(wavelengths=(550.0,)), ClusterOptions(clusters=12))):
        last = len(zones.maps.wavelengths) - 1
        for zone in (1, zones.count):
            drawn = [
                draw_raw(zones.maps, last),
                draw_segmented(zones, last),
                draw_zone(zones, zone, last),
                draw_zones(zones),
                draw_bars(zones, last, zone),
                draw_histograms(zones, zone, last),
                draw_spectra(zones, zone),
            ]
            assert all(isinstance(one, Figure) for one in drawn)
        assert as_png(drawn[3]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "draw",
    [
        lambda zones, zone, place: draw_zone(zones, zone, place),
        lambda zones, zone, place: draw_bars(zones, place, zone),
        lambda zones, zone, place: draw_histograms(zones, zone, place),
        lambda zones, zone, place: [
            draw_raw(zones.maps, place),
            draw_segmented(zones, place),
            draw_spectra(zones, zone),
        ],
    ],
)
def test_no_plot_takes_another_zone_or_wavelength_for_one_that_is_not_there(draw):
    zones = cluster(small(), ClusterOptions(clusters=2))
    for place in (-1, 2):
        with pytest.raises(OptionsError, match=f"no wavelength with the index {place}"):
            draw(zones, 1, place)
    for zone in (-1, 0, 3):
        with pytest.raises(OptionsError, match=f"there is no zone {zone}"):
            draw(zones, zone, 0)


def test_bars_stand_at_the_segmented_values():
    maps = small(shape=(8, 9))
    maps.delta[:, 0, 0] = np.nan  # filled, so that the centres differ from the means of measured values
    for features in ("ncs", "published"):
        zones = cluster(maps, ClusterOptions(clusters=3, features=features))
        for axes, segmented in zip(draw_bars(zones, 1).axes, zones.segmented(1), strict=True):
            places = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
            np.testing.assert_allclose(sorted(places), np.unique(segmented[np.isfinite(segmented)]), rtol=1e-6)


def test_segmented_maps_show_the_means_of_zones():
    zones = cluster(made_up().maps)
    values = pixels_of(draw_segmented(zones, 2))[0][0]
    np.testing.assert_allclose(values, zones.spectra.delta[zones.labels - 1, 2], rtol=1e-6)


def test_the_elbow_is_marked_and_the_legend_says_where():
    estimates = estimate_clusters(made_up().maps, EstimateOptions(most=6, sample=300))
    texts = [
        text.get_text() for one in draw_estimates(estimates).axes if one.get_legend() for text in one.get_legend().texts
    ]
    assert len(texts) >= 4 and any(text.startswith("elbow at k = ") for text in texts)
    assert len({zone_colour(zone) for zone in range(1, 22)}) == 21
