from typing import get_args

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import convex_hull_image

from autoseg.errors import OptionsError
from autoseg.simulation.particles.outlines import equivalent_diameter, from_examples
from autoseg.simulation.particles.shapes import Kind, ShapeOptions, WarpOptions, shapes, warped
from tests.simulation.particles.shapes import disc

KINDS = get_args(Kind)
UNCHANGED = WarpOptions(stretch=(1, 1), bend=0)


def drawn(count=60, seed=0, **options):
    return shapes(ShapeOptions(**options))(count, np.random.default_rng(seed))


def elongation(outline):
    """Ratio of the axes of the ellipse with the outline's second moments."""
    variances = np.linalg.eigvalsh(np.cov(np.argwhere(outline).T))
    return np.sqrt(variances[1] / variances[0])


def solidity(outline):
    """Area relative to that of the convex hull."""
    return np.count_nonzero(outline) / np.count_nonzero(convex_hull_image(outline, offset_coordinates=False))


@pytest.mark.parametrize("kind", KINDS)
def test_outlines_are_single_cropped_particles(kind):
    for outline in drawn(kinds=[kind]) + warped(shapes(ShapeOptions(kinds=[kind])))(60, np.random.default_rng(0)):
        assert outline.dtype == bool and outline.ndim == 2
        assert outline[[0, -1]].any(axis=1).all() and outline[:, [0, -1]].any(axis=0).all()
        assert ndimage.label(outline)[1] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_diameters_are_lognormal(kind):
    """400 draws know median and deviation to 2 and 4 %."""
    logarithms = np.log(
        [equivalent_diameter(outline) for outline in drawn(2000, kinds=[kind], diameter=30, spread=0.4)]
    )
    assert np.exp(np.median(logarithms)) == pytest.approx(30, rel=0.06)
    assert logarithms.std() == pytest.approx(0.4, rel=0.12)
    assert abs(((logarithms - logarithms.mean()) ** 3).mean()) < 0.3 * 0.4**3


@pytest.mark.parametrize("diameter", [6, 30, 120])
def test_without_spread_all_have_the_diameter_asked_for(diameter):
    diameters = [equivalent_diameter(outline) for outline in drawn(spread=0, diameter=diameter)]
    np.testing.assert_allclose(diameters, diameter, atol=0.9)
    assert np.mean(diameters) == pytest.approx(diameter, abs=0.15)


def test_kinds_differ_in_shape():
    shape = {
        kind: np.median([(elongation(one), solidity(one)) for one in outlines], axis=0)
        for kind in KINDS
        for outlines in [drawn(20, kinds=[kind], diameter=50, spread=0, roughness=0.3)]
    }
    assert 2.5 < shape["rod"][0] < 4 and all(shape[kind][0] < 2 for kind in KINDS if kind != "rod")
    assert shape["grain"][1] < 0.96 and all(shape[kind][1] > 0.975 for kind in ("ellipse", "polygon", "cube"))


def test_elongation_is_what_was_asked_for():
    outlines = drawn(40, kinds=["ellipse"], elongation=(2, 2), spread=0, diameter=50)
    np.testing.assert_allclose([elongation(outline) for outline in outlines], 2, rtol=0.05)


def test_the_same_rng_gives_the_same_outlines():
    for one, other in zip(drawn(seed=3), drawn(seed=3), strict=True):
        np.testing.assert_array_equal(one, other)


def test_none_may_be_asked_for():
    assert drawn(0) == []


@pytest.mark.parametrize("options", [{"kinds": []}, {"kinds": ["star"]}, {"spread": -1}, {"elongation": (2, 1)}])
def test_options_are_checked(options):
    with pytest.raises(OptionsError):
        ShapeOptions(**options)


def test_a_warp_of_nothing_changes_nothing():
    outline = disc(15)
    np.testing.assert_array_equal(warped(from_examples([outline]), UNCHANGED)(1, np.random.default_rng(0))[0], outline)


def test_stretching_keeps_the_area():
    sample = warped(from_examples([disc(20)]), UNCHANGED.changed(stretch=(2, 2)))
    for outline in sample(20, np.random.default_rng(0)):
        assert np.count_nonzero(outline) == pytest.approx(np.count_nonzero(disc(20)), rel=0.03)
        assert elongation(outline) == pytest.approx(2, rel=0.05)


def test_bending_makes_every_outline_another_one_of_about_the_same_size():
    outlines = warped(from_examples([disc(20)]), UNCHANGED.changed(bend=0.04))(20, np.random.default_rng(0))
    assert len({outline.tobytes() for outline in outlines}) == 20
    areas = np.array([np.count_nonzero(outline) for outline in outlines]) / np.count_nonzero(disc(20))
    assert abs(areas.mean() - 1) < 0.1 and areas.min() > 0.5 and areas.max() < 1.6


def test_an_outline_of_one_pixel_survives():
    outlines = warped(from_examples([np.ones((1, 1), bool)]))(20, np.random.default_rng(0))
    assert all(outline.any() for outline in outlines)
