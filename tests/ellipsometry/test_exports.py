"""Files hold what was found, in the layouts that other programs read."""

import csv

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.ellipsometry.errors import MapError
from autoseg.ellipsometry.exports.label_image import write_zone_labels
from autoseg.ellipsometry.exports.programs import PROGRAMS, spectrum_of
from autoseg.ellipsometry.exports.published import write_clustershot, write_coordinates
from autoseg.ellipsometry.exports.tables import spectra_table, zones_table
from autoseg.ellipsometry.zones import ClusterOptions, cluster
from autoseg.errors import OptionsError
from tests.ellipsometry.folders import made_up, small


@pytest.fixture(scope="module")
def zones():
    return cluster(made_up(flakes=(30.0, 80.0)).maps, ClusterOptions(clusters=3))


def test_the_clustershot_has_the_published_layout(zones, tmp_path):
    path = tmp_path / "a_clustershot.dat"
    write_clustershot(path, zones)
    assert b"\r" not in path.read_bytes()
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["", "WL_idx", "WL", *(f"{kind}_cluster_{n}" for kind in ("delta", "psi") for n in range(3))]
    assert len(rows) == 12 and rows[2][:3] == ["1", "1", "575.0"]
    assert np.float32(rows[2][4]) == np.float32(zones.spectra.delta[1, 1]) and "." in rows[2][4]
    assert np.float32(rows[11][8]) == np.float32(zones.spectra.psi[2, 10])


def test_published_zones_export_their_published_centres(tmp_path):
    zones = cluster(small(), ClusterOptions(clusters=2, features="published"))
    write_clustershot(tmp_path / "a.dat", zones)
    table = pd.read_csv(tmp_path / "a.dat", index_col=0)
    for number in range(2):
        inside = zones.labels == number + 1
        assert table[f"delta_cluster_{number}"][1] == pytest.approx(zones.maps.delta[1][inside].mean(), rel=1e-5)


def test_coordinates_are_whole_uncut_and_integers(zones, tmp_path):
    path = tmp_path / "a_coordinates.dat"
    write_coordinates(path, zones)
    assert "." not in path.read_text()
    table = pd.read_csv(path, index_col=0)
    assert (
        table.columns[:3].tolist() == ["pixel_idx", "Cys_cluster_0", "Cxs_cluster_0"]
        and len(table) == zones.pixels.max()
    )
    for number in range(3):
        places = table[[f"Cys_cluster_{number}", f"Cxs_cluster_{number}"]].dropna().to_numpy(int)
        assert len(places) == zones.pixels[number] and (zones.labels[tuple(places.T)] == number + 1).all()


def test_tables_are_tidy(zones):
    table = spectra_table(zones)
    assert len(table) == 3 * 11 and table["measured_pixels"].sum() == zones.maps.measured.sum()
    assert (table["measured_pixels"] <= table["zone_pixels"]).all()
    row = table[(table["zone"] == 2) & (table["wavelength_nm"] == 600)].iloc[0]
    assert row["delta_deg"] == zones.spectra.delta[1, 2] and row["psi_spread_deg"] == zones.spectra.psi_spread[1, 2]
    areas = zones_table(zones, pixel_size=2.0)
    assert areas["area_um2"].sum() == pytest.approx(2400 * 4 * zones.maps.row_step) and areas["share"].sum() == 1
    assert "area_um2" not in zones_table(zones)


def test_labels_tell_the_shape_of_their_pixels(zones, tmp_path):
    write_zone_labels(tmp_path / "a.tif", zones, pixel_size=0.5)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        tags = file.pages.first.tags
        np.testing.assert_array_equal(file.asarray(), zones.labels)
        across, down = (np.divide(*tags[name].value) for name in ("XResolution", "YResolution"))
    assert across == pytest.approx(2) and across / down == pytest.approx(zones.maps.row_step)


