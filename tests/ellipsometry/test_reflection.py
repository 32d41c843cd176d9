"""Formulas that are known beforehand, and another program's solver where it is installed."""

import numpy as np
import pytest

from autoseg.ellipsometry.errors import FitError
from autoseg.ellipsometry.fitting.materials import constant, find_material
from autoseg.ellipsometry.fitting.reflection import Layer, Medium, reflect, reflection_ratio
from autoseg.ellipsometry.fitting.structure import Film, Structure
from autoseg.errors import OptionsError

WAVELENGTHS = np.linspace(550, 800, 6)


def medium(ordinary, extraordinary=None):
    along = ordinary if extraordinary is None else extraordinary
    return Medium(np.full(6, ordinary, complex), np.full(6, along, complex))


def fresnel(n0, n1, angle):
    """r_p and r_s of one interface."""
    first = np.cos(np.deg2rad(angle))
    second = np.sqrt(1 - (n0 / n1 * np.sin(np.deg2rad(angle))) ** 2 + 0j)
    parallel = (n1 * first - n0 * second) / (n1 * first + n0 * second)
    return parallel, (n0 * first - n1 * second) / (n0 * first + n1 * second)


@pytest.mark.parametrize("index", [1.5, 3.9 + 0.02j, 0.2 + 3.4j])
@pytest.mark.parametrize("angle", [5, 50, 75])
def test_one_interface_follows_fresnel(index, angle):
    parallel, across = fresnel(1, index, angle)
    np.testing.assert_allclose(reflection_ratio(WAVELENGTHS, angle, [], medium(index)), parallel / across, rtol=1e-12)


@pytest.mark.parametrize("index", [1.46, 2.1 + 0.3j])
@pytest.mark.parametrize("thickness", [0.0, 35.0, 293.5, 4000.0])
def test_one_film_follows_airy(index, thickness):
    angle, substrate = 50, 3.9 + 0.02j
    inner = np.sqrt(1 - (np.sin(np.deg2rad(angle)) / index) ** 2 + 0j)
    phase = np.exp(4j * np.pi * thickness * index * inner / WAVELENGTHS)
    top = fresnel(1, index, angle)
    first, second = inner, np.sqrt(1 - (np.sin(np.deg2rad(angle)) / substrate) ** 2)
    bottom = (
        (substrate * first - index * second) / (substrate * first + index * second),
        (index * first - substrate * second) / (index * first + substrate * second),
    )
    parallel, across = (
        (one + other * phase) / (1 + one * other * phase) for one, other in zip(top, bottom, strict=True)
    )
    found = reflection_ratio(WAVELENGTHS, angle, [Layer(medium(index), thickness)], medium(substrate))
    np.testing.assert_allclose(found, parallel / across, rtol=1e-10)


def test_delta_is_180_below_brewsters_angle_and_0_above():
    for angle, cosine in ((50, -1), (60, 1)):
        n, c, s = reflect(WAVELENGTHS, angle, [], medium(1.5))[0]
        assert np.sign(c) == cosine and abs(s) < 1e-12 and n**2 + c**2 == pytest.approx(1)


def test_an_absorbing_film_that_is_thick_hides_what_is_below():
    film = Layer(medium(2 + 3j), 1e6)
    np.testing.assert_allclose(
        reflect(WAVELENGTHS, 60, [film], medium(1.5)), reflect(WAVELENGTHS, 60, [], medium(2 + 3j)), atol=1e-12
    )


def test_a_film_cut_in_two_is_one_film():
    film = medium(2.2 + 0.1j, 1.6)
    whole = reflect(WAVELENGTHS, 50, [Layer(film, 80)], medium(3.9))
    np.testing.assert_allclose(
        reflect(WAVELENGTHS, 50, [Layer(film, 30), Layer(film, 50)], medium(3.9)), whole, atol=1e-12
    )


def test_many_thicknesses_are_as_each_alone():
    structure = Structure((Film(find_material("boron_nitride"), 10), Film(find_material("silica"), 290)))
    many = structure.reflect_many(WAVELENGTHS, 50, 1, np.array([0.0, 100.0, 290.0]))
    np.testing.assert_allclose(many[2], structure.reflect(WAVELENGTHS, 50), atol=1e-12)
    np.testing.assert_allclose(many[0], structure.changed(1, thickness=0.0).reflect(WAVELENGTHS, 50), atol=1e-12)


@pytest.mark.parametrize("angle", [20, 50, 72])
@pytest.mark.parametrize("indices", [(2.17, 1.63), (2.17, 2.17), (2.4 + 0.2j, 1.7 + 0.05j)])
def test_layers_are_as_pyelli_solves_them(angle, indices):
    elli = pytest.importorskip("elli", reason="needs pyElli")

    def dispersion(index):
        return elli.ConstantRefractiveIndex(index).get_mat()

    across, along = (elli.ConstantRefractiveIndex(index) for index in indices)
    silica, silicon = dispersion(1.46), dispersion(3.85 + 0.02j)
    film = elli.UniaxialMaterial(across, along)
    stack = elli.Structure(elli.AIR, [elli.Layer(film, 35), elli.Layer(silica, 293.5)], silicon)
    solved = stack.evaluate(WAVELENGTHS, angle)
    layers = [Layer(medium(*indices), 35), Layer(medium(1.46), 293.5)]
    found = reflection_ratio(WAVELENGTHS, angle, layers, medium(3.85 + 0.02j))
    np.testing.assert_allclose(found, solved.rho, atol=1e-8)
    n, c, s = np.moveaxis(reflect(WAVELENGTHS, angle, layers, medium(3.85 + 0.02j)), -1, 0)
    np.testing.assert_allclose(np.rad2deg(np.arctan2(np.hypot(c, s), n)) / 2, solved.psi, atol=1e-8)
    np.testing.assert_allclose(np.mod(np.rad2deg(np.arctan2(s, c)) - solved.delta + 180, 360) - 180, 0, atol=1e-7)


def test_materials_have_known_indices():
    wavelengths = np.array([587.6, 632.8])
    assert find_material("silica").at(wavelengths).ordinary.real == pytest.approx([1.45846, 1.45702], abs=1e-5)
    assert find_material("silicon").at(wavelengths).ordinary == pytest.approx(
        [3.974 + 0.030j, 3.883 + 0.020j], abs=3e-3
    )
    nitride = find_material("boron_nitride").at(wavelengths)
    assert nitride.ordinary.real == pytest.approx([2.2206, 2.2153], abs=1e-3)
    assert (nitride.extraordinary.real < 1.62).all()
    assert constant("x", 2.0).at(wavelengths).extraordinary.tolist() == [2, 2]


def test_what_is_not_known_is_refused():
    with pytest.raises(FitError, match=r"silicon are known from 206.6 to 826.6 nm only"):
        find_material("silicon").at(np.array([900.0]))
    with pytest.raises(OptionsError, match='no material "gold"'):
        find_material("gold")
