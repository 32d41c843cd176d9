"""How many zones? Five scores over the number of clusters: hints, which often disagree, not rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pydantic

from autoseg.ellipsometry.clustering.distances import one_thread
from autoseg.ellipsometry.clustering.k_means import Clusters, find_clusters
from autoseg.ellipsometry.clustering.published import find_published_clusters
from autoseg.ellipsometry.elbow import find_elbow
from autoseg.ellipsometry.features import Kind, Table, make_table
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.scores import (
    calinski_harabasz,
    davies_bouldin,
    pairwise_distances,
    silhouette,
)
from autoseg.errors import OptionsError
from autoseg.options import Options

SCORES = {
    "distortion": "Distortion",
    "calinski_harabasz": "Calinski-Harabasz",
    "silhouette": "Silhouette",
    "davies_bouldin": "Davies-Bouldin",
    "gap": "Gap",
}
"Their names in words."


class EstimateOptions(Options):
    """How the number of zones is estimated."""

    fewest: int = pydantic.Field(2, ge=1)
    "The smallest number of zones that is tried."
    most: int = pydantic.Field(10, le=50)
    "The largest number of zones that is tried."
    features: Kind = "ncs"
    "As for the zones. With published ones, distortion and Calinski-Harabasz are of all pixels, as published."
    sample: int = pydantic.Field(5000, ge=50, le=20_000)
    "So many pixels are looked at."
    starts: int = pydantic.Field(10, ge=1)
    "How often k-means is started for each number; the best result counts."
    references: int = pydantic.Field(5, ge=2)
    "How many samples without any zones the gap compares with."
    seed: int = pydantic.Field(0, ge=0)
    "The same one gives the same scores."

    @pydantic.model_validator(mode="after")
    def _rising(self) -> EstimateOptions:
        if self.most < self.fewest:
            raise ValueError(f"the largest number {self.most} is below the smallest {self.fewest}")
        return self


@dataclass(frozen=True, eq=False)
class Estimates:
    """Scores for each number of clusters."""

    counts: np.ndarray
    "Numbers of clusters."
    scores: Mapping[str, np.ndarray]
    "By the keys of SCORES; NaN where a score does not exist, as for a single cluster."
    suggested: Mapping[str, int | None]
    "The number of clusters that each score speaks for; None if it is for none."
    seconds: np.ndarray
    "That k-means took for each number."
    gap_errors: np.ndarray
    "Standard errors of the gap."
    pixels: int
    "How many were looked at."
    options: EstimateOptions


def estimate_clusters(
    maps: MapSet, options: EstimateOptions | None = None, progress: Callable[[float], object] | None = None
) -> Estimates:
    """Scores of k-means for each number of clusters, on one sample of pixels that follows from the seed.

    `progress` is called again and again with the share of the work that is done, from 0 to 1.
    """
    options = options or EstimateOptions()
    table, rng = make_table(maps, options.features), np.random.default_rng(options.seed)
    part = table.sample(options.sample, rng)
    if len(part) < options.most:
        problem = f"{len(part)} pixels cannot make {options.most} zones"
        raise OptionsError(problem, file=maps.path, advice="Ask for fewer.")
    counts = np.arange(options.fewest, options.most + 1)
    found, seconds = [], []
    published = options.features == "published"
    tell = progress or (lambda share: None)
    steps = len(counts) + options.references
    for count in counts:
        start = time.perf_counter()
        found.append(_cluster(table if published else part, int(count), options, rng))
        seconds.append(time.perf_counter() - start)
        tell(len(found) / steps)
    scores = _scores(table if published else part, part, found)
    gap, errors = _gap(part, counts, options, rng, lambda drawn: tell((len(counts) + drawn) / steps))
    scores["gap"] = gap
    suggested = {
        "distortion": find_elbow(counts, scores["distortion"], falling=True),
        "calinski_harabasz": _calinski_suggests(counts, scores["calinski_harabasz"], published),
        "silhouette": _best(counts, scores["silhouette"]),
        "davies_bouldin": _best(counts, -scores["davies_bouldin"]),
        "gap": _gap_suggests(counts, gap, errors),
    }
    return Estimates(counts, scores, suggested, np.array(seconds), errors, len(part), options)


def _cluster(table: Table, count: int, options: EstimateOptions, rng: np.random.Generator) -> Clusters:
    if options.features == "published":
        return find_published_clusters(table, count, options.starts, options.seed)
    with one_thread():
        return find_clusters(table, count, options.starts, len(table), rng)


def _scores(table: Table, part: Table, found: list[Clusters]) -> dict[str, np.ndarray]:
    """Of the clusters of a table; what needs all pairs of pixels is of a part of it."""
    inside = np.searchsorted(table.places, part.places)
    distances = pairwise_distances(part)
    sampled = [one._replace(labels=one.labels[inside]) for one in found]
    return {
        "distortion": np.array([one.distortion for one in found]),
        "calinski_harabasz": np.array([calinski_harabasz(table, one) for one in found]),
        "silhouette": np.array([silhouette(distances, one.labels) for one in sampled]),
        "davies_bouldin": np.array([davies_bouldin(part, one) for one in sampled]),
    }


def _gap(
    table: Table,
    counts: np.ndarray,
    options: EstimateOptions,
    rng: np.random.Generator,
    tell: Callable[[int], object],
) -> tuple[np.ndarray, np.ndarray]:
    """How far the logarithm of the distortion is below that of pixels spread evenly, and its standard error.

    The pixels without zones fill the box along the principal axes of the sample (Tibshirani, Walther and Hastie), and
    lack what those of the sample lack.
    """
    logarithms = np.array([_log_distortions(table, counts, rng)])
    known = np.repeat(table.measured, table.channels, axis=1)
    average = np.where(known, table.values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, table.values - average, 0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    along = centred @ axes.T
    references = []
    for _ in range(options.references):
        spread = rng.uniform(along.min(axis=0), along.max(axis=0), size=along.shape)
        values = np.where(known, spread @ axes + average, 0).astype(np.float32)
        references.append(_log_distortions(Table(values, table.measured, table.places, table.shape), counts, rng))
        tell(len(references))
    expected = np.array(references)
    errors = expected.std(axis=0) * np.sqrt(1 + 1 / options.references)
    return (expected.mean(axis=0) - logarithms)[0], errors


def _log_distortions(table: Table, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    with one_thread():
        found = [find_clusters(table, int(count), 2, len(table), rng).distortion for count in counts]
    return np.log(np.maximum(found, 1e-12))


def _gap_suggests(counts: np.ndarray, gap: np.ndarray, errors: np.ndarray) -> int:
    """The smallest number whose gap the next one does not exceed by more than its error; else the largest gap's."""
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - errors[1:])
    return int(counts[enough[0]] if len(enough) else counts[gap.argmax()])


def _calinski_suggests(counts: np.ndarray, scores: np.ndarray, published: bool) -> int | None:
    """The published program takes the bend of the curve; what the score means is its maximum."""
    return find_elbow(counts, scores, falling=False) if published else _best(counts, scores)


def _best(counts: np.ndarray, scores: np.ndarray) -> int | None:
    return int(counts[np.nanargmax(scores)]) if np.isfinite(scores).any() else None
