"""The verb of the wing: cluster the pixels of maps into zones, and look closer into one of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pydantic

from autoseg.ellipsometry.clustering.distances import one_thread
from autoseg.ellipsometry.clustering.k_means import Clusters, find_clusters, find_clusters_in_batches
from autoseg.ellipsometry.clustering.mixture import find_mixture
from autoseg.ellipsometry.clustering.published import find_published_clusters
from autoseg.ellipsometry.clustering.smoothing import smooth_labels
from autoseg.ellipsometry.features import Kind, Table, make_table
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.spectra import Spectra, first_delta, zone_spectra
from autoseg.errors import OptionsError
from autoseg.options import Options


class ClusterOptions(Options):
    """How pixels become zones."""

    clusters: int = pydantic.Field(4, ge=1, le=100)
    "How many zones."
    features: Kind = "ncs"
    "ncs: N, C and S of measured values; faint: the same, lifting small differences; published: Delta and Psi, filled."
    method: Literal["k-means", "mixture", "minibatch"] = "k-means"
    "mixture: Gaussians with variances of their own; minibatch: for very many pixels."
    starts: int = pydantic.Field(10, ge=1)
    "How often to start; the best result counts."
    sample: int = pydantic.Field(10_000, ge=100)
    "So many pixels are looked at in all starts; the best start is finished on all pixels."
    smoothing: int = pydantic.Field(0, ge=0, le=50)
    "Radius in columns within which the zone that most pixels have is taken; 0: none."
    seed: int = pydantic.Field(0, ge=0)
    "The same one gives the same zones."


@dataclass(frozen=True, eq=False)
class Zones:
    """Pixels in zones, numbered from 1 by rising Delta at the first wavelength; 0 where nothing was measured.

    Parts of a zone that was clustered once more follow after all others.
    """

    maps: MapSet
    labels: np.ndarray
    "int32, shape (rows, columns)."
    options: ClusterOptions
    distortion: float
    "Sum of the squared distances of the features to the centre of their cluster, over what was measured."
    centres: np.ndarray | None = None
    "Delta and Psi of the centres, shape (zones, wavelengths, 2): of filled values, for published features only."
    refined: tuple[int, ...] = ()
    "Zones that were clustered once more."

    @property
    def count(self) -> int:
        """How many zones there are."""
        return max(self.options.clusters, int(self.labels.max()))

    @cached_property
    def pixels(self) -> np.ndarray:
        """How many pixels each zone has; shape (zones,)."""
        return np.bincount(self.labels.ravel(), minlength=self.count + 1)[1:]

    @property
    def areas(self) -> np.ndarray:
        """In squares as wide as a column: pixels need not be square."""
        return self.pixels * self.maps.row_step

    @property
    def shares(self) -> np.ndarray:
        """Of the area of the maps."""
        return self.pixels / self.labels.size

    @cached_property
    def spectra(self) -> Spectra:
        """Mean spectra, from measured values only."""
        return zone_spectra(self.maps, self.labels, self.count)

    def refuse_unknown(self, zone: int) -> None:
        """Raise an error where there is no zone of this number."""
        if not 1 <= zone <= self.count:
            raise OptionsError(f"there is no zone {zone}", advice=f"There are the zones 1 to {self.count}.")

    def means(self, wavelength: int) -> tuple[np.ndarray, np.ndarray]:
        """Delta and Psi of the zones at a wavelength, given by its place; of published features, those of centres."""
        if self.centres is not None:
            delta, psi = self.centres[:, wavelength].T
            return delta, psi
        return self.spectra.delta[:, wavelength], self.spectra.psi[:, wavelength]

    def segmented(self, wavelength: int) -> tuple[np.ndarray, np.ndarray]:
        """Delta and Psi at a wavelength, given by its place, with every pixel replaced by the mean of its zone."""
        delta, psi = self.means(wavelength)
        return np.append(np.nan, delta)[self.labels], np.append(np.nan, psi)[self.labels]


def cluster(maps: MapSet, options: ClusterOptions | None = None) -> Zones:
    """Cluster the pixels of maps by their spectra.

    >>> maps = MapSet(np.array([[[140.0, 141, 240, np.nan]]]), np.array([[[30.0, 31, 40, 40]]]), np.array([550.0]))
    >>> cluster(maps, ClusterOptions(clusters=2)).labels
    array([[1, 1, 2, 0]], dtype=int32)
    """
    options = options or ClusterOptions()
    if options.features == "published" and options.method != "k-means":
        raise OptionsError("published features are clustered by k-means", advice="Leave the method out.")
    table = make_table(maps, options.features)
    if len(table) < options.clusters:
        problem = f"{len(table)} pixels cannot make {options.clusters} zones"
        raise OptionsError(problem, file=maps.path, advice="Ask for fewer.")
    found = find(table, options, np.random.default_rng(options.seed))
    labels = smooth_labels(table.image(found.labels + 1), options.smoothing, maps.row_step)
    zones = Zones(maps, labels, options, found.distortion)
    if options.features == "published":
        centres = found.centres.reshape(options.clusters, -1, 2)
        return _ordered(dataclasses.replace(zones, centres=centres), centres[:, 0, 0])
    return _ordered(zones, first_delta(maps, labels, options.clusters))


def refine(zones: Zones, zone: int, clusters: int = 2, features: Kind = "ncs") -> Zones:
    """Cluster once more inside one zone: its first part keeps the number, the others follow after all zones there are.

    The parts are in the order of rising Delta at the first wavelength.
    """
    zones.refuse_unknown(zone)
    inside = zones.labels == zone
    if not inside.any():
        raise OptionsError(f"zone {zone} is empty, and cannot be refined", advice="Ask for fewer clusters.")
    if zones.centres is not None:
        raise OptionsError("zones of published features cannot be refined", advice="Take the features ncs.")
    options = zones.options.changed(clusters=clusters, features=features, smoothing=0)
    masked = dataclasses.replace(zones.maps, delta=np.where(inside, zones.maps.delta, np.nan))
    parts = cluster(masked, options)
    labels = zones.labels.copy()
    labels[inside] = np.where(parts.labels == 1, zone, zones.count + parts.labels - 1)[inside]
    return dataclasses.replace(zones, labels=labels, refined=(*zones.refined, zone))


def find(table: Table, options: ClusterOptions, rng: np.random.Generator) -> Clusters:
    """Clusters of the pixels of a table by the method chosen."""
    if options.features == "published":
        return find_published_clusters(table, options.clusters, options.starts, options.seed)
    with one_thread():
        if options.method == "mixture":
            return find_mixture(table, options.clusters, options.starts, options.sample, rng)
        if options.method == "minibatch":
            return find_clusters_in_batches(table, options.clusters, options.starts, rng)
        return find_clusters(table, options.clusters, options.starts, options.sample, rng)


def _ordered(zones: Zones, delta: np.ndarray) -> Zones:
    """Numbered by rising Delta at the first wavelength, unmeasured ones last; the larger zone first if it is equal."""
    order = np.lexsort((-zones.pixels, np.where(np.isnan(delta), np.inf, delta)))
    number = np.zeros(zones.count + 1, np.int32)
    number[order + 1] = np.arange(1, zones.count + 1)
    centres = None if zones.centres is None else zones.centres[order]
    return dataclasses.replace(zones, labels=number[zones.labels], centres=centres)
