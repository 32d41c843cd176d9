"""Whether to believe what was found: a network that was trained on pictures of particles sees some in noise, too."""

from __future__ import annotations

import numpy as np

LEAST = 0.02
"""Noise, bare substrates and shades of many grey values stay below this plausibility. Of 366 micrographs of all kinds
with particles, 34 do so, too: hardly any of their particles were found (mean F1 0.22)."""


def measure_plausibility(scores: np.ndarray, areas: np.ndarray) -> float:
    """By how much more probable it is, from 0 to 1, that what was found is particles than that it is not.

    Each counts as much as its diameter, by its score and its area (n,); what is more probably none counts as 0.

    >>> measure_plausibility(np.array([1.0, 0.75, 0.2]), np.array([4, 1, 1]))
    0.625
    """
    diameters = np.sqrt(areas)
    excess = float(np.maximum(2 * scores - 1, 0) @ diameters)
    return excess / float(diameters.sum()) if excess else 0.0


def find_doubt(field: np.ndarray, labels: np.ndarray, plausibility: float | None, least: float) -> str | None:
    """Why what was found in a field of view (rows, columns) is not to be believed, as a sentence; None: believe it.

    A least plausibility of 0 believes everything, save particles of a single grey value; so does None, where nobody
    can tell how plausible they are.

    >>> field, labels = np.arange(16).reshape(4, 4), np.eye(4, dtype=int)
    >>> find_doubt(field, labels, 0.01, least=0.02)
    'hardly any of it is more probably a particle than not (plausibility 0.01, below 0.02)'
    >>> find_doubt(field, labels, 0.9, least=0.02)
    'most of their area reaches from one edge of the image to the opposite one, as shades and bands do'
    """
    if field.min() == field.max():
        return "all pixels of the image have the same grey value"
    if plausibility is None or least == 0:
        return None
    if plausibility < least:
        told = f"plausibility {plausibility:.2f}, below {least:g}"
        return f"hardly any of it is more probably a particle than not ({told})"
    if share_across(labels) > 0.5:
        return "most of their area reaches from one edge of the image to the opposite one, as shades and bands do"
    return None


def share_across(labels: np.ndarray) -> float:
    """The share of the area of what was found that belongs to particles which touch opposite edges of the image.

    >>> share_across(np.array([[1, 1, 1, 1], [0, 0, 0, 0], [2, 0, 0, 0]]))
    0.8
    """
    areas = np.bincount(labels.ravel())
    across = np.zeros(areas.size, bool)
    for first, last in ((labels[0], labels[-1]), (labels[:, 0], labels[:, -1])):
        across[np.intersect1d(first, last)] = True
    return float(areas[1:][across[1:]].sum() / max(areas[1:].sum(), 1))
