"""What speaks for each particle, and how a model's scoring is calibrated by it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autoseg.heads import DISTANCE, FOREGROUND
from autoseg.images.distance import relative_distance
from autoseg.models.scoring import TERMS, Scoring, logistic, terms

ITERATIONS = 30
"Newton's method has long converged then."
RIDGE = 1e-3
"By so much, relative to the number of particles, large coefficients are held back."


def measure_evidence(probability: Mapping[str, np.ndarray], labels: np.ndarray) -> np.ndarray:
    """What speaks for each particle of a level, (n, 6): three numbers, and their means in the level.

    They are agreement, sureness, and the binary logarithm of the diameter in pixels. From particles follow distances to
    their rims, and the network predicts such distances, too. The agreement is the overlap of both within a particle,
    relative to their union: crumbs of a particle, the ground between particles and noise have little. Sureness is how
    far the foreground is from being undecided. In means each particle counts as much as its diameter: what is hidden in
    part looks like a crumb, but among particles that are plausible it is one. Labels count from 1 to n.

    >>> labels = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]])
    >>> measure_evidence({"foreground": 0.9 * labels, "distance": 0.5 * labels}, labels).round(2).tolist()
    [[0.5, 0.8, 0.5, 0.5, 0.8, 0.5]]
    """
    areas = np.bincount(labels.ravel(), minlength=1)[1:]
    return with_means(measure_each(probability, labels), areas)


def measure_each(probability: Mapping[str, np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Agreement, sureness, and logarithm of the diameter of each particle (n, 3), by itself; see `measure_evidence`."""
    predicted, found = probability[DISTANCE], relative_distance(labels)
    inside = np.flatnonzero(labels)
    owners, count = labels.ravel()[inside], int(labels.max(initial=0))

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(owners, values.ravel()[inside], minlength=count + 1)[1:]

    areas = np.bincount(owners, minlength=count + 1)[1:].astype(float)
    agreement = total(np.minimum(predicted, found)) / np.maximum(total(np.maximum(predicted, found)), 1e-6)
    sureness = total(np.abs(2 * probability[FOREGROUND] - 1)) / np.maximum(areas, 1)
    return np.column_stack([agreement, sureness, np.log2(np.maximum(areas, 1)) / 2])


def with_means(each: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """The evidence (n, 6): what was measured of each of the particles of a level (n, 3), of these areas, and its means.

    >>> with_means(np.array([[0.0, 0, 0], [0.3, 0, 0]]), np.array([4, 1])).round(2)[:, 3].tolist()
    [0.1, 0.1]
    """
    means = np.sqrt(areas) @ each / max(float(np.sqrt(areas).sum()), 1)
    return np.column_stack([each, np.broadcast_to(means, each.shape)])


def calibrate(evidence: np.ndarray, true: np.ndarray, weights: np.ndarray) -> Scoring:
    """The scoring by which, of particles (n,) of a score of 0.8, eight in ten are `true`.

    >>> rng = np.random.default_rng(0)
    >>> evidence = rng.uniform((0, 0, 2, 0, 0, 2), (1, 1, 6, 1, 1, 6), (4000, 6))
    >>> scoring = calibrate(evidence, rng.random(4000) < evidence[:, 0], np.ones(4000))
    >>> scoring.score(np.array([[0.3, 0.5, 4, 0.5, 0.5, 4], [0.6, 0.5, 4, 0.5, 0.5, 4]])).round(1).tolist()
    [0.30000001192092896, 0.6000000238418579]
    """
    varying = terms(evidence)[:, 1:]
    centre, width = varying.mean(axis=0), varying.std(axis=0) + 1e-9
    scaled = np.column_stack([np.ones(len(varying)), (varying - centre) / width])
    found = np.zeros(TERMS)
    held_back = RIDGE * weights.sum() * np.diag([0.0, *[1.0] * (TERMS - 1)])
    for _ in range(ITERATIONS):
        score = logistic(scaled @ found)
        slope = scaled.T @ (weights * (true - score)) - held_back @ found
        found += np.linalg.solve((scaled.T * (weights * score * (1 - score))) @ scaled + held_back + 1e-9, slope)
    each = found[1:] / width
    return Scoring(coefficients=tuple(float(f"{value:.4g}") for value in (found[0] - each @ centre, *each)))
