"""k-means over measured values only: a centre is the mean of what was measured, a distance knows nothing else."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from autoseg.ellipsometry.clustering.distances import assign, masked_distances, mean_of, means
from autoseg.ellipsometry.features import Table

_MOST, _STILL = 300, 1e-6  # iterations; movement of centres in units of the spread, squared
_BATCH, _BATCHES = 4096, 150


class Clusters(NamedTuple):
    """Pixels in clusters."""

    labels: np.ndarray
    "From 0; shape (pixels,)."
    centres: np.ndarray
    "Shape (clusters, features)."
    distortion: float
    "Sum of the squared distances of pixels to their centres, over what was measured."


def find_clusters(table: Table, clusters: int, starts: int, sample: int, rng: np.random.Generator) -> Clusters:
    """The best of several starts on a sample of pixels, finished on all of them."""
    part = table.sample(sample, rng)
    found = [refine_centres(part, choose_centres(part, clusters, rng)) for _ in range(starts)]
    best = min(found, key=lambda one: one.distortion)
    return best if part is table else refine_centres(table, best.centres)


def find_clusters_in_batches(table: Table, clusters: int, starts: int, rng: np.random.Generator) -> Clusters:
    """The same from small batches of pixels, each of which moves the centres a little: for very many pixels."""
    part = table.sample(_BATCH, rng)
    first = (refine_centres(part, choose_centres(part, clusters, rng), most=20) for _ in range(starts))
    centres = min(first, key=lambda one: one.distortion).centres
    seen = np.zeros((clusters, table.measured.shape[1]))
    for _ in range(_BATCHES):
        found = assign(table.rows(rng.integers(len(table), size=min(_BATCH, len(table)))), centres)
        seen += found.counts
        rate = np.repeat(found.counts / np.maximum(seen, 1), table.channels, axis=1)
        centres = centres + rate * (means(found, centres) - centres)
    found = assign(table, centres)
    return Clusters(found.labels, centres, float(found.distances.sum(dtype=float)))


def refine_centres(table: Table, centres: np.ndarray, most: int = _MOST) -> Clusters:
    """Lloyd's iteration: assign the pixels, move the centres into their means, until nothing moves."""
    still, before = _STILL * _spread(table), None
    for _ in range(most):
        found = assign(table, centres)
        moved = means(found, centres)
        _revive(moved, found.counts, found.distances, table)
        step, centres = ((moved - centres) ** 2).sum(), moved
        if step <= still or (before is not None and np.array_equal(before, found.labels)):
            break
        before = found.labels
    found = assign(table, centres)
    return Clusters(found.labels, centres, float(found.distances.sum(dtype=float)))


def choose_centres(table: Table, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Pixels far from each other (k-means++): of a few drawn by their squared distance, the one that lowers it most."""
    average, trials = mean_of(table), 2 + int(math.log(clusters))
    mask = table.measured.astype(np.float32)
    weights = mask.shape[1] / mask.sum(axis=1)  # a pixel measured at few wavelengths is no nearer for that
    centres = [_completed(table, rng.integers(len(table), size=1), average)[0]]
    nearest = masked_distances(table.values, mask, np.array(centres))[:, 0] * weights
    for _ in range(clusters - 1):
        total = nearest.sum(dtype=float)
        drawn = np.searchsorted(np.cumsum(nearest, dtype=float), rng.random(trials) * total)
        candidates = _completed(table, np.minimum(drawn, len(table) - 1), average)
        found = masked_distances(table.values, mask, candidates) * weights[:, None]
        found = np.minimum(nearest[:, None], found)
        best = found.sum(axis=0, dtype=float).argmin()
        centres.append(candidates[best])
        nearest = found[:, best]
    return np.array(centres)


def _completed(table: Table, rows: np.ndarray, average: np.ndarray) -> np.ndarray:
    """Pixels as centres: what was not measured is average."""
    known = np.repeat(table.measured[rows], table.channels, axis=1)
    return np.where(known, table.values[rows], average)


def _spread(table: Table) -> float:
    """Variance of the features, summed up."""
    part = table.values[:: max(1, len(table) // 10_000)]
    return float(part.var(axis=0, dtype=float).sum())


def _revive(centres: np.ndarray, counts: np.ndarray, distances: np.ndarray, table: Table) -> None:
    """Put centres without a pixel onto the pixels that are farthest from their own."""
    empty = np.flatnonzero(counts.sum(axis=1) == 0)
    if len(empty) and distances.max() > 0:
        farthest = np.argsort(distances)[::-1][: len(empty)]
        centres[empty] = _completed(table, farthest, mean_of(table))
