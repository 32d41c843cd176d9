import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from autoseg.errors import OptionsError
from autoseg.simulation.particles.masks import MaskOptions, paint, simulate_mask
from autoseg.simulation.particles.outlines import from_examples
from autoseg.simulation.particles.placement import Particle, draw_particles
from tests.simulation.particles.shapes import disc, ellipse, triangle

SHAPES = from_examples([disc(8), ellipse(14, 30), triangle(22), np.ones((12, 17), bool)])
SMALL = MaskOptions(size=(96, 128), particles=(30, 50))
RADIUS = 20
AREA = np.count_nonzero(disc(RADIUS))


def painted(*particles, **options):
    return paint(particles, MaskOptions(size=(100, 120), **options))


def disc_at(row, column, radius=RADIUS):
    return Particle(disc(radius), row - radius, column - radius)


def distance_from(row, column):
    rows, columns = np.indices((100, 120))
    return np.hypot(rows - row, columns - column)


def simulated(seed, **options):
    return simulate_mask(SHAPES, SMALL.changed(**options), np.random.default_rng(seed))


class TestOneDisc:
    def test_is_where_it_was_put(self):
        image = painted(disc_at(40, 70))
        np.testing.assert_array_equal(image.labels, distance_from(40, 70) <= RADIUS)
        np.testing.assert_array_equal(image.mask, 255 * image.labels)
        assert image.visible.tolist() == [1.0]

    def test_types(self):
        image = painted(disc_at(40, 70))
        assert (image.mask.dtype, image.labels.dtype, image.visible.dtype) == (np.uint8, np.int32, np.float64)

    def test_is_cut_by_the_rim_of_the_image(self):
        """What lies outside the image is not hidden by another particle."""
        image = painted(disc_at(-5, 118))
        np.testing.assert_array_equal(image.labels, distance_from(-5, 118) <= RADIUS)
        assert image.visible.tolist() == [1.0]

    @pytest.mark.parametrize("particles", [[], [disc_at(-30, 50)], [disc_at(50, 145)]])
    def test_outside_there_is_nothing(self, particles):
        image = painted(*particles)
        assert not image.labels.any()
        assert not image.mask.any()
        assert image.visible.shape == (0,)


class TestTwoDiscs:
    lower, upper = distance_from(50, 45) <= RADIUS, distance_from(50, 70) <= RADIUS
    both = (disc_at(50, 45), disc_at(50, 70))

    def test_the_upper_one_is_whole_and_cuts_the_lower_one(self):
        image = painted(*self.both)
        np.testing.assert_array_equal(image.labels == 2, self.upper)
        np.testing.assert_array_equal(image.labels == 1, self.lower & ~self.upper)

    def test_visible_share(self):
        """The lens of two discs of radius r at distance d has the area 2 r^2 acos(d / 2r) - d / 2 sqrt(4r^2 - d^2)."""
        lens = 2 * RADIUS**2 * np.arccos(25 / 40) - 12.5 * np.sqrt(40**2 - 25**2)
        image = painted(*self.both)
        assert image.visible[1] == 1
        assert image.visible[0] == pytest.approx(1 - lens / (np.pi * RADIUS**2), abs=0.01)

    def test_visible_share_is_of_what_lies_in_the_image(self):
        """Half of each disc lies outside, and the upper one covers the same share of both halves."""
        inside = painted(*self.both).visible
        halved = painted(disc_at(0, 45), disc_at(0, 70)).visible
        np.testing.assert_allclose(halved, inside, atol=0.01)

    @pytest.mark.parametrize("rim", [0, 1, 2, 5])
    def test_dark_rim(self, rim):
        image = painted(*self.both, rim=rim)
        dark = (image.labels > 0) & (image.mask == 0)
        distance = distance_from(50, 70)
        assert np.count_nonzero(dark[50]) == rim
        assert (image.labels[dark] == 1).all()
        assert not dark[distance > RADIUS + rim].any()
        assert (dark | ~self.lower)[(distance > RADIUS + 0.5) & (distance < RADIUS + rim - 0.5)].all()

    def test_rim_is_cut_where_discs_only_lie_near(self):
        image = painted(disc_at(50, 30), disc_at(50, 72), rim=3)
        assert image.mask[50, 48:53].tolist() == [255, 0, 0, 0, 255]
        assert image.labels[50, 48:53].tolist() == [1, 1, 1, 0, 2]
        assert image.visible.tolist() == [1.0, 1.0]

    def test_order_decides(self):
        image = painted(*self.both[::-1])
        np.testing.assert_array_equal(image.labels == 2, self.lower)


