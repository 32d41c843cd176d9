"""Known zones are found; what was not measured stays unmeasured; a shift of Delta changes nothing."""

import dataclasses

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, davies_bouldin_score
from sklearn.metrics.pairwise import nan_euclidean_distances

from autoseg.ellipsometry.clustering.distances import assign
from autoseg.ellipsometry.clustering.k_means import Clusters, find_clusters, refine_centres
from autoseg.ellipsometry.clustering.smoothing import smooth_labels
from autoseg.ellipsometry.elbow import find_elbow
from autoseg.ellipsometry.errors import MapError
from autoseg.ellipsometry.estimators import EstimateOptions, estimate_clusters
from autoseg.ellipsometry.features import Table, make_table
from autoseg.ellipsometry.filling import fill_harmonic, fill_maps
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.published_filling import _published_kernel, fill_published
from autoseg.ellipsometry.scores import calinski_harabasz, davies_bouldin, pairwise_distances, silhouette
from autoseg.ellipsometry.spectra import zone_spectra
from autoseg.ellipsometry.zones import ClusterOptions, cluster, refine
from autoseg.errors import OptionsError
from tests.ellipsometry.folders import made_up, shifted, small


def agreement(one, other):
    return adjusted_rand_score(one.ravel(), other.ravel())


@pytest.fixture(scope="module")
def made():
    return made_up(flakes=(20.0, 50.0, 90.0))


def table_of(values, measured=None):
    values = np.asarray(values, np.float32)
    measured = np.ones(values.shape, bool) if measured is None else measured
    return Table(np.where(measured, values, 0), measured, np.arange(len(values)), (1, len(values)))


@pytest.mark.parametrize("method", ["k-means", "mixture", "minibatch"])
def test_known_zones_are_found_though_many_values_are_missing(made, method):
    assert made.maps.unmeasured_shares.max() > 0.02
    zones = cluster(made.maps, ClusterOptions(clusters=4, method=method))
    assert agreement(zones.labels, made.labels) > 0.99
    again = cluster(made.maps, ClusterOptions(clusters=4, method=method))
    np.testing.assert_array_equal(zones.labels, again.labels)


@pytest.mark.parametrize("degrees", [33.3, 90, 217])
def test_a_constant_added_to_delta_changes_no_zone(made, degrees):
    zones = cluster(made.maps)
    moved = cluster(shifted(made.maps, degrees))
    assert agreement(zones.labels, moved.labels) == 1


def test_zones_are_numbered_by_rising_delta_from_1_and_nothing_measured_is_0(made):
    maps = dataclasses.replace(made.maps, delta=made.maps.delta.copy())
    maps.delta[:, 3, 5:9] = np.nan
    zones = cluster(maps)
    assert (zones.labels[3, 5:9] == 0).all() and (zones.labels == 0).sum() == 4
    assert (np.diff(zones.spectra.delta[:, 0]) > 0).all()
    assert zones.pixels.sum() == maps.delta[0].size - 4 and zones.shares.sum() == pytest.approx(
        zones.pixels.sum() / 2400
    )
    assert zones.areas[0] == pytest.approx(zones.pixels[0] * maps.row_step)


def test_means_are_of_measured_values_only(made):
    spectra = cluster(made.maps).spectra
    truth = np.stack([one.reflect(made.maps.wavelengths, 50) for one in made.structures])
    found = spectra.ncs()
    for zone in range(4):
        nearest = np.nanmean((truth - found[zone]) ** 2, axis=(1, 2)).min()
        assert np.sqrt(nearest) < 0.003
    assert spectra.count.sum() == made.maps.measured.sum()


def test_means_of_delta_do_not_break_at_its_cut():
    maps = MapSet([[[358.0, 4.0, 1.0]]], [[[30.0] * 3]], [550.0])
    spectra = zone_spectra(maps, np.array([[1, 1, 1]]))
    assert spectra.delta.item() == pytest.approx(1) and spectra.delta_spread.item() == pytest.approx(np.sqrt(6))
    below = dataclasses.replace(maps, delta=maps.delta - 180, wrapping="-180-180")
    assert zone_spectra(below, np.array([[1, 1, 1]])).delta.item() == pytest.approx(-179)


def test_distances_know_what_was_measured_only():
    rng = np.random.default_rng(0)
    values, measured = rng.normal(size=(50, 6)), rng.random((50, 6)) < 0.7
    measured[:, 0] = True
    centres = rng.normal(size=(3, 6))
    found = assign(table_of(values, measured), centres)
    squares = np.where(measured[:, None], (values[:, None] - centres) ** 2, 0).sum(axis=2)
    np.testing.assert_array_equal(found.labels, squares.argmin(axis=1))
    np.testing.assert_allclose(found.distances, squares.min(axis=1), rtol=1e-4)
    for label in range(3):
        member = found.labels == label
        np.testing.assert_allclose(found.sums[label], np.where(measured, values, 0)[member].sum(axis=0), atol=1e-4)
        np.testing.assert_array_equal(found.counts[label], measured[member].sum(axis=0))


