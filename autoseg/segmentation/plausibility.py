"""Whether to believe what was found: a network that was trained on pictures of particles sees some in noise, too."""

from __future__ import annotations

import numpy as np

LEAST = 0.002
"""Below this plausibility no particle at all is more probably one than not, or a few specks among hundreds of doubtful
regions are: noise, bare substrates and shades of many grey values are like that."""
SHADED = 0.93
"An image is nothing but a shade if a smooth surface explains so much of the variance of its grey values."


def measure_plausibility(scores: np.ndarray, areas: np.ndarray) -> float:
    """By how much more probable it is, from 0 to 1, that what was found is particles than that it is not.

    Each counts as much as its diameter, by its score and its area (n,); what is more probably none counts as 0.

    >>> measure_plausibility(np.array([1.0, 0.75, 0.2]), np.array([4, 1, 1]))
    0.625
    """
    diameters = np.sqrt(areas)
    excess = float(np.maximum(2 * scores - 1, 0) @ diameters)
    return excess / float(diameters.sum()) if excess else 0.0


def find_doubt(field: np.ndarray, plausibility: float | None, least: float) -> str | None:
    """Why what was found in a field of view (rows, columns) is not to be believed, as a sentence; None: believe it.

    A least plausibility of 0 believes everything, save particles of a single grey value; so does None, where nobody
    can tell how plausible they are.

    >>> field = np.eye(4)
    >>> find_doubt(field, 0.01, least=0.02)
    'hardly any of it is more probably a particle than not (plausibility 0.01, below 0.02)'
    """
    if field.min() == field.max():
        return "all pixels of the image have the same grey value"
    if plausibility is None or least == 0:
        return None
    if plausibility < least:
        told = f"plausibility {plausibility:.2f}, below {least:g}"
        return f"hardly any of it is more probably a particle than not ({told})"
    if shaded_share(field) > SHADED:
        return "the image shows hardly anything but a smooth shade"
    return None


def shaded_share(field: np.ndarray) -> float:
    """The share of the variance of grey values (rows, columns) that a surface of second degree explains.

    >>> row, column = np.indices((40, 50))
    >>> round(shaded_share(row**2 + 3.0 * column), 3), round(shaded_share(row % 8 + 0.0), 2)
    (1.0, 0.04)
    """
    rows, columns = (np.linspace(-1, 1, length) for length in field.shape)
    powers = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    # On a grid all sums of the least squares are products of sums along rows and columns.
    along_rows, along_columns = (np.array([axis**power for power in range(3)]) for axis in (rows, columns))
    # Not by BLAS, whose threads wait for each other longer than this takes.
    products = np.einsum("ir,rj->ij", along_rows, np.einsum("rc,jc->rj", field.astype(float), along_columns))
    moments = np.array([products[power] for power in powers])
    along = [
        [(rows ** (one[0] + two[0])).sum() * (columns ** (one[1] + two[1])).sum() for two in powers] for one in powers
    ]
    explained = moments @ np.linalg.pinv(np.array(along)) @ moments
    constant = moments[0] ** 2 / field.size
    return float((explained - constant) / max(np.square(field, dtype=float).sum() - constant, 1e-12))
