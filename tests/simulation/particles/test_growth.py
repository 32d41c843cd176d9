import numpy as np
import pytest
from scipy import ndimage

from autoseg.errors import OptionsError
from autoseg.simulation.particles.growth import GrowthOptions, grow, simulate_grown
from autoseg.simulation.particles.outlines import from_examples
from autoseg.simulation.particles.shapes import ShapeOptions, shapes
from tests.simulation.particles.shapes import disc

DISCS = from_examples([disc(8)])
SPARSE = GrowthOptions(size=(400, 500), particles=(40, 40), magnification=(1, 1), single=0, piled=0, overlap=(0, 0))


def clusters(seed, **options):
    """How many particles each cluster has that is seen whole."""
    options = SPARSE.changed(**options)
    labels = simulate_grown(DISCS, options, np.random.default_rng(seed)).labels
    # Outlines on a grid of pixels that touch may be a pixel apart.
    parts = ndimage.label(ndimage.binary_dilation(labels > 0, iterations=2))[0]
    inner = np.setdiff1d(parts, np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    return [len(np.unique(labels[(parts == part) & (labels > 0)])) for part in inner if part]


def many_clusters(seeds, **options):
    return np.concatenate([clusters(seed, **options) for seed in range(seeds)])


def test_particles_hang_together_in_clusters():
    sizes = many_clusters(6, cluster=(5, 5))
    assert len(sizes) > 10 and np.median(sizes) >= 5


def test_single_particles_lie_alone():
    assert np.mean(many_clusters(6, single=1, particles=(12, 12)) == 1) > 0.8


def test_the_share_of_single_particles_is_as_asked():
    sizes = many_clusters(16, cluster=(4, 4), single=0.5, particles=(16, 16))
    assert np.count_nonzero(sizes == 1) / sizes.sum() == pytest.approx(0.5, abs=0.2)


def visible_share(**options):
    masks = [simulate_grown(DISCS, SPARSE.changed(**options), np.random.default_rng(seed)) for seed in range(5)]
    return np.concatenate([mask.visible for mask in masks])


def test_without_overlap_neighbours_touch_only():
    assert np.mean(visible_share(cluster=(2, 2)) > 0.95) > 0.85


def test_more_overlap_hides_more():
    assert visible_share(overlap=(0.4, 0.4)).mean() < visible_share().mean() - 0.03


def test_compact_clusters_are_less_spread_than_chains():
    def spread(compactness):
        """Mean distance of particles to the middle of their cluster."""
        options = SPARSE.changed(cluster=(40, 40), compactness=(compactness, compactness), size=(2000, 2000))
        distances = []
        for seed in range(5):
            particles = grow(DISCS, options, np.random.default_rng(seed))
            centres = np.array([(particle.top, particle.left) for particle in particles])
            distances.append(np.hypot(*(centres - centres.mean(axis=0)).T).mean())
        return np.mean(distances)

    assert spread(1.0) < 0.8 * spread(0.0)


def test_all_that_is_given_may_be_seen():
    for particle in grow(shapes(), GrowthOptions(size=(100, 120)), np.random.default_rng(0)):
        assert particle.bottom > 0 and particle.right > 0 and particle.top < 100 and particle.left < 120


def test_magnification_applies_to_a_whole_mask():
    options = SPARSE.changed(magnification=(2, 2), size_spread=(0, 0))
    heights = [particle.shape.shape[0] for particle in grow(DISCS, options, np.random.default_rng(0))]
    assert abs(np.mean(heights) - 33) < 1.5 and np.ptp(heights) <= 2


def test_sizes_spread_around_the_magnification():
    options = SPARSE.changed(magnification=(2, 2), size_spread=(0.3, 0.3), particles=(300, 300), size=(900, 900))
    heights = [particle.shape.shape[0] for particle in grow(DISCS, options, np.random.default_rng(0))]
    logarithms = np.log(np.array(heights) / 33)
    assert abs(logarithms.mean()) < 0.06 and logarithms.std() == pytest.approx(0.27, abs=0.04)
    assert grow(shapes(ShapeOptions(diameter=4)), options.changed(magnification=(1, 1)), np.random.default_rng(0))


def test_the_same_rng_gives_the_same_mask():
    one, other = (simulate_grown(shapes(), GrowthOptions(), np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one.labels, other.labels)


def test_a_source_that_gives_too_few_outlines_is_refused():
    with pytest.raises(OptionsError, match="gave 1 where 40"):
        grow(lambda count, rng: [disc(8)], SPARSE, np.random.default_rng(0))


@pytest.mark.parametrize("options", [{"single": 1.5}, {"cluster": (5, 2)}, {"overlap": (0, 2)}, {"particles": (0, 3)}])
def test_options_are_checked(options):
    with pytest.raises(OptionsError):
        GrowthOptions(**options)