@pytest.mark.parametrize("program", ["accurion", "wvase", "completeease", "refellips"])
def test_texts_for_programs_hold_the_spectrum(program, zones, tmp_path):
    ending, write = PROGRAMS[program]
    spectrum = spectrum_of(zones, 2)
    write(tmp_path / f"a{ending}", spectrum)
    lines = (tmp_path / f"a{ending}").read_text("ascii").splitlines()
    begin = {"accurion": 2, "wvase": 4, "completeease": 4, "refellips": 1}[program]
    rows = [[float(cell) for cell in line.split("\t") if cell != "E"] for line in lines[begin:]]
    places = {"accurion": (3, 4), "wvase": (3, 2), "completeease": (3, 2), "refellips": (3, 2)}[program]
    np.testing.assert_allclose(
        [[row[place] for place in places] for row in rows], np.c_[spectrum.delta, spectrum.psi], atol=1e-5
    )
    assert [row[0] for row in rows] == spectrum.wavelengths.tolist() and {row[-1] for row in rows} != {0.0}
    assert begin < 3 or lines[begin - 1] == "nm"


def test_unmeasured_wavelengths_are_left_out_and_an_unknown_angle_is_refused():
    maps = small()
    maps.delta[1] = np.nan
    zones = cluster(maps, ClusterOptions(clusters=1))
    assert spectrum_of(zones, 1).wavelengths.tolist() == [550]
    with pytest.raises(OptionsError, match="there is no zone 0"):
        spectrum_of(zones, 0)
    with pytest.raises(MapError, match="does not tell the angle"):
        spectrum_of(cluster(small(angle=None), ClusterOptions(clusters=1)), 1)


def test_nexus_files_have_the_fields_of_their_definition(zones, tmp_path):
    PROGRAMS["nexus"][1](tmp_path / "a.nxs", spectrum_of(zones, 1))
    with h5py.File(tmp_path / "a.nxs") as file:
        data = file["entry/data_collection"]
        assert data["data_type"][()] == b"Psi/Delta" and data["wavelength_spectrum"][0] == 5500
        assert data["measured_data"].shape == (1, 2, 11) and file["entry/instrument/angle_of_incidence"][0] == 50
        np.testing.assert_allclose(data["measured_data"][0, 1], zones.spectra.delta[0])


@pytest.mark.parametrize("program", ["accurion", "wvase", "completeease", "nexus"])
def test_pyelli_reads_the_files(program, zones, tmp_path):
    elli = pytest.importorskip("elli", reason="needs pyElli")
    readers = {
        "accurion": elli.read_accurion_psi_delta,
        "wvase": elli.read_woollam_psi_delta,
        "completeease": elli.read_woollam_psi_delta,
        "nexus": elli.read_nexus_psi_delta,
    }
    ending, write = PROGRAMS[program]
    spectrum = spectrum_of(zones, 3)
    write(tmp_path / f"a{ending}", spectrum)
    table = readers[program](str(tmp_path / f"a{ending}"))
    table = table[~table.index.duplicated()].sort_index()
    np.testing.assert_allclose(table.index.get_level_values(1), spectrum.wavelengths)
    assert set(table.index.get_level_values(0)) == {50.0}
    np.testing.assert_allclose(table["Ψ"], spectrum.psi, atol=1e-5)
    np.testing.assert_allclose(np.mod(table["Δ"], 360), np.mod(spectrum.delta, 360), atol=1e-5)


@pytest.mark.parametrize("program", ["accurion", "refellips"])
def test_refellips_reads_the_files(program, zones, tmp_path):
    data = pytest.importorskip("refellips.dataSE", reason="needs refellips")
    ending, write = PROGRAMS[program]
    spectrum = spectrum_of(zones, 1)
    write(tmp_path / f"a{ending}", spectrum)
    path = str(tmp_path / f"a{ending}")
    read = data.open_EP4file(path) if program == "accurion" else data.DataSE(path)
    read = read[0] if isinstance(read, list) else read
    np.testing.assert_allclose(np.ravel(read.wavelength), spectrum.wavelengths)
    np.testing.assert_allclose(np.ravel(read.psi), spectrum.psi, atol=1e-4)
    np.testing.assert_allclose(np.mod(np.ravel(read.delta), 360), np.mod(spectrum.delta, 360), atol=1e-4)
