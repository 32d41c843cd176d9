"""Whether to believe a prediction: a network that was trained on pictures of particles sees some in noise, too."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autoseg.heads import DISTANCE, FOREGROUND
from autoseg.images.distance import relative_distance

LEAST = 0.6
"""Noise, bare substrates and shades of many grey values stay below this plausibility, nearly all below 0.55, and
micrographs of particles that a network knows are above 0.7. Of 22 others, of all kinds, that were segmented with an F1
above 0.3, one is below. A texture of cells with dark rims is as plausible as grains that are packed as densely."""


def measure_plausibility(probability: Mapping[str, np.ndarray], labels: np.ndarray) -> float:
    """How plausible these particles are, from 0 to 1, by the predicted foreground and distance (rows, columns).

    From particles follow distances to their rims, and the network predicts such distances, too. Where they are
    particles the two agree; where they are the ground between particles, fragments or noise, they do not. Plausibility
    is the overlap of both, relative to their union, times the square of how sure the foreground is.

    >>> labels = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]])
    >>> measure_plausibility({"foreground": labels, "distance": labels}, labels)
    1.0
    >>> round(measure_plausibility({"foreground": 0.75 * labels, "distance": 0.5 * labels}, labels), 2)
    0.42
    """
    predicted, found = probability[DISTANCE], relative_distance(labels)
    either = float(np.maximum(predicted, found).sum())
    agreement = float(np.minimum(predicted, found).sum()) / either if either else 0.0
    return agreement * float(np.abs(2 * probability[FOREGROUND] - 1).mean()) ** 2


def find_doubt(field: np.ndarray, labels: np.ndarray, plausibility: float | None, least: float) -> str | None:
    """Why what was found in a field of view (rows, columns) is not to be believed, as a sentence; None: believe it.

    A least plausibility of 0 believes everything, save particles of a single grey value; so does None, where nobody
    can tell how plausible they are.

    >>> field, labels = np.arange(16).reshape(4, 4), np.eye(4, dtype=int)
    >>> find_doubt(field, labels, 0.5, least=0.6)
    'the network is unsure, or contradicts itself about where they end (plausibility 0.50, below 0.6)'
    >>> find_doubt(field, labels, 0.9, least=0.6)
    'most of their area reaches from one edge of the image to another, as shades and bands do'
    """
    if not labels.any():
        return None
    if field.min() == field.max():
        return "all pixels of the image have the same grey value"
    if plausibility is None or least == 0:
        return None
    if plausibility < least:
        return (
            "the network is unsure, or contradicts itself about where they end "
            f"(plausibility {plausibility:.2f}, below {least:g})"
        )
    if share_between_edges(labels) > 0.5:
        return "most of their area reaches from one edge of the image to another, as shades and bands do"
    return None


def share_between_edges(labels: np.ndarray) -> float:
    """The share of the area of what was found that belongs to particles which touch two edges of the image or more.

    >>> share_between_edges(np.array([[1, 1, 1, 0], [0, 0, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]]))
    0.75
    """
    areas = np.bincount(labels.ravel())
    frame = labels[0], labels[-1], labels[:, 0], labels[:, -1]
    touched = np.bincount(np.concatenate([np.unique(strip) for strip in frame]), minlength=areas.size)
    return float(areas[1:][touched[1:] > 1].sum() / max(areas[1:].sum(), 1))
