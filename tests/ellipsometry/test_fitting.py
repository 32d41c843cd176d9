"""Thicknesses that are known are found again."""

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from autoseg.ellipsometry.errors import FitError
from autoseg.ellipsometry.features import from_ncs, to_ncs
from autoseg.ellipsometry.fitting.fit import FitOptions, fit_zones
from autoseg.ellipsometry.fitting.materials import constant, find_material
from autoseg.ellipsometry.fitting.structure import Film, Structure
from autoseg.ellipsometry.fitting.thickness_map import map_thickness
from autoseg.ellipsometry.layers import LayerOptions, find_layers
from autoseg.ellipsometry.spectra import Spectra
from autoseg.ellipsometry.zones import ClusterOptions, cluster
from autoseg.errors import OptionsError
from tests.ellipsometry.folders import made_up

WAVELENGTHS = np.linspace(550, 800, 11)
OXIDE = Film(find_material("silica"), 293.5)


def spectra_of(*structures, angle=50.0):
    delta, psi = from_ncs(*np.moveaxis(np.stack([one.reflect(WAVELENGTHS, angle) for one in structures]), -1, 0))
    spread = np.full(delta.shape, 0.1)
    return Spectra(WAVELENGTHS, angle, delta, psi, spread, spread, np.full(delta.shape, 100))


def flakes(thicknesses, material):
    return [Structure((Film(material, thickness), OXIDE)) for thickness in thicknesses]


@pytest.mark.parametrize("thickness", [0.5, 100.0, 293.5, 400.0])
def test_the_thickness_of_an_oxide_is_found(thickness):
    truth = Structure((dataclasses.replace(OXIDE, thickness=thickness),))
    fit = fit_zones(spectra_of(truth), [1], Structure((dataclasses.replace(OXIDE, thickness=0.0),)))
    assert fit.thicknesses[0] == pytest.approx(thickness, abs=1e-4) and fit.rms[0] < 1e-7
    assert fit.structures[0].films[0].thickness == fit.thicknesses[0]


@pytest.mark.parametrize(("thickness", "thickest", "best"), [(210.0, 200, 46.4), (130.0, 60, 0.0), (130.0, 100, 100.0)])
def test_what_lies_beyond_the_thickest_does_not_hide_what_fits_best_within(thickness, thickest, best):
    truth = flakes((thickness,), find_material("boron_nitride"))
    fit = fit_zones(spectra_of(*truth), [1], truth[0], options=FitOptions(thickest=thickest))
    assert fit.thicknesses[0] == pytest.approx(best, abs=0.1) and 0 <= fit.thicknesses[0] <= thickest


def test_flakes_of_several_thicknesses_share_their_indices():
    truth = flakes((6.0, 35.5, 77.0), constant("crystal", 2.17, 1.63))
    known = Structure((Film(find_material("boron_nitride"), 0.0), OXIDE))
    options = FitOptions(thickest=150, fit_indices=True)
    fit = fit_zones(spectra_of(*truth), [1, 2, 3], known, options=options)
    assert fit.thicknesses == pytest.approx([6.0, 35.5, 77.0], abs=1e-3)
    assert fit.indices == pytest.approx((2.17, 1.63), abs=1e-4) and fit.rms.max() < 1e-6
    isotropic = fit_zones(spectra_of(*truth), [2, 3], known, options=options.changed(uniaxial=False))
    assert isotropic.indices[0] == isotropic.indices[1] and isotropic.rms.max() > 1e-3


def test_the_angle_is_found():
    truth = Structure((OXIDE,))
    spectra = dataclasses.replace(spectra_of(truth, angle=50.3), angle=50.0)
    fit = fit_zones(spectra, [1], truth, options=FitOptions(fit_angle=True))
    assert fit.angle == pytest.approx(50.3, abs=1e-5) and fit.thicknesses[0] == pytest.approx(293.5, abs=1e-3)


def test_the_error_of_a_thickness_is_its_scatter_over_many_measurements():
    rng, truth = np.random.default_rng(0), Structure((OXIDE,))
    found = []
    for _ in range(60):
        delta, psi = from_ncs(*np.moveaxis(truth.reflect(WAVELENGTHS, 50) + rng.normal(0, 0.003, (1, 11, 3)), -1, 0))
        spread = np.full((1, 11), 0.1)
        spectra = Spectra(WAVELENGTHS, 50.0, delta, psi, spread, spread, np.full((1, 11), 9))
        fit = fit_zones(spectra, [1], truth, options=FitOptions(thinnest=250, thickest=350))
        found.append((fit.thicknesses[0], fit.errors[0]))
    thicknesses, errors = np.transpose(found)
    assert thicknesses.std() == pytest.approx(errors.mean(), rel=0.5)
    assert abs(thicknesses.mean() - 293.5) < 3 * errors.mean() / np.sqrt(60)


