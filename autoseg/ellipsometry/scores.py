"""Scores of a clustering, over what was measured; on complete features they are those of scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import silhouette_score

from autoseg.ellipsometry.clustering.distances import assign, mean_of
from autoseg.ellipsometry.clustering.k_means import Clusters
from autoseg.ellipsometry.features import Table


def calinski_harabasz(table: Table, found: Clusters) -> float:
    """Spread between the clusters over spread within, each by its degrees of freedom; NaN for a single cluster."""
    clusters, pixels, within = len(np.unique(found.labels)), len(table), found.distortion
    if clusters < 2 or pixels <= clusters or within <= 0:
        return np.nan
    total = float(assign(table, mean_of(table)[None]).distances.sum(dtype=float))
    return (total - within) / (clusters - 1) * (pixels - clusters) / within


def davies_bouldin(table: Table, found: Clusters) -> float:
    """Mean over the clusters of their widths over their distance, for the neighbour that is worst; low is good."""
    used = np.unique(found.labels)
    if len(used) < 2:
        return np.nan
    known = np.repeat(table.measured, table.channels, axis=1)
    squares = ((table.values - found.centres[found.labels]) ** 2 * known).sum(axis=1)
    scaled = np.sqrt(squares * table.measured.shape[1] / table.measured.sum(axis=1))
    widths = np.array([scaled[found.labels == label].mean() for label in used])
    centres = found.centres[used]
    apart = np.sqrt(((centres[:, None] - centres[None]) ** 2).sum(axis=2))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(apart > 0, (widths[:, None] + widths) / apart, 0)
    np.fill_diagonal(ratios, 0)
    return float(ratios.max(axis=1).mean())


def pairwise_distances(table: Table) -> np.ndarray:
    """Distances of all pixels to each other, float32, shape (pixels, pixels), over what both have measured.

    They are scaled to all features, as scikit-learn does with missing values; pixels that have no wavelength in common
    are as far apart as the farthest others.
    """
    values, mask = table.values, table.measured.astype(np.float32)
    lengths = (values**2).reshape(len(values), mask.shape[1], -1).sum(axis=2)
    squares = lengths @ mask.T
    squares += squares.T.copy()
    squares -= 2 * (values @ values.T)
    shared = mask @ mask.T
    distances = np.sqrt(np.maximum(squares, 0) * mask.shape[1] / np.maximum(shared, 1))
    distances[shared == 0] = distances.max()
    np.fill_diagonal(distances, 0)
    return distances


def silhouette(distances: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the pixels of how much nearer they are to their own cluster than to the next one, from -1 to 1."""
    clusters = len(np.unique(labels))
    if not 2 <= clusters < len(labels):
        return np.nan
    return float(silhouette_score(distances, labels, metric="precomputed"))
