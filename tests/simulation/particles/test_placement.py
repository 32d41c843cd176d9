import numpy as np
import pytest
from scipy import stats
from scipy.spatial import KDTree

from autoseg.errors import OptionsError
from autoseg.simulation.particles.outlines import equivalent_diameter, from_examples
from autoseg.simulation.particles.placement import (
    PlacementOptions,
    draw_angles,
    draw_centres,
    draw_factors,
    draw_particles,
    lattice,
)
from tests.simulation.particles.shapes import disc, ellipse, triangle

DISCS = from_examples([disc(10)])
SCATTERED = PlacementOptions(clustering=False, rotation="disabled", scale="examples")


def draw(seed=0, sample=DISCS, **changes):
    return draw_particles(sample, SCATTERED.changed(**changes), np.random.default_rng(seed))


def centres(particles):
    return np.array([np.array([one.top, one.left]) + np.array(one.shape.shape) / 2 for one in particles])


def nearest_neighbours(points, count=1):
    return KDTree(points).query(points, count + 1)[0][:, 1:]


class TestNumber:
    def test_every_number_of_the_range_is_drawn(self):
        numbers = [len(draw(seed, particles=(3, 6))) for seed in range(60)]
        assert set(numbers) == {3, 4, 5, 6}

    def test_defaults(self):
        assert all(100 <= len(draw(seed)) <= 150 for seed in range(10))


class TestSizes:
    diameters = np.full(20_000, 20.0)

    def factors(self, diameters=diameters, **options):
        return draw_factors(diameters, PlacementOptions(**options), np.random.default_rng(0))

    def test_normal(self):
        factors = self.factors()
        assert stats.kstest(factors, stats.norm(1, 0.1).cdf).pvalue > 0.01
        assert (factors.min(), factors.max()) == pytest.approx((0.7, 1.3))

    def test_uniform(self):
        assert stats.kstest(self.factors(scale="uniform"), stats.uniform(0.75, 0.5).cdf).pvalue > 0.01

    def test_examples_keep_their_sizes(self):
        assert (self.factors(scale="examples") == 1).all()

    def test_magnification(self):
        np.testing.assert_allclose(self.factors(magnification=3.0), 3 * self.factors())

    def test_diameter(self):
        diameters = np.linspace(10, 30, 20_000)
        reached = diameters * self.factors(diameters, diameter=50.0, magnification=2.0)
        assert stats.kstest(reached, stats.norm(100, 10).cdf).pvalue > 0.01

    def test_diameter_contradicts_the_sizes_of_examples(self):
        with pytest.raises(OptionsError, match='"diameter" must be unset where "scale" is "examples"'):
            PlacementOptions(scale="examples", diameter=20.0)

    def test_particles_have_the_sizes_that_were_drawn(self):
        particles = draw(sample=from_examples([ellipse(20, 40), triangle(30)]), scale="uniform", diameter=40.0)
        diameters = [equivalent_diameter(one.shape) for one in particles]
        assert stats.kstest(diameters, stats.uniform(30, 20).cdf).pvalue > 0.01


class TestPositions:
    def test_even_over_the_mask_and_half_a_diagonal_around_it(self):
        """Unless they are clustered. A disc's diagonal here is that of a square of 21 pixels."""
        found = centres(draw(particles=(5000, 5000), size=(100, 300)))
        beyond = np.hypot(21, 21) / 2
        for axis, length in enumerate((100, 300)):
            expected = stats.uniform(-beyond, length + 2 * beyond)
            unrounded = found[:, axis] + np.random.default_rng(0).uniform(-0.5, 0.5, 5000)
            assert stats.kstest(unrounded, expected.cdf).pvalue > 0.01

    def test_rounding_to_pixels_shifts_nothing(self):
        options = SCATTERED.changed(particles=(4000, 4000), clustering=False)
        particles = draw_particles(from_examples([np.ones((4, 7), bool)]), options, np.random.default_rng(0))
        assert centres(particles).mean(axis=0) == pytest.approx([192, 192], abs=6)

    @pytest.mark.parametrize(("clustering", "expected"), [(False, 1.0), (True, np.sqrt(0.5))])
    def test_nearest_neighbours(self, clustering, expected):
        """In half of the area, the same particles are nearer to each other by the root of a half."""
        points = centres(draw(clustering=clustering, particles=(2000, 2000), size=(1000, 1000)))
        even = 0.5 * (1000 + np.hypot(21, 21)) / np.sqrt(2000)
        assert nearest_neighbours(points).mean() / even == pytest.approx(expected, rel=0.05)

    @pytest.mark.parametrize("free", [0.0, 0.5, 0.9])
    def test_clusters_leave_the_stated_share_free(self, free):
        options = PlacementOptions(clustering_threshold=free, size=(600, 600))
        points = draw_centres(8000, 10.0, 20.0, options, np.random.default_rng(0))
        cells = np.histogram2d(*points.T, bins=40, range=[(0, 600)] * 2)[0]
        assert (cells == 0).mean() == pytest.approx(free, abs=0.12)

    def test_more_bumps_make_smaller_clusters(self):
        def reach(frequency):
            options = PlacementOptions(noise_frequency=frequency)
            points = draw_centres(5000, 10.0, 20.0, options, np.random.default_rng(0))
            counts = np.histogram2d(*points.T, bins=32, range=[(0, 384)] * 2)[0]
            return np.corrcoef(counts[:, :-3].ravel(), counts[:, 3:].ravel())[0, 1]

        assert reach(2.0) > 0.4 > 0.2 > abs(reach(16.0))


