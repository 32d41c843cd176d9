"""Squared distances of pixels to centres, over what was measured of each pixel."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csc_array
from threadpoolctl import threadpool_limits  # scikit-learn brings it

from autoseg.ellipsometry.features import Table

_ROWS = 16384  # pixels at a time: their part of the table stays in the cache


def one_thread() -> Any:
    """Within this block, products of matrices take one thread: the many small ones here only wait for a second one."""
    return threadpool_limits(1, "blas")


class Assignment(NamedTuple):
    """The nearest centre of each pixel, and what the pixels of each centre have in common."""

    labels: np.ndarray
    "Numbers of centres, from 0; shape (pixels,)."
    distances: np.ndarray
    "Sum over what was measured of the squared differences; float32, shape (pixels,)."
    sums: np.ndarray
    "Of the values measured, for each centre; shape (centres, features)."
    counts: np.ndarray
    "Of the pixels measured, for each centre; shape (centres, wavelengths)."


def assign(table: Table, centres: np.ndarray) -> Assignment:
    """Assign each pixel to the centre it is nearest to; centres have the shape (centres, features)."""
    labels = np.empty(len(table), np.int32)
    nearest = np.empty(len(table), np.float32)
    sums = np.zeros(centres.shape)
    counts = np.zeros((len(centres), table.measured.shape[1]))
    for begin in range(0, len(table), _ROWS):
        rows = slice(begin, begin + _ROWS)
        values, mask = table.values[rows], table.measured[rows].astype(np.float32)
        found = masked_distances(values, mask, centres)
        labels[rows] = found.argmin(axis=1)
        nearest[rows] = found[np.arange(len(found)), labels[rows]]
        member = _membership(labels[rows], len(centres))
        sums += member @ values
        counts += member @ mask
    return Assignment(labels, nearest, sums, counts)


def _membership(labels: np.ndarray, centres: int) -> csc_array:
    """1 where a pixel belongs to a centre, shape (centres, pixels): a product with it adds up the pixels of each."""
    ones = np.ones(len(labels), np.float32)
    return csc_array((ones, labels, np.arange(len(labels) + 1)), shape=(centres, len(labels)))


def masked_distances(values: np.ndarray, mask: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances, shape (pixels, centres), of values that are 0 where the mask, by wavelength, is."""
    centres = centres.astype(np.float32)
    lengths = (centres**2).reshape(len(centres), mask.shape[1], -1).sum(axis=2)
    found = np.einsum("pf,pf->p", values, values)[:, None] - 2 * (values @ centres.T) + mask @ lengths.T
    return np.maximum(found, 0)


def mean_of(table: Table) -> np.ndarray:
    """The mean of what was measured, for each feature."""
    one = assign(table, np.zeros((1, table.values.shape[1])))
    return means(one, np.zeros((1, table.values.shape[1])))[0]


def means(found: Assignment, before: np.ndarray) -> np.ndarray:
    """The mean of the measured values of each centre's pixels; where there is none, the centre as it was before."""
    counts = np.repeat(found.counts, before.shape[1] // found.counts.shape[1], axis=1)
    return np.where(counts > 0, found.sums / np.maximum(counts, 1), before)
