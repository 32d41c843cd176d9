import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.errors import ImageError, OptionsError
from autoseg.simulation.particles.growth import GrowthOptions, simulate_grown
from autoseg.simulation.particles.masks import MaskOptions, SimulatedMask, paint
from autoseg.simulation.particles.placement import Particle
from autoseg.simulation.particles.rendering import RenderingOptions, render
from autoseg.simulation.particles.shapes import shapes
from tests.simulation.particles.shapes import disc

SMALL = GrowthOptions(size=(120, 160), particles=(20, 40))
CLEAN = RenderingOptions(
    thickness_contrast=0,
    spread=(0, 0),
    shadow=(0, 0),
    substrate=(0, 0),
    drift=(0, 0),
    vibration=(0, 0),
    gradient=0,
    charging=(0, 0),
    scan_lines=(0, 0),
    noise=(0, 0.01),
    shot_noise=(0, 0.01),
)
"Nothing that disturbs, but all that particles show."


def scene(seed=0, **options):
    return simulate_grown(shapes(), SMALL.changed(**options), np.random.default_rng(seed))


def painted(*particles, size=(100, 140)):
    return paint(particles, MaskOptions(size=size))


def rendered(simulated, seed=0, background=None, **options):
    return render(simulated, RenderingOptions(**options), np.random.default_rng(seed), background)


def overlap(one, other):
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


ONE = painted(Particle(disc(20), 30, 50))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    polarity=st.sampled_from(["bright", "dark", "either"]),
    on_background=st.booleans(),
    particles=st.sampled_from([(1, 1), (5, 60)]),
)
def test_any_scene_is_an_image_in_0_to_1(seed, polarity, on_background, particles):
    simulated = scene(seed, size=(64, 90), particles=particles)
    background = np.random.default_rng(seed).random((64, 90), np.float32) if on_background else None
    image = rendered(simulated, seed, background, polarity=polarity)
    assert image.shape == (64, 90) and image.dtype == np.float32
    assert np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("polarity", "sign"), [("bright", 1), ("dark", -1)])
def test_polarity(polarity, sign, seed):
    simulated = scene(seed)
    image = rendered(simulated, seed, polarity=polarity)
    difference = image[simulated.labels > 0].mean() - image[simulated.labels == 0].mean()
    assert sign * difference > 0.02


def test_both_polarities_are_drawn():
    differences = [
        image[ONE.labels > 0].mean() - image[ONE.labels == 0].mean()
        for image in (rendered(ONE, seed, polarity="either") for seed in range(20))
    ]
    assert min(differences) < 0 < max(differences)


def test_on_a_background_both_polarities_leave_the_room_there_is():
    for grey, sign in ((0.0, 1), (1.0, -1)):
        background = np.full(ONE.labels.shape, grey, np.float32)
        image = rendered(ONE, 3, background, polarity="either")
        assert sign * (image[ONE.labels > 0].mean() - grey) > 0.02


def test_the_same_rng_gives_the_same_image_and_another_one_another():
    simulated = scene()
    np.testing.assert_array_equal(rendered(simulated, 5), rendered(simulated, 5))
    assert np.abs(rendered(simulated, 5) - rendered(simulated, 6)).max() > 0.05


def test_the_mask_stays_as_it_is():
    simulated = scene()
    before = simulated.labels.copy(), simulated.mask.copy()
    rendered(simulated)
    np.testing.assert_array_equal(simulated.labels, before[0])
    np.testing.assert_array_equal(simulated.mask, before[1])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("polarity", ["bright", "dark"])
def test_edges_lie_where_the_labels_end(polarity, seed):
    """Half way between the grey values of ground and the particles' faintest parts, it thresholds to the mask."""
    simulated = painted(Particle(disc(20), 5, 10), Particle(disc(14), 60, 90), Particle(disc(9), 20, 100))
    image = render(simulated, CLEAN.changed(polarity=polarity, rim=(0, 0.2)), np.random.default_rng(seed))
    inside = simulated.labels > 0
    image = image if polarity == "bright" else 1 - image
    ground = np.median(image[~inside])
    faint = np.quantile(image[inside], 0.3)
    assert overlap(image > (ground + faint) / 2, inside) > 0.9


def test_the_steepest_gradient_lies_on_the_rim():
    image = render(ONE, CLEAN.changed(blur=(0.5, 0.5), contrast=(0.6, 0.6)), np.random.default_rng(0))
    profile = image[50]  # through the centre, the disc reaches from column 50 to 90
    steps = np.diff(profile)
    assert abs(int(steps.argmax()) - 49) <= 1 and abs(int(steps.argmin()) - 90) <= 1


def test_a_rim_is_brighter_than_the_middle():
    options = CLEAN.changed(
        rim=(1, 1), rim_width=(0.2, 0.2), blur=(0.5, 0.5), lighting=(0, 0), facets=(0, 0), contrast=(0.4, 0.4)
    )
    image = render(ONE, options, np.random.default_rng(0))
    assert image[50, 51:53].mean() > 1.2 * image[45:56, 65:76].mean()