class TestHidden:
    def test_has_no_label(self):
        image = painted(disc_at(50, 50, 5), disc_at(50, 50), disc_at(50, 100, 5))
        np.testing.assert_array_equal(np.unique(image.labels), [0, 1, 2])
        assert (image.labels[50, 50], image.labels[50, 100]) == (1, 2)
        assert image.visible.tolist() == [1.0, 1.0]

    def test_nor_has_one_that_vanishes_in_a_rim(self):
        """One pixel of it is left, which a rim of two pixels darkens."""
        image = painted(Particle(np.ones((5, 5), bool), 48, 67), disc_at(50, 50), rim=2)
        assert image.labels.max() == 1
        np.testing.assert_array_equal(image.mask, 255 * image.labels)


class TestOverlap:
    @pytest.mark.parametrize(("limit", "count"), [(0.25, 1), (0.27, 2)])
    def test_limit(self, limit, count):
        """These two discs share 26 % of their area."""
        assert painted(*TestTwoDiscs.both, max_overlap=limit).labels.max() == count

    def test_limit_is_of_the_upper_one(self):
        assert painted(disc_at(50, 50), disc_at(50, 50, 5), max_overlap=0.9).labels.max() == 1
        assert painted(disc_at(50, 50, 5), disc_at(50, 50), max_overlap=0.1).labels.max() == 1

    def test_none_is_left_out_if_all_may_be_covered(self):
        assert painted(disc_at(50, 50), disc_at(50, 50, 5), max_overlap=1.0).labels.max() == 2

    def test_dark_rims_are_taken_too(self):
        """The square lies where the lower disc is, but the mask is dark."""
        square = Particle(np.ones((3, 3), bool), 49, 42)
        assert painted(*TestTwoDiscs.both, square, rim=12).labels.max() == 2
        assert painted(*TestTwoDiscs.both, square, rim=12, max_overlap=1.0).labels.max() == 3

    def test_overlap_beyond_the_image_counts(self):
        assert painted(disc_at(-15, 50), disc_at(-15, 65), max_overlap=0.3).labels.max() == 1

    @pytest.mark.parametrize("seed", range(5))
    def test_no_overlap(self, seed):
        """Then every particle is whole, as far as it lies in the image."""
        image = simulated(seed, max_overlap=0.0)
        assert image.labels.max() > 3
        assert (image.visible == 1).all()

    def test_the_grid_is_another_option(self):
        """In the published workflow, a limit for the overlap makes the grid hexagonal."""
        assert MaskOptions(max_overlap=0.05).grid == "disabled"
        assert MaskOptions(max_overlap=0.05, grid="cubic").grid == "cubic"
        few, many = (
            draw_particles(SHAPES, SMALL.changed(max_overlap=limit), np.random.default_rng(0)) for limit in (0.05, 1.0)
        )
        assert [(one.top, one.left) for one in few] == [(one.top, one.left) for one in many]


def naive(particles, options):
    """The same with whole planes, one for each particle."""
    height, width = options.size
    planes = []
    for one in particles:
        plane = np.zeros((height + 200, width + 200), bool)
        rows, columns = np.nonzero(one.shape)
        plane[rows + one.top + 100, columns + one.left + 100] = True
        taken = np.any(planes, axis=0) if planes else np.zeros_like(plane)
        if np.count_nonzero(plane & taken) <= options.max_overlap * np.count_nonzero(plane):
            planes.append(plane)
    labels, mask = np.zeros(plane.shape, int), np.zeros(plane.shape, bool)
    for number, plane in enumerate(planes, start=1):
        labels[plane] = number
        mask &= ndimage.distance_transform_edt(~plane) > options.rim
        mask |= plane
    return labels[100:-100, 100:-100], mask[100:-100, 100:-100]


