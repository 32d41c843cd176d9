"""A mixture of Gaussians with a variance of its own for each feature, over measured values only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autoseg.ellipsometry.clustering.k_means import Clusters, find_clusters
from autoseg.ellipsometry.features import Table

_ROWS, _MOST, _GAIN, _FLOOR = 16384, 100, 1e-4, 1e-3  # the floor: share of a feature's own variance


class _Mixture(NamedTuple):
    means: np.ndarray
    variances: np.ndarray
    shares: np.ndarray


def find_mixture(table: Table, clusters: int, starts: int, sample: int, rng: np.random.Generator) -> Clusters:
    """Fitted to a sample of pixels from the best k-means on; then each pixel goes to the most probable Gaussian."""
    part = table.sample(sample, rng)
    first = find_clusters(part, clusters, starts, len(part), rng)
    chances = (first.labels[:, None] == np.arange(clusters)).astype(np.float32)
    mixture, before = _fit(part, chances, first.centres), -np.inf
    for _ in range(_MOST):
        chances, likelihood = _chances(part, mixture)
        mixture = _fit(part, chances, mixture.means)
        if likelihood - before < _GAIN:
            break
        before = likelihood
    labels, squares = np.empty(len(table), np.int32), 0.0
    for begin in range(0, len(table), _ROWS):
        rows = table.rows(np.arange(begin, min(begin + _ROWS, len(table))))
        labels[begin : begin + _ROWS] = found = _logarithms(rows, mixture).argmax(axis=1)
        known = np.repeat(rows.measured, table.channels, axis=1)
        squares += float(((rows.values - mixture.means[found]) ** 2 * known).sum(dtype=float))
    return Clusters(labels, mixture.means, squares)


def _fit(table: Table, chances: np.ndarray, before: np.ndarray) -> _Mixture:
    """Means and variances of what was measured, weighted with the chance that a pixel belongs to each Gaussian."""
    weights = np.repeat(chances.T @ table.measured.astype(np.float32), table.channels, axis=1)
    safe = np.maximum(weights, 1e-6)
    means = np.where(weights > 1e-3, (chances.T @ table.values) / safe, before)
    squares = (chances.T @ table.values**2) / safe
    whole = (table.values**2).mean(axis=0, dtype=float) - table.values.mean(axis=0, dtype=float) ** 2
    variances = np.maximum(squares - means**2, _FLOOR * np.maximum(whole, 1e-6))
    shares = chances.mean(axis=0, dtype=float) + 1e-9
    return _Mixture(means, np.where(weights > 1e-3, variances, whole + 1e-6), shares / shares.sum())


def _chances(table: Table, mixture: _Mixture) -> tuple[np.ndarray, float]:
    logarithms = _logarithms(table, mixture)
    highest = logarithms.max(axis=1, keepdims=True)
    chances = np.exp(logarithms - highest)
    total = chances.sum(axis=1, keepdims=True)
    return (chances / total).astype(np.float32), float((highest + np.log(total)).mean())


def _logarithms(table: Table, mixture: _Mixture) -> np.ndarray:
    """Logarithm of share times density of what was measured, up to a constant; shape (pixels, Gaussians)."""
    known = np.repeat(table.measured, table.channels, axis=1).astype(float)
    weight, values = 1 / mixture.variances, table.values.astype(float)
    squares = values**2 @ weight.T - 2 * values @ (mixture.means * weight).T
    squares += known @ (mixture.means**2 * weight + np.log(mixture.variances)).T
    return np.log(mixture.shares) - squares / 2
