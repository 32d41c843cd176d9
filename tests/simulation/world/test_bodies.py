"""Single particles have the size, the height and the insides that geometry says."""

import numpy as np
import pytest
from scipy.ndimage import label

from autoseg.simulation.world.body import filled_with, roughened
from autoseg.simulation.world.options import TextureWeights
from autoseg.simulation.world.population import MAKERS
from autoseg.simulation.world.solids import crystal, rod, sphere
from autoseg.simulation.world.textures import draw_surface


def test_a_sphere_is_as_high_as_its_radius_and_twice_as_thick():
    ball = sphere(60, 0, np.random.default_rng(0))
    assert ball.radius == pytest.approx(30, abs=0.5)
    assert ball.top.max() == pytest.approx(30, rel=0.05)
    assert ball.path.sum() == pytest.approx(4 / 3 * np.pi * 30**3, rel=0.05)


def test_a_void_takes_its_volume_out_and_the_silhouette_stays():
    ball = sphere(60, 0, np.random.default_rng(0))
    hollow = filled_with(ball, 0.5, -1)
    assert hollow.path.sum() == pytest.approx(ball.path.sum() * (1 - 0.5**3), rel=0.02)
    assert (hollow.shape == ball.shape).all()
    assert hollow.path[30, 30] < hollow.path[30, 48]


def test_faces_of_a_crystal_are_flat():
    shares = []
    for seed in range(10):
        body = crystal(80, 0, np.random.default_rng(seed))
        slopes = np.hypot(*np.gradient(np.gradient(body.top)[0]))
        shares.append(np.mean(slopes[body.shape] < 0.01))
    ball = sphere(80, 0, np.random.default_rng(0))
    curved = np.mean(np.hypot(*np.gradient(np.gradient(ball.top)[0]))[ball.shape] < 0.01)
    assert np.median(shares) > 0.3 > 3 * curved  # curvature is at the edges alone, which are rounded a little


def test_rods_turn_with_their_direction():
    lying, standing = (rod(40, angle, np.random.default_rng(1)).shape.shape for angle in (0, np.pi / 2))
    assert lying[1] > 1.5 * lying[0]
    assert standing == pytest.approx(lying[::-1], abs=1)


@pytest.mark.parametrize("form", MAKERS)
@pytest.mark.parametrize("diameter", [6.0, 40.0, 400.0])
def test_each_form_is_one_piece_of_about_the_size(form, diameter):
    for seed in range(3):
        body = MAKERS[form](diameter, 0.3, np.random.default_rng(seed))
        assert label(body.shape)[1] == 1
        assert body.shape.shape == body.top.shape == body.path.shape
        assert np.isfinite(body.top).all() and (body.path[body.shape] >= 0).all() and not body.path[~body.shape].any()
        assert 0.4 * diameter < 2 * body.radius < 1.6 * diameter


def test_a_ragged_rim_loses_no_more_than_it_may():
    ball = sphere(60, 0, np.random.default_rng(0))
    ragged = roughened(ball, 3, 3, np.random.default_rng(1))
    assert 27 - 1.5 < ragged.radius < ball.radius


@pytest.mark.parametrize("kind", TextureWeights.model_fields)
def test_textures_vary_by_one(kind):
    texture = draw_surface(kind, 96, 5, np.random.default_rng(0))
    assert abs(texture.mean()) < 0.1 and 0.6 < texture.std() < 1.05