class TestSimulation:
    @settings(max_examples=10, deadline=None, derandomize=True)
    @given(
        st.integers(0, 1000),
        st.sampled_from([0.0, 0.2, 0.5, 1.0]),
        st.integers(0, 4),
        st.booleans(),
        st.sampled_from(["disabled", "cubic"]),
    )
    def test_agrees_with_whole_planes(self, seed, max_overlap, rim, clustering, grid):
        options = SMALL.changed(max_overlap=max_overlap, rim=rim, clustering=clustering, grid=grid, particles=(20, 25))
        particles = draw_particles(SHAPES, options, np.random.default_rng(seed))
        image = simulate_mask(SHAPES, options, np.random.default_rng(seed))
        labels, mask = naive(particles, options)
        np.testing.assert_array_equal(image.mask, 255 * mask)
        consecutive = {label: index for index, label in enumerate(np.unique(labels[mask]), start=1)}
        np.testing.assert_array_equal(image.labels, np.vectorize(lambda label: consecutive.get(label, 0))(labels))

    @pytest.mark.parametrize("seed", range(10))
    def test_mask_and_labels_agree(self, seed):
        image = simulated(seed)
        count = len(image.visible)
        np.testing.assert_array_equal(np.unique(image.labels), np.arange(count + 1))
        np.testing.assert_array_equal(np.unique(image.labels[image.mask > 0]), np.arange(1, count + 1))
        assert ((image.visible > 0) & (image.visible <= 1)).all()
        dark = (image.labels > 0) & (image.mask == 0)
        assert dark.any()
        inner = np.pad(np.ones(np.subtract(dark.shape, 2 * SMALL.rim), bool), SMALL.rim)
        dark &= inner  # what makes it dark nearer to the image's rim may lie outside
        for label in np.unique(image.labels[dark]):
            nearest_upper = ndimage.distance_transform_edt(image.labels <= label)
            assert nearest_upper[dark & (image.labels == label)].max() <= SMALL.rim

    def test_number_of_particles(self):
        counts = [len(simulated(seed, max_overlap=1.0, clustering=False).visible) for seed in range(10)]
        assert 15 < min(counts) < max(counts) <= 50

    def test_same_generator_same_mask(self):
        first, again, other = (simulated(seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.mask, again.mask)
        np.testing.assert_array_equal(first.labels, again.labels)
        np.testing.assert_array_equal(first.visible, again.visible)
        assert not np.array_equal(first.mask, other.mask)

    def test_one_generator_many_masks(self):
        rng = np.random.default_rng(0)
        first, second = (simulate_mask(SHAPES, SMALL, rng) for _ in range(2))
        assert not np.array_equal(first.mask, second.mask)

    def test_size(self):
        image = simulated(0, size=(70, 41))
        assert image.mask.shape == image.labels.shape == (70, 41)

    def test_published_defaults(self):
        options = MaskOptions()
        assert options.size == (384, 384)
        assert (options.particles, options.max_overlap) == ((100, 150), 0.5)
        assert (options.scale, options.scale_deviation, options.scale_range) == ("normal", 0.1, (0.75, 1.25))
        assert (options.noise_frequency, options.clustering_threshold) == (4.0, 0.5)
        assert (options.grid, options.grid_spacing, options.grid_jitter) == ("disabled", 0.125, 0.05)

    @pytest.mark.parametrize("options", [{"max_overlap": 1.1}, {"max_overlap": -0.1}, {"rim": -1}])
    def test_impossible_options(self, options):
        with pytest.raises(OptionsError, match=next(iter(options))):
            MaskOptions(**options)
