from dataclasses import replace

import numpy as np
import pytest

from autoseg.errors import ImageError, OptionsError
from autoseg.simulation.backgrounds import BackgroundOptions, backgrounds, find_free_area
from autoseg.simulation.particles.growth import GrowthOptions, simulate_grown
from autoseg.simulation.particles.rendering import RenderingOptions, render
from autoseg.simulation.particles.shapes import ShapeOptions, shapes

ALWAYS = BackgroundOptions(procedural=0)
GROUND, PARTICLES = 60.0, 180.0


def scene(seed=0, shape=(300, 400), particles=(10, 20), diameter=24):
    """Particles, some in clusters. Of each, at least 10 pixels are seen: fewer could be noise."""
    options = GrowthOptions(size=shape, particles=particles, cluster=(2, 6))
    outlines = shapes(ShapeOptions(diameter=diameter, kinds=["ellipse", "polygon"], spread=0.2))
    simulated = simulate_grown(outlines, options, np.random.default_rng(seed))
    specks = np.bincount(simulated.labels.ravel()) < 10
    return replace(simulated, labels=np.where(specks[simulated.labels], 0, simulated.labels))


def noisy(labels, ground=GROUND, particles=PARTICLES, noise=6, seed=0):
    grey = np.where(labels > 0, particles, ground) + noise * np.random.default_rng(seed).standard_normal(labels.shape)
    return grey.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("polarity", "grey"), [("bright", (60, 180)), ("bright", (60, 100)), ("dark", (180, 60))])
def test_no_pixel_of_a_particle_is_free(polarity, grey, seed):
    labels = scene(seed).labels
    free = find_free_area(noisy(labels, *grey), BackgroundOptions(polarity=polarity))
    assert not (free & (labels > 0)).any()
    assert free.mean() > 0.3


@pytest.mark.parametrize("seed", range(5))
def test_rendered_particles_are_not_free(seed):
    simulated = scene(seed, particles=(12, 20))
    image = render(simulated, RenderingOptions(contrast=(0.4, 0.6), ground=(0.05, 0.2)), np.random.default_rng(seed))
    free = find_free_area(image)
    assert np.count_nonzero(free & (simulated.labels > 0)) < 0.01 * np.count_nonzero(simulated.labels)
    assert free.mean() > 0.2


def test_a_particle_of_which_the_rim_shows_a_sliver_is_one():
    labels = np.zeros((100, 120), int)
    labels[40:44, :2] = 1
    assert not find_free_area(noisy(labels))[40:44, :8].any()


def test_thin_texture_is_free_but_a_dim_particle_is_not():
    labels = np.zeros((200, 200), int)
    labels[50:90, 50:90] = 1
    image = noisy(labels, noise=2).astype(float)
    image[150, 20:180] += 60
    image[120:140, 120:140] += 15
    free = find_free_area(image)
    assert free[150, 20:110].all() and not free[120:140, 120:140].any()


def test_the_margin_is_kept():
    labels = np.zeros((200, 200), int)
    labels[80:120, 80:120] = 1
    free = find_free_area(noisy(labels), BackgroundOptions(margin=15))
    assert not free[68:132, 80:120].any() and free[:50].all()


@pytest.mark.parametrize("noise", [0, 10])
def test_an_image_without_particles_is_free(noise):
    assert find_free_area(noisy(np.zeros((200, 300)), noise=noise)).mean() > 0.99


@pytest.mark.parametrize("polarity", ["bright", "dark"])
@pytest.mark.parametrize("seed", range(3))
def test_backgrounds_show_no_particle(polarity, seed):
    """Also where no window of this size is free: then pixels of other places take the particles' place."""
    grey = (60, 180) if polarity == "bright" else (180, 60)
    micrographs = [noisy(scene(seed + part, particles=(20, 60)).labels, *grey) for part in range(3)]
    sample = backgrounds(micrographs, ALWAYS.changed(polarity=polarity))
    rng = np.random.default_rng(seed)
    for _ in range(5):
        background = sample(rng, (256, 256))
        assert background.shape == (256, 256) and background.dtype == np.float32
        assert background.min() >= 0 and background.max() <= 1
        # The scale is that of the micrographs, in which particles lie 120 grey values off the ground.
        assert np.abs(background - np.median(background)).max() < 0.4


def test_backgrounds_are_random_and_follow_from_the_rng():
    sample = backgrounds([noisy(scene().labels)], ALWAYS)
    first, again, other = (sample(np.random.default_rng(seed), (64, 64)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_noise_and_slope_of_the_ground_stay():
    slope = np.linspace(0, 40, 300)
    labels = scene().labels
    grey = np.where(labels > 0, 200, 60 + slope[:, None]) + np.random.default_rng(0).normal(0, 4, labels.shape)
    background = backgrounds([grey], ALWAYS)(np.random.default_rng(0), (300, 400))
    rows = background.mean(axis=1)
    scale = np.ptp(np.percentile(grey, (0.1, 99.9)))
    assert 20 < abs(rows[-20:].mean() - rows[:20].mean()) * scale < 45  # 37, but for the gaps
    differences = np.abs(np.diff(background, axis=1))
    assert np.median(differences) * scale / np.sqrt(2) == pytest.approx(0.6745 * 4, rel=0.15)


def test_a_background_may_be_larger_than_the_micrograph():
    background = backgrounds([noisy(np.zeros((50, 60)))], ALWAYS)(np.random.default_rng(0), (128, 200))
    assert background.shape == (128, 200) and np.isfinite(background).all()


def test_some_draws_are_left_to_procedures():
    sample = backgrounds([noisy(np.zeros((50, 60)))], BackgroundOptions(procedural=0.3))
    rng = np.random.default_rng(0)
    assert 15 < sum(sample(rng, (16, 16)) is None for _ in range(100)) < 45


@pytest.mark.parametrize("micrographs", [[], [noisy(np.indices((120, 120)).sum(0) % 40 < 28)]])
def test_without_free_area_all_are_left_to_procedures(micrographs):
    assert backgrounds(micrographs, ALWAYS)(np.random.default_rng(0), (16, 16)) is None


def test_noise_of_blank_micrographs_does_not_fill_the_range():
    background = backgrounds([noisy(np.zeros((90, 90)))], ALWAYS)(np.random.default_rng(0), (64, 64))
    assert 0.05 < background.std() < 0.1


def test_depth_does_not_matter():
    image = noisy(scene().labels)
    one, other = (
        backgrounds([it], ALWAYS)(np.random.default_rng(0), (64, 64)) for it in (image, image.astype(np.uint16) * 200)
    )
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_what_is_no_grey_image_is_refused():
    with pytest.raises(ImageError, match="grey images"):
        backgrounds([np.zeros((10, 10, 3))])
    with pytest.raises(OptionsError):
        BackgroundOptions(polarity="both")