class TestGrid:
    @pytest.mark.parametrize(("kind", "neighbours"), [("hexagonal", 6), ("cubic", 4)])
    def test_sites(self, kind, neighbours):
        sites = lattice(kind, 20.0, np.array([0, 0]), np.array([300, 500]), np.random.default_rng(0))
        cell = 400 * (np.sqrt(3) / 2 if kind == "hexagonal" else 1)
        assert len(sites) == pytest.approx(300 * 500 / cell, rel=0.05)
        inner = ((sites > 25) & (sites < [275, 475])).all(axis=1)
        distances = nearest_neighbours(sites, neighbours + 1)[inner]
        np.testing.assert_allclose(distances[:, :neighbours], 20)
        assert (distances[:, neighbours] > 28).all()

    def test_lattices_are_shifted_and_turned(self):
        first, second = (lattice("cubic", 20.0, np.zeros(2), np.full(2, 99), np.random.default_rng(s)) for s in (0, 1))
        steps = [np.abs(np.diff(np.sort(sites[:, 0]))[:3]) for sites in (first, second)]
        assert not np.allclose(*steps)

    @pytest.mark.parametrize("kind", ["hexagonal", "cubic"])
    def test_particles_sit_on_it(self, kind):
        found = centres(draw(grid=kind, grid_jitter=0.0, particles=(900, 900), size=(400, 400)))
        spacing = 1.125 * equivalent_diameter(disc(10))
        assert np.median(nearest_neighbours(found)) == pytest.approx(spacing, abs=1)

    def test_gap_and_jitter_are_relative_to_the_diameter(self):
        def positions(jitter):
            options = SCATTERED.changed(grid="hexagonal", grid_spacing=1.0, grid_jitter=jitter, particles=(500, 500))
            return draw_centres(500, 10.0, 15.0, options, np.random.default_rng(0))

        sites = positions(0.0)
        np.testing.assert_allclose(nearest_neighbours(sites)[:, 0], 30)
        moved = np.abs(positions(0.2) - sites)
        assert 0.9 * 3 < moved.max() <= 3

    def test_sites_limit_the_number(self):
        assert len(draw(grid="cubic", particles=(5000, 5000), size=(100, 100))) < 60

    def test_few_particles_are_spread_over_all_sites(self):
        found = centres(draw(grid="cubic", particles=(150, 150), size=(600, 600)))
        assert np.histogram2d(*found.T, bins=2, range=[(0, 600)] * 2)[0].min() > 20

    def test_clusters_of_it(self):
        everywhere, clustered = (draw(grid="cubic", clustering=on, particles=(9999, 9999)) for on in (False, True))
        assert len(clustered) == pytest.approx(len(everywhere) / 2, rel=0.1)


class TestRotation:
    centres = np.random.default_rng(0).uniform(0, 384, (3000, 2))

    def angles(self, rotation):
        return draw_angles(self.centres, PlacementOptions(rotation=rotation), np.random.default_rng(0))

    def test_disabled(self):
        assert not self.angles("disabled").any()
        assert all(np.array_equal(one.shape, disc(10)) for one in draw())

    def test_random(self):
        assert stats.kstest(self.angles("random"), stats.uniform(0, 2 * np.pi).cdf).pvalue > 0.01

    @pytest.mark.parametrize(("rotation", "alike"), [("random", False), ("correlated", True)])
    def test_neighbours(self, rotation, alike):
        angles = self.angles(rotation)
        neighbour = KDTree(self.centres).query(self.centres, 2)[1][:, 1]
        assert (np.cos(angles - angles[neighbour]).mean() > 0.9) == alike
        assert angles.std() > 0.5

    def test_particles_are_turned(self):
        bars = from_examples([np.ones((6, 40), bool)])
        assert {one.shape.shape for one in draw(sample=bars)} == {(6, 40)}
        heights = [one.shape.shape[0] for one in draw(sample=bars, rotation="random")]
        assert min(heights) < 10 < 36 < max(heights)


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"size": (0, 384)}, "size"),
            ({"particles": (150, 100)}, "lowest and the highest"),
            ({"particles": (0, 10)}, "particles"),
            ({"magnification": 0.0}, "magnification"),
            ({"scale_deviation": 0.4}, "scale_deviation"),
            ({"clustering_threshold": 1.0}, "clustering_threshold"),
            ({"grid": "square"}, "hexagonal"),
            ({"rotation": "perlin"}, "correlated"),
        ],
    )
    def test_options(self, options, problem):
        with pytest.raises(OptionsError, match=problem):
            PlacementOptions(**options)

    def test_outlines_larger_than_the_mask(self):
        with pytest.raises(OptionsError, match=r"85 pixels do not fit into masks of 64 x 80 pixels\. Ask for smaller"):
            draw(size=(64, 80), sample=from_examples([np.ones((60, 60), bool)]))

    def test_particles_too_small_to_be_seen(self):
        with pytest.raises(OptionsError, match=r"only 0\.3 pixels long\. Ask for larger"):
            draw(magnification=0.01)

    def test_source_that_gives_too_few(self):
        with pytest.raises(OptionsError, match=r"gave 1 where 1\d\d were asked for"):
            draw(sample=lambda count, rng: [disc(5)])

    @pytest.mark.parametrize("outline", [np.zeros((5, 5), bool), np.ones((5, 5)), np.ones((5, 5, 1), bool)])
    def test_what_is_no_outline(self, outline):
        with pytest.raises(OptionsError, match="boolean image that is True somewhere"):
            draw(sample=lambda count, rng: [outline] * count)
