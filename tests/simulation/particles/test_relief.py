from dataclasses import replace

import numpy as np
import pytest

from autoseg.simulation.particles.masks import MaskOptions, paint
from autoseg.simulation.particles.placement import Particle
from autoseg.simulation.particles.relief import build_relief
from tests.simulation.particles.shapes import disc

RADIUS = 20


def relief_of(*columns, radius=RADIUS):
    """Of discs in one row, later ones on top."""
    particles = [Particle(disc(radius), 30, column - radius) for column in columns]
    simulated = paint(particles, MaskOptions(size=(100, 160), max_overlap=0.9))
    return build_relief(simulated), simulated.labels


def test_a_disc_is_half_an_ellipsoid():
    relief, labels = relief_of(60)
    rows, columns = np.indices(labels.shape)
    distance = np.hypot(rows - 50, columns - 60)
    inside = labels > 0
    assert relief.radii[1] == pytest.approx(RADIUS, abs=0.8)
    np.testing.assert_allclose(relief.depth[inside], (RADIUS + 0.25 - distance)[inside], atol=1.2)
    sphere = np.sqrt(np.maximum(1 - (distance / RADIUS) ** 2, 0))
    assert np.abs(relief.dome - sphere)[distance < 0.9 * RADIUS].max() < 0.1
    assert not relief.dome[~inside].any() and not relief.thickness[~inside].any()
    assert relief.levels.tolist() == [0, 0] and relief.centres[1].tolist() == [50, 60]


def test_a_covered_particle_goes_on_below_the_upper_one():
    """Where it is covered its surface has no rim, and its thickness adds to that of the upper one."""
    relief, labels = relief_of(50, 75)
    alone, _ = relief_of(50)
    seen = labels == 1
    assert np.abs(relief.depth - alone.depth)[seen].mean() < 1
    assert relief.depth[50, 54] > 8  # next to the upper one, which begins at column 55
    assert relief.thickness[50, 60] > 1.4 * relief.thickness[50, 90]
    assert relief.thickness[50, 40] == pytest.approx(alone.thickness[50, 40], rel=0.15)


def test_levels_rise_with_what_lies_below():
    relief, _ = relief_of(50, 70, 90)
    assert relief.levels[0] == relief.levels[1] == 0
    assert 0.5 < relief.levels[2] < relief.levels[3] <= 2


def test_particles_that_touch_lie_on_the_ground():
    relief, _ = relief_of(40, 81)
    assert relief.levels.tolist() == [0, 0, 0]


def test_elevation_steps_up_to_the_upper_particle():
    relief, labels = relief_of(50, 75)
    elevation = relief.elevation(labels)
    assert elevation[labels == 0].max() == 0
    assert elevation[50, 57] > elevation[50, 53] > 0
    assert elevation[50, 75] > 1.3 * elevation[50, 50 - RADIUS // 2]


def test_the_rim_of_the_image_is_not_the_particles():
    relief, _ = relief_of(0)
    assert relief.depth[50, 0] == pytest.approx(RADIUS, abs=0.8)


def test_without_particles_there_is_nothing():
    relief, labels = relief_of()
    assert not relief.elevation(labels).any() and relief.typical_radius == 1


def test_a_label_that_was_taken_out_does_not_matter():
    simulated = paint([Particle(disc(RADIUS), 30, 20), Particle(disc(RADIUS), 30, 80)], MaskOptions(size=(100, 160)))
    without = build_relief(replace(simulated, labels=np.where(simulated.labels == 1, 0, simulated.labels)))
    assert not without.depth[:, :70].any() and without.radii[1] == 0 < without.radii[2]
