"""Clusters as the published program finds them: scikit-learn's k-means on Delta and Psi in degrees, filled."""

from __future__ import annotations

from sklearn.cluster import KMeans

from autoseg.ellipsometry.clustering.k_means import Clusters
from autoseg.ellipsometry.features import Table


def find_published_clusters(table: Table, clusters: int, starts: int = 10, seed: int = 0) -> Clusters:
    """k-means++ with at most 300 iterations, on all pixels; the published program starts it 10 times."""
    found = KMeans(clusters, init="k-means++", n_init=starts, max_iter=300, tol=1e-4, random_state=seed)
    found.fit(table.values)
    return Clusters(found.labels_, found.cluster_centers_, float(found.inertia_))