def test_complete_values_are_clustered_as_scikit_learn_does():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(600, 4)) + 6 * rng.integers(0, 4, (600, 1))
    found = find_clusters(table_of(values), 4, 10, 10_000, rng)
    assert found.distortion == pytest.approx(KMeans(4, n_init=10, random_state=0).fit(values).inertia_, rel=1e-4)


def test_the_distortion_falls_with_every_step_and_no_cluster_stays_empty():
    rng = np.random.default_rng(2)
    values, measured = rng.normal(size=(300, 5)), rng.random((300, 5)) < 0.8
    measured[:, 2] = True
    table = table_of(values, measured)
    centres = np.vstack([np.zeros((1, 5)), np.full((2, 5), 100.0)])  # two of them have no pixel
    found = [refine_centres(table, centres, most).distortion for most in range(1, 8)]
    assert (np.diff(found) <= 1e-3).all()
    assert len(np.unique(refine_centres(table, centres).labels)) == 3


def test_scores_are_those_of_scikit_learn_on_complete_values():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(200, 4)) + 3 * rng.integers(0, 3, (200, 1))
    found = find_clusters(table_of(values), 3, 5, 1000, rng)
    table = table_of(values)
    assert calinski_harabasz(table, found) == pytest.approx(calinski_harabasz_score(values, found.labels), rel=1e-3)
    assert davies_bouldin(table, found) == pytest.approx(davies_bouldin_score(values, found.labels), rel=1e-3)
    worse = found._replace(distortion=2 * found.distortion)  # it is known already, and not summed up once more
    assert calinski_harabasz(table, worse) < 0.5 * calinski_harabasz(table, found)
    one = Clusters(np.zeros(200, int), values.mean(axis=0)[None], 1.0)
    assert np.isnan(
        [calinski_harabasz(table, one), davies_bouldin(table, one), silhouette(np.ones(0), one.labels)]
    ).all()


def test_pairs_are_compared_over_what_both_have_measured():
    rng = np.random.default_rng(4)
    values, measured = rng.normal(size=(40, 6)), rng.random((40, 6)) < 0.7
    measured[:, 1] = True
    expected = nan_euclidean_distances(np.where(measured, values, np.nan))
    np.testing.assert_allclose(pairwise_distances(table_of(values, measured)), expected, atol=2e-3)


def test_a_zone_can_be_refined(made):
    two = cluster(made.maps, ClusterOptions(clusters=2))
    mixed = int(np.argmax([len(np.unique(made.labels[two.labels == zone])) for zone in (1, 2)])) + 1
    finer = refine(two, mixed)
    assert finer.count == 3 and finer.refined == (mixed,)
    np.testing.assert_array_equal(finer.labels[two.labels != mixed], two.labels[two.labels != mixed])
    assert set(np.unique(finer.labels[two.labels == mixed])) == {mixed, 3}
    assert agreement(finer.labels, made.labels) > agreement(two.labels, made.labels)
    with pytest.raises(OptionsError, match="there is no zone 9"):
        refine(two, 9)
    alike = cluster(MapSet(np.full((1, 2, 3), 140.0), np.full((1, 2, 3), 30.0), [550.0]), ClusterOptions(clusters=2))
    with pytest.raises(OptionsError, match="is empty, and cannot be refined"):
        refine(alike, int(alike.pixels.argmin()) + 1)


def test_faint_features_find_a_thin_flake_beside_thick_ones():
    made = made_up(flakes=(3.0, 90.0), noise=0.002)
    options = ClusterOptions(clusters=3, features="faint")
    assert agreement(cluster(made.maps, options).labels, made.labels) > 0.95


def test_smoothing_takes_single_pixels_away_and_keeps_edges():
    labels = np.ones((9, 9), int)
    labels[:, 5:] = 2
    labels[0, 8] = 0
    noisy = labels.copy()
    noisy[4, 2], noisy[6, 7] = 2, 3
    np.testing.assert_array_equal(smooth_labels(noisy, 1), labels)
    assert smooth_labels(noisy, 0) is noisy
    single = np.array([[1], [1], [2], [1], [1]])
    assert (smooth_labels(single, 1, row_step=9.0) == 1).all()  # one row up and down, however far away these are


def test_what_cannot_be_done_is_said_before_anything_runs():
    with pytest.raises(OptionsError, match="12 pixels cannot make 13 zones"):
        cluster(small(), ClusterOptions(clusters=13))
    with pytest.raises(OptionsError, match="published features are clustered by k-means"):
        cluster(small(), ClusterOptions(features="published", method="mixture"))
    with pytest.raises(OptionsError, match="clusters"):
        ClusterOptions(clusters=0)
    assert cluster(small(), ClusterOptions(clusters=1)).labels.tolist() == np.ones((3, 4)).tolist()
    assert cluster(small(wavelengths=(550.0,))).count == 4


def test_published_features_are_delta_and_psi_in_turn():
    table = make_table(small(), "published")
    np.testing.assert_array_equal(table.values[:, 0], small().delta[0].ravel())
    np.testing.assert_array_equal(table.values[:, 3], small().psi[1].ravel())
    zones = cluster(small(), ClusterOptions(features="published", clusters=3))
    known = KMeans(3, n_init=10, random_state=0).fit(table.values)
    assert agreement(zones.labels, known.labels_) == 1
    np.testing.assert_allclose(np.sort(known.cluster_centers_[:, 0]), zones.centres[:, 0, 0])