def test_particles_touch_along_a_thin_dark_line_in_the_lower_one():
    touching = painted(Particle(disc(20), 30, 20), Particle(disc(20), 30, 55))
    options = CLEAN.changed(rim=(0, 0), shadow=(0, 0), lighting=(0, 0), facets=(0, 0), blur=(0.5, 0.5))
    without, creased = (
        render(touching, options.changed(crease=(crease, crease)), np.random.default_rng(0))[50] for crease in (0, 1)
    )
    edge = int(np.flatnonzero(touching.labels[50] == 2)[0])
    darker = np.flatnonzero(creased < 0.95 * without)
    assert edge - 1 in darker and np.abs(darker - (edge - 1)).max() <= 2


def test_a_gap_between_particles_is_dark():
    touching = painted(Particle(disc(20), 30, 20), Particle(disc(20), 30, 61))
    options = CLEAN.changed(rim=(0, 0), lighting=(0, 0), facets=(0, 0), blur=(0.5, 0.5), contrast=(0.6, 0.6))
    without, shadowed = (
        np.mean(
            [render(touching, options.changed(shadow=(amount, amount)), np.random.default_rng(i)) for i in range(4)], 0
        )
        for amount in (0, 0.9)
    )
    ratio = shadowed / without
    assert ratio[50, 59:62].max() < 0.8 and ratio[45:56, 35:46].mean() > 0.95
    assert 0.3 < ratio[30:35, 59:62].mean() < 0.8  # on the ground between them
    assert ratio[:10, 120:].min() > 0.8  # noise is all that differs


def test_upper_particles_are_brighter():
    stacked = painted(Particle(disc(20), 30, 20), Particle(disc(20), 30, 45))
    options = CLEAN.changed(height_brightness=(0.5, 0.5), contrast=(0.4, 0.4), rim=(0, 0), facets=(0, 0))
    image = render(stacked, options, np.random.default_rng(0))
    assert image[stacked.labels == 2].mean() > 1.1 * image[stacked.labels == 1].mean()


def test_where_particles_overlap_transmission_is_lowest():
    stacked = painted(Particle(disc(20), 30, 20), Particle(disc(20), 30, 44))
    options = CLEAN.changed(polarity="dark", opacity=(1, 1), fringe=(0, 0), texture=(0, 0), facets=(0, 0))
    image = render(stacked, options, np.random.default_rng(0))
    assert image[45:56, 46:51].mean() < 0.8 * image[45:56, 78:83].mean()


class TestBackground:
    background = (0.2 + 0.02 * np.random.default_rng(1).standard_normal((100, 140))).astype(np.float32)

    def test_far_from_particles_it_stays(self):
        simulated = painted(Particle(disc(5), 5, 5))
        image = rendered(simulated, background=self.background)
        np.testing.assert_array_equal(image[40:, 40:], self.background[40:, 40:])
        assert np.abs(image - self.background)[5:16, 5:16].max() > 0.05

    def test_without_particles_it_stays(self):
        np.testing.assert_array_equal(rendered(painted(), background=self.background), self.background)

    def test_particles_have_its_noise(self):
        options = CLEAN.changed(texture=(0, 0), facets=(0, 0), lighting=(0, 0), rim=(0, 0), shading=(0, 0))
        quiet = np.full_like(self.background, 0.2)
        noisy, smooth = (render(ONE, options, np.random.default_rng(0), it) for it in (self.background, quiet))
        middle = np.s_[40:61, 60:81]
        assert 0.012 < (noisy - smooth)[middle].std() < 0.06 and smooth[middle].std() < 0.005

    def test_double_precision_will_do(self):
        assert rendered(ONE, background=self.background.astype(float)).dtype == np.float32

    @pytest.mark.parametrize(
        ("background", "problem"),
        [
            (np.zeros((100, 100), np.float32), "(100, 100) pixels, but the mask (100, 140)"),
            (np.zeros((100, 140), np.uint8), "from 0 to 1"),
            (np.full((100, 140), 1.5), "from 0 to 1"),
            (np.full((100, 140), np.nan), "from 0 to 1"),
        ],
    )
    def test_is_refused(self, background, problem):
        with pytest.raises(ImageError) as caught:
            rendered(ONE, background=background)
        assert problem in str(caught.value)


def test_a_mask_without_particles_shows_ground():
    image = rendered(painted(), polarity="dark", ground=(0.1, 0.1), substrate=(0, 0))
    assert abs(image.mean() - 0.9) < 0.1


def test_a_particle_may_fill_the_image():
    full = SimulatedMask(np.full((40, 50), 255, np.uint8), np.ones((40, 50), np.int32), np.ones(1))
    assert np.isfinite(rendered(full)).all()


@pytest.mark.parametrize("options", [{"rim": (1, 0)}, {"polarity": "grey"}, {"gradient": 1.5}, {"rims": (0, 1)}])
def test_options_are_checked(options):
    with pytest.raises(OptionsError):
        RenderingOptions(**options)