def test_wavelengths_at_which_a_remnant_was_measured_do_not_count():
    truth = flakes((35.5,), find_material("boron_nitride"))
    spectra = spectra_of(*truth)
    delta, count = spectra.delta.copy(), spectra.count.copy()
    delta[0, :3] += 40
    count[0, :3] = 30
    remnant = dataclasses.replace(spectra, delta=delta, count=count)
    fit = fit_zones(remnant, [1], truth[0], options=FitOptions(thickest=150))
    assert fit.thicknesses[0] == pytest.approx(35.5, abs=1e-4) and np.isnan(fit.residuals[0, :3]).all()
    biased = fit_zones(remnant, [1], truth[0], options=FitOptions(thickest=150, least_measured=0.1))
    assert abs(biased.thicknesses[0] - 35.5) > 0.1


def test_what_cannot_be_fitted_is_said():
    truth = Structure((OXIDE,))
    spectra = spectra_of(truth)
    with pytest.raises(OptionsError, match="there is no zone 2"):
        fit_zones(spectra, [2], truth)
    with pytest.raises(OptionsError, match="there is no film 1"):
        fit_zones(spectra, [1], truth, film=1)
    with pytest.raises(FitError, match="angle of incidence is not known"):
        fit_zones(dataclasses.replace(spectra, angle=None), [1], truth)
    with pytest.raises(FitError, match="measured at no wavelength"):
        fit_zones(dataclasses.replace(spectra, delta=np.full((1, 11), np.nan)), [1], truth)
    with pytest.raises(OptionsError, match="is not above the smallest"):
        FitOptions(thinnest=5, thickest=4)


def test_each_pixel_has_its_thickness_though_values_are_missing():
    made = made_up(noise=0.002)
    maps = dataclasses.replace(made.maps, delta=made.maps.delta.copy())
    maps.delta[:, 0, 0] = np.nan
    found = map_thickness(maps, made.structures[1], 0, thickest=120)
    assert np.isnan(found.thickness[0, 0]) and np.isnan(found.rms[0, 0])
    error = found.thickness - made.thickness
    for thickness in (35.0, 77.0):
        flake = error[made.thickness == thickness]
        assert abs(np.median(flake)) < 0.2 and np.percentile(np.abs(flake), 95) < 2
    assert np.nanmedian(found.rms) == pytest.approx(0.002, rel=0.3)
    with pytest.raises(FitError, match="at least 3 rising thicknesses"):
        map_thickness(maps, made.structures[1], thinnest=5, thickest=4)
    with pytest.raises(OptionsError, match="there is no film 2"):
        map_thickness(maps, made.structures[1], film=2)


def test_rims_that_mix_thicknesses_do_not_spoil_the_indices():
    made = made_up(noise=0.001, rows=60, columns=120, unmeasured=0.0)
    ncs = np.stack(to_ncs(made.maps.delta, made.maps.psi))
    blurred = from_ncs(*gaussian_filter(ncs, (0, 0, 1.0, 1.5)))
    maps = dataclasses.replace(made.maps, delta=np.mod(blurred[0], 360), psi=blurred[1])
    zones = dataclasses.replace(cluster(maps, ClusterOptions(clusters=1)), labels=made.labels.astype(np.int32) + 1)
    sharp, mixed = (
        find_layers(zones, LayerOptions(film="boron_nitride", thickest=120, fit_indices=True, core=core))
        for core in (4, 0)
    )
    assert sharp.flakes.rms.max() < 0.5 * mixed.flakes.rms.max()
    assert dict(sharp.sources())["boron nitride"] == "fitted" and dict(sharp.sources())["silicon"].startswith("D. E.")
    assert sharp.indices[0] == pytest.approx(2.215, abs=0.02) and sharp.flakes.thicknesses == pytest.approx(
        [6, 35, 77], abs=0.7
    )


def test_oxide_flakes_and_map_come_from_one_call():
    made = made_up(noise=0.001, rows=60, columns=90)
    zones = cluster(made.maps, ClusterOptions(features="faint"))
    layers = find_layers(zones, LayerOptions(film="boron_nitride", thickest=120))
    rows = {row["zone"]: row for row in layers.rows()}
    assert rows[layers.bare_zone]["thickness"] == pytest.approx(290, abs=0.1)
    assert sorted(row["thickness"] for row in rows.values())[:3] == pytest.approx([6, 35, 77], abs=0.3)
    assert {name for name, _ in layers.sources()} == {"silica", "silicon", "boron nitride"}
    assert all(row["core"] for row in rows.values()) and layers.rim_zones == ()
    wide = find_layers(zones, LayerOptions(film="boron_nitride", thickest=120, core=30))
    assert len(wide.rim_zones) == 3 and wide.flakes is None
    assert sorted(wide.rims.thicknesses) == pytest.approx([6, 35, 77], abs=0.5)
    one = cluster(made.maps, ClusterOptions(clusters=1))
    assert find_layers(one, LayerOptions(film="boron_nitride", bare_zone=1)).flakes is None
    assert layers.warnings() == []
    shallow = find_layers(zones, LayerOptions(film="boron_nitride", thickest=60))
    thickest = [row["zone"] for row in layers.rows() if row["thickness"] == max(layers.flakes.thicknesses)]
    assert [warning for warning in shallow.warnings() if "is the largest that was tried, 60 nm" in warning] == [
        f"The thickness in zone {thickest[0]} is the largest that was tried, 60 nm: "
        "it may be larger, or the layers may be others."
    ]
    with pytest.raises(FitError, match="no material"):
        find_layers(one, LayerOptions())