def test_published_clusters_are_started_as_often_as_was_asked_for():
    maps = small(shape=(20, 30))  # without zones, so that every start ends elsewhere
    once, often = (cluster(maps, ClusterOptions(features="published", clusters=9, starts=n)) for n in (1, 30))
    assert often.distortion < once.distortion
    options = EstimateOptions(features="published", fewest=9, most=9, starts=30, sample=50, references=2)
    assert estimate_clusters(maps, options).scores["distortion"].tolist() == [often.distortion]


def test_the_published_filling_is_the_mean_under_its_kernel():
    kernel = _published_kernel()
    image = np.random.default_rng(0).uniform(100, 200, (80, 90)).astype(np.float32)
    holed = image.copy()
    holed[40, 45] = holed[2, 3] = np.nan
    filled = fill_published(holed[None])[0]
    window = holed[8:73, 13:78].astype(float)
    known = np.isfinite(window)
    assert filled[40, 45] == pytest.approx((window[known] * kernel[known]).sum() / kernel[known].sum(), rel=1e-6)
    padded = np.pad(holed.astype(float), 32)[2:67, 3:68]  # zeros lie beyond the border
    known = np.isfinite(padded)
    assert filled[2, 3] == pytest.approx((padded[known] * kernel[known]).sum() / kernel[known].sum(), rel=1e-6)
    untouched = np.isfinite(holed)
    np.testing.assert_array_equal(filled[untouched], image[untouched])
    assert kernel[32, 40] > 0.1 > kernel[40, 32]  # longest nearly along the rows
    with pytest.raises(MapError, match="larger than the published kernel"):
        fill_published(np.full((1, 80, 80), np.nan))


def test_harmonic_filling_is_linear_between_straight_rims_and_knows_the_shape_of_pixels():
    rows, columns = np.mgrid[:20, :30].astype(float)
    plane = (2 * rows + 3 * columns)[..., None]
    known = np.ones((20, 30), bool)
    known[5:12, 8:20] = False
    np.testing.assert_allclose(fill_harmonic(np.where(known[..., None], plane, np.nan), known, 1.6), plane, atol=1e-9)
    cross = np.array([[np.nan, 0, np.nan], [1, np.nan, 1], [np.nan, 0, np.nan]])[..., None]
    middle = fill_harmonic(cross, np.isfinite(cross[..., 0]), 2.0)[1, 1, 0]
    assert middle == pytest.approx(1 / (1 + 1 / 4))  # rows are twice as far away, and count a quarter


def test_maps_are_filled_to_look_at(made):
    filled = fill_maps(made.maps)
    assert np.isfinite(filled.delta).all() and np.isfinite(filled.psi).all()
    known = made.maps.measured
    np.testing.assert_array_equal(filled.delta[known], made.maps.delta[known])
    assert not known.all()  # the mask is that of the maps that were filled
    wrapped = MapSet([[[359.0, np.nan, 3.0]]], [[[30.0, np.nan, 30.0]]], [550.0])
    assert fill_maps(wrapped).delta[0, 0, 1] == pytest.approx(1, abs=1e-3)


def test_the_elbow_is_where_the_curve_bends():
    k = np.arange(2, 11)
    assert find_elbow(k, 1000.0 / k**3, falling=True) in (3, 4)
    assert find_elbow(k, np.where(k < 5, 10.0 * (5 - k), 0) + (10 - k), falling=True) == 5
    assert find_elbow(k, np.minimum(k, 6).astype(float) + 0.01 * k, falling=False) == 6
    assert (
        find_elbow(k, np.ones(9), falling=True) is None and find_elbow(k[:2], np.array([2.0, 1]), falling=True) is None
    )


def test_estimators_see_zones_that_are_far_apart():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (20, 30))
    delta = np.array([60.0, 180.0, 300.0])[truth] + rng.normal(0, 1, (4, 20, 30))
    maps = MapSet(delta, 45 + rng.normal(0, 1, (4, 20, 30)), np.arange(4) * 25 + 550.0)
    found = estimate_clusters(maps, EstimateOptions(most=6, sample=400))
    assert found.counts.tolist() == [2, 3, 4, 5, 6] and found.pixels == 400
    assert {name: found.suggested[name] for name in found.scores} == dict.fromkeys(found.scores, 3)
    shares = []
    again = estimate_clusters(maps, EstimateOptions(most=6, sample=400), shares.append)
    assert shares == sorted(shares) and len(shares) == 10 and shares[-1] == 1
    for name, scores in found.scores.items():
        np.testing.assert_array_equal(scores, again.scores[name])


def test_estimates_may_begin_at_one_zone_and_end_there(made):
    found = estimate_clusters(made.maps, EstimateOptions(fewest=1, most=1, sample=100))
    assert np.isnan(found.scores["silhouette"]).all() and found.suggested["distortion"] is None
    with pytest.raises(OptionsError, match="is below the smallest"):
        EstimateOptions(fewest=5, most=4)
