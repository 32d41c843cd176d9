"""How probable it is that a particle is one, by what speaks for it: the scoring of a model, in its `config.json`."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from autoseg.options import Options, Share

VARIABLES = 6
TERMS = (VARIABLES + 1) * (VARIABLES + 2) // 2
"Of a polynomial of second degree."
DIAMETERS = (4.0, 160.0)
"Beyond these, in pixels as the network sees them, a particle is scored as if it had this diameter."
CALIBRATED = (
    -6.922,
    -3.36,
    3.929,
    -1.264,
    -6.238,
    1.589,
    -0.3436,
    6.386,
    -0.1006,
    1.965,
    6.073,
    -0.141,
    0.14,
    -5.916,
    -1.694,
    5.474,
    -1.64,
    -0.7387,
    -0.04567,
    1.381,
    -0.3034,
    0.5988,
    5.91,
    1.775,
    -0.9632,
    0.648,
    1.133,
    0.2079,
)
"With the shipped model `particles`, on renderings of particles of all kinds."


class Scoring(Options):
    """How a particle's score follows from what speaks for it, see `autoseg.segmentation.evidence`.

    It is the logistic function of a polynomial of second degree.
    """

    coefficients: Annotated[tuple[float, ...], Field(min_length=TERMS, max_length=TERMS)] = CALIBRATED
    "Of 1, of each variable, and of their products, in the order of `numpy.triu_indices`."
    least: Share = 0.45
    "Particles of a lower score are best left out."

    def score(self, evidence: np.ndarray) -> np.ndarray:
        """Scores from 0 to 1, float32 (n,), of evidence (n, VARIABLES).

        >>> scoring = Scoring(coefficients=(-1, 2, *[0] * (TERMS - 2)))
        >>> scoring.score(np.array([[0.5, 1, 4, 0.5, 1, 4]])).tolist()
        [0.5]
        """
        return logistic(terms(evidence) @ np.array(self.coefficients)).astype(np.float32)


def terms(evidence: np.ndarray) -> np.ndarray:
    """The terms of the polynomial (n, TERMS), of evidence (n, VARIABLES).

    >>> terms(np.array([[0.5, 1, 4, 0, 0, 4]]))[0, :7].tolist()
    [1.0, 0.5, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    low, high = np.log2(DIAMETERS)
    values = np.column_stack([np.ones(len(evidence)), evidence])
    values[:, 3::3] = np.clip(values[:, 3::3], low, high) - 4  # the diameters, around 16 pixels
    rows, columns = np.triu_indices(VARIABLES + 1)
    return values[:, rows] * values[:, columns]


def logistic(values: np.ndarray) -> np.ndarray:
    """From any number to one between 0 and 1.

    >>> logistic(np.array([0.0])).tolist()
    [0.5]
    """
    return 1 / (1 + np.exp(-np.clip(values, -50, 50)))
