"""Which predicted particles share how many pixels with which true ones: all that scores of particles need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from autoseg.evaluation.labels import check_shapes, to_labels


@dataclass(frozen=True, eq=False)
class Overlaps:
    """The P predicted particles, the T true ones, and the K pairs of them that have pixels in common."""

    predicted_labels: np.ndarray
    "(P,): their numbers in the label image."
    true_labels: np.ndarray
    predicted_areas: np.ndarray
    "(P,): number of pixels."
    true_areas: np.ndarray
    predicted: np.ndarray
    "(K,): index of each pair's predicted particle."
    true: np.ndarray
    "(K,): index of each pair's true particle."
    areas: np.ndarray
    "(K,): number of pixels that the pair has in common."

    @cached_property
    def iou(self) -> np.ndarray:
        """(K,): the common pixels of each pair over the pixels of either."""
        return self.areas / (self.predicted_areas[self.predicted] + self.true_areas[self.true] - self.areas)

    @cached_property
    def best_iou_of_predicted(self) -> np.ndarray:
        """(P,): IoU with the best true particle; 0 where there is none."""
        return greatest(self.iou, self.predicted, len(self.predicted_areas))

    @cached_property
    def best_iou_of_true(self) -> np.ndarray:
        """(T,): IoU with the best predicted particle; 0 where there is none."""
        return greatest(self.iou, self.true, len(self.true_areas))

    @cached_property
    def merging(self) -> np.ndarray:
        """(P,): whether a predicted particle covers more than half of each of two or more true ones."""
        return np.bincount(self.predicted[self.swallowed], minlength=len(self.predicted_areas)) > 1

    @cached_property
    def split(self) -> np.ndarray:
        """(T,): whether more than half of each of two or more predicted particles lies in a true one."""
        return np.bincount(self.true[self.inside], minlength=len(self.true_areas)) > 1

    @cached_property
    def swallowed(self) -> np.ndarray:
        """(K,): whether the predicted particle covers more than half of the true one."""
        return 2 * self.areas > self.true_areas[self.true]

    @cached_property
    def inside(self) -> np.ndarray:
        """(K,): whether more than half of the predicted particle lies in the true one."""
        return 2 * self.areas > self.predicted_areas[self.predicted]

    def only(self, predicted: np.ndarray, true: np.ndarray) -> Overlaps:
        """The overlaps of some particles, chosen by boolean arrays (P,) and (T,)."""
        pairs = predicted[self.predicted] & true[self.true]
        return Overlaps(
            predicted_labels=self.predicted_labels[predicted],
            true_labels=self.true_labels[true],
            predicted_areas=self.predicted_areas[predicted],
            true_areas=self.true_areas[true],
            predicted=(np.cumsum(predicted) - 1)[self.predicted[pairs]],
            true=(np.cumsum(true) - 1)[self.true[pairs]],
            areas=self.areas[pairs],
        )


def find_overlaps(
    predicted: np.ndarray, truth: np.ndarray, *, minimum_size: int = 1, exclude_edge: bool = False
) -> Overlaps:
    """The overlaps of two label images (height, width).

    Left out are true particles of fewer than `minimum_size` pixels and, if `exclude_edge`, those that touch the image's
    edge. A predicted particle is kept or left out with the true one with which its IoU is above 0.5, so that one pixel
    more or less makes no error; without such a partner, the same rules hold for it as for a true one.

    >>> overlaps = find_overlaps(np.array([[1, 1, 0, 2]]), np.array([[5, 5, 5, 0]]))
    >>> overlaps.iou.round(2).tolist(), overlaps.best_iou_of_predicted.round(2).tolist()
    ([0.67], [0.67, 0.0])
    """
    check_shapes(predicted, truth)
    predicted, truth = to_labels(predicted), to_labels(truth, "truth")
    overlaps = _count(predicted, truth)
    counted = _counted(predicted, overlaps.predicted_areas, minimum_size, exclude_edge)
    true_counted = _counted(truth, overlaps.true_areas, minimum_size, exclude_edge)
    partners = overlaps.iou > 0.5  # at most one for each particle
    counted[overlaps.predicted[partners]] = true_counted[overlaps.true[partners]]
    return overlaps.only(counted, true_counted)


def _count(predicted: np.ndarray, truth: np.ndarray) -> Overlaps:
    """The overlaps of all numbers up to the highest label, whether in the image or not."""
    shape = int(predicted.max(initial=0)) + 1, int(truth.max(initial=0)) + 1
    predicted, truth = predicted.ravel(), truth.ravel()
    # Neighbours mostly have the same labels: runs of them are counted instead of pixels.
    begins = np.ones(predicted.size, bool)
    begins[1:] = (predicted[1:] != predicted[:-1]) | (truth[1:] != truth[:-1])
    starts = np.flatnonzero(begins)
    lengths = np.diff(starts, append=predicted.size)
    table = sparse.coo_array((lengths, (predicted[starts], truth[starts])), shape=shape).tocsr()
    pairs = table[1:, 1:].tocoo()
    return Overlaps(
        predicted_labels=np.arange(1, shape[0]),
        true_labels=np.arange(1, shape[1]),
        predicted_areas=table.sum(axis=1)[1:],
        true_areas=table.sum(axis=0)[1:],
        predicted=pairs.row,
        true=pairs.col,
        areas=pairs.data,
    )


def _counted(labels: np.ndarray, areas: np.ndarray, minimum_size: int, exclude_edge: bool) -> np.ndarray:
    counted = areas >= max(minimum_size, 1)
    if exclude_edge:
        edge = np.concatenate([labels[[0, -1]].ravel(), labels[:, [0, -1]].ravel()])
        counted[edge[edge > 0] - 1] = False
    return counted


def one_to_one(overlaps: Overlaps, min_iou: float) -> np.ndarray:
    """Indices (up to K) of the pairs with at least this IoU that, each particle used once, have the greatest total IoU.

    Above an IoU of 0.5 every particle has at most one partner, and all pairs are taken.
    """
    pairs = np.flatnonzero(overlaps.iou >= min_iou)
    if not pairs.size:
        return pairs
    predicted, true = overlaps.predicted[pairs], overlaps.true[pairs]
    # Among equal totals the larger common area decides, not the order of labels.
    weights = overlaps.iou[pairs] + 1e-9 * overlaps.areas[pairs] / overlaps.areas.max()
    # Every predicted particle must take one column: a true particle, or one of its own, which says that it stays alone.
    # A weight of 0 would be no entry in a sparse table; hence 1 more for all of them, which does not change the choice.
    alone, columns = np.arange(len(overlaps.predicted_areas)), len(overlaps.true_areas)
    table = sparse.coo_array(
        (
            np.concatenate([1 + weights, np.ones(alone.size)]),
            (
                np.concatenate([predicted, alone], dtype=np.int32),
                np.concatenate([true, columns + alone], dtype=np.int32),
            ),
        ),
        shape=(alone.size, columns + alone.size),
    )
    _, taken = min_weight_full_bipartite_matching(table.tocsr(), maximize=True)
    return pairs[taken[predicted] == true]


def greatest(values: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """The greatest of the values (K,) in each of `count` groups, or 0; `groups` (K,) tells each value's group."""
    result = np.zeros(count, values.dtype)
    np.maximum.at(result, groups, values)
    return result
