import numpy as np
import pytest

from autoseg.stm.lattice import NETWORK_SPACING, LatticeOptions, Rows, check_scale, find_rows, resample
from autoseg.stm.levelling import level
from tests.stm.surfaces import hexagonal, rows, smooth


def difference(angle, other):
    return abs((angle - other + 90) % 180 - 90)


@pytest.mark.parametrize("angle", [-45, 0, 30, 90])
@pytest.mark.parametrize("spacing", [7.1, 25.3])
def test_spacing_and_direction(spacing, angle):
    surface = rows(spacing, angle, np.random.default_rng(1), noise=0.1)
    found = find_rows(surface.heights)
    assert found.spacing == pytest.approx(spacing, rel=1e-3)
    assert difference(found.angle, angle) < 0.1


@pytest.mark.parametrize("angle", [-0.3, -0.1, 0.05, 0.2, 89.8, 90.1])
def test_directions_close_to_the_axes_are_not_rounded_to_them(angle):
    surface = rows(25.3, angle, np.random.default_rng(1), noise=0.1)
    assert difference(find_rows(surface.heights).angle, surface.angle) < 0.02


@pytest.mark.parametrize("axis", [0, 1])
def test_the_finest_rows_that_can_be_asked_for(axis):
    fine = np.cos(2 * np.pi * np.mgrid[:200, :200][axis] / 2.55)
    assert find_rows(fine, LatticeOptions(shortest_spacing=2.5)).spacing == pytest.approx(2.55, rel=1e-3)


def test_95_percent_of_disturbed_rows_are_within_three_thousandths():
    errors, directions = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        surface = rows(
            rng.uniform(8, 20),
            rng.uniform(-70, 70),
            rng,
            shape=(300, 280),
            drift=tuple(rng.uniform(-0.06, 0.06, 2)),
            noise=rng.uniform(0, 0.6),
            steps=int(rng.integers(0, 5)),
            turned=float(rng.choice([0, 0.5])),
            wobble=rng.uniform(0, 0.4),
        )
        found = find_rows(level(surface.heights).heights)
        main = difference(found.angle, surface.angle) < 45
        truth = surface.spacing if main else surface.other_spacing
        errors.append(abs(found.spacing / truth - 1))
        directions.append(difference(found.angle, surface.angle + (0 if main else 90 + surface.shear)))
    assert np.mean(np.array(errors) < 0.003) >= 0.95
    assert np.median(errors) < 3e-4
    assert np.median(directions) < 0.05


@pytest.mark.parametrize("drift", [(0.05, 0.0), (-0.04, 0.02), (0.0, 0.0)])
def test_shear_is_that_of_the_drift(drift):
    surface = rows(17, 35, np.random.default_rng(2), drift=drift, noise=0.1)
    assert find_rows(surface.heights).shear == pytest.approx(surface.shear, abs=0.1)


def test_rows_with_a_stronger_second_harmonic_are_not_counted_twice():
    down, across = np.mgrid[:400, :400]
    steep, other = (np.cos(2 * np.pi * place / 16.6) for place in (across, down))
    harmonic = 1.2 * np.cos(2 * np.pi * across / 8.3)
    found = find_rows(np.where(down < 250, steep + harmonic, 0.7 * other))
    assert found.spacing == pytest.approx(16.6, rel=2e-3)


def test_rows_without_dimers_have_no_shear():
    across = np.mgrid[:300, :300][1]
    found = find_rows(np.cos(2 * np.pi * across / 15.5))
    assert found.spacing == pytest.approx(15.5, rel=1e-3)
    assert found.shear is None


@pytest.mark.parametrize("angle", [0, 20, 41])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_a_hexagonal_lattice_has_no_rows(angle, noise):
    surface = hexagonal(19.0, angle) + np.random.default_rng(3).normal(0, noise, (256, 256))
    assert find_rows(surface) is None


def test_no_rows_where_there_is_no_lattice():
    rng = np.random.default_rng(5)
    steps = np.cumsum(rng.random(300) < 0.02) + np.zeros((300, 1))
    for surface in (np.zeros((300, 300)), rng.normal(size=(300, 300)), smooth((300, 300), 5, rng), steps):
        assert find_rows(surface) is None


def test_too_few_rows_are_no_rows():
    surface = rows(40, 20, np.random.default_rng(6), shape=(200, 200)).heights
    assert find_rows(surface) is None
    assert find_rows(surface, LatticeOptions(fewest_rows=4)).spacing == pytest.approx(40, rel=0.03)


def test_resampled_rows_have_the_spacing_of_the_network():
    surface = rows(11.3, 25, np.random.default_rng(7), noise=0.1).heights
    resampled = resample(surface, find_rows(surface))
    assert find_rows(resampled).spacing == pytest.approx(NETWORK_SPACING, rel=3e-3)
    assert resampled.shape == pytest.approx((400 * 18 / 11.3,) * 2, abs=1)


@pytest.mark.parametrize(("material", "size"), [("Si", 0.048), ("Ge", 0.05)])
def test_the_lattice_is_a_ruler(material, size):
    options, found = LatticeOptions(material=material), Rows(16.0, 0.0, None, 1e3)
    check = check_scale(found, 1.04 * size, options)
    assert (check.by_lattice, check.differs) == (pytest.approx(size), False)
    assert check_scale(found, 1.06 * size, options).differs
    assert check_scale(found, size / 1.07, options).differs
    assert check_scale(found, None, options).note.endswith("the file tells none.")
    assert "may be no 2x1 rows" in check_scale(found, 2 * size, options).note


def test_without_rows_there_is_no_ruler():
    check = check_scale(None, 0.078)
    assert (check.by_lattice, check.by_file, check.differs) == (None, 0.078, False)
    assert check.note == "No 2x1 rows were found."
