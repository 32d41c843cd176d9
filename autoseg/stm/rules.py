"""From probabilities to classes by rules: two models together, defects on or off the rows, and what is doubtful.

Probabilities are float32 (rows, columns, 4), those of background, 1-dimer, 2-dimer and double-dimer; `rows` are the
probabilities (rows, columns) that a pixel is of a row of dimers.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from autoseg.errors import OptionsError
from autoseg.options import Options, Share
from autoseg.stm.classes import TWO


class Rules(Options):
    """How classes follow from what one model, or two, predict; by default the most probable class of their mean."""

    combine: Literal["mean", "ensemble", "add_and_clear"] = "mean"
    """mean: of the models' probabilities. ensemble: the first model decides, but for 2-dimers, which either may find
    and the other one forbid. add_and_clear: the first decides, the second adds what it is sure of, and clears what the
    first is unsure of. The last two need a second model."""
    sure_background: Share = 0.9
    "ensemble: from this probability of background on, the second model takes 2-dimers of the first away."
    sure_two: Share = 0.5
    "ensemble: from this probability on, a model's 2-dimers stay, or are added, unless the other model forbids it."
    add_above: Share = 0.75
    "add_and_clear: the second model adds a class that it is surer of than this."
    add_two_above: Share = 0.8
    """add_and_clear: and a 2-dimer only where the first model gives it more than this; as the first says background
    there, that never happens from 0.5 on."""
    clear_above: Share = 0.65
    "add_and_clear: the second model clears what it is surer of being background than this ..."
    clear_below: Share = 0.65
    "... where the first one is less sure of its class than this."
    gate: Literal["none", "off_rows", "on_rows"] = "none"
    """off_rows: as the published second step, defects only where there is no row, which cuts through vacancies, because
    these sit on rows; on_rows: only where there is one."""
    boost: bool = False
    "Add 2-dimers where there is background on a row, of less probability than usual."
    boost_rows: Share = 0.7
    "boost: the row must be more probable than this."
    boost_above: Share = 0.4
    "boost: from this probability of a 2-dimer on."
    two_gate: Literal["none", "published", "probability"] = "none"
    """Which 2-dimers stay. published: softmax is applied once more to the probabilities before they are compared
    with `two_above` and `two_margin`: 0.45 and 0.3 then ask for a probability of 0.9991; probability: these
    themselves."""
    two_above: Share = 0.45
    "two_gate: the least that a 2-dimer needs."
    two_margin: Share = 0.3
    "two_gate: by how much it must exceed the best other class."

    def apply(self, first: np.ndarray, second: np.ndarray | None = None, rows: np.ndarray | None = None) -> np.ndarray:
        """The class of each pixel, uint8 (rows, columns).

        >>> first = np.array([[[0.6, 0.1, 0.2, 0.1], [0.1, 0.8, 0.05, 0.05]]], np.float32)
        >>> Rules().apply(first).tolist(), Rules(gate="off_rows").apply(first, rows=np.ones((1, 2))).tolist()
        ([[0, 1]], [[0, 0]])
        """
        if second is None and self.combine != "mean":
            raise OptionsError(f'the rule "{self.combine}" needs a second model', advice="Give one as the ensemble.")
        if rows is None and (self.gate != "none" or self.boost):
            raise OptionsError("a gate by rows, and a boost, need a model that predicts rows", advice="Leave them out.")
        mean = first if second is None else (first + second) / 2
        classes = self._combined(first, second, mean)
        if self.two_gate != "none":
            classes = self._gated_twos(classes, mean)
        if self.gate != "none":
            assert rows is not None
            classes = np.where((rows > 0.5) == (self.gate == "on_rows"), classes, 0)
        if self.boost:
            assert rows is not None
            boosted = (classes == 0) & (rows > self.boost_rows) & (mean[..., TWO] > self.boost_above)
            classes = np.where(boosted, TWO, classes)
        return classes.astype(np.uint8)

    def _combined(self, first: np.ndarray, second: np.ndarray | None, mean: np.ndarray) -> np.ndarray:
        if second is None or self.combine == "mean":
            return mean.argmax(axis=-1)
        return self._ensemble(first, second) if self.combine == "ensemble" else self._add_and_clear(first, second)

    def _ensemble(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        ours, theirs = first.argmax(axis=-1), second.argmax(axis=-1)
        classes = np.where((ours == TWO) & (second[..., 0] >= self.sure_background), 0, ours)
        for said, sure, other in ((ours, first, second), (theirs, second, first)):
            certain = (said == TWO) & (sure[..., TWO] >= self.sure_two) & (other[..., 0] < self.sure_background)
            classes = np.where(certain, TWO, classes)
        return classes

    def _add_and_clear(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        ours, theirs = first.argmax(axis=-1), second.argmax(axis=-1)
        certainty = second.max(axis=-1)
        adds = (ours == 0) & (theirs != 0) & (certainty > self.add_above)
        adds &= (theirs != TWO) | (first[..., TWO] > self.add_two_above)
        clears = (ours != 0) & (theirs == 0) & (certainty > self.clear_above) & (first.max(axis=-1) < self.clear_below)
        return np.where(adds, theirs, np.where(clears, 0, ours))

    def _gated_twos(self, classes: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Classes in which 2-dimers that do not pass are what is most probable beside them."""
        judged = mean
        if self.two_gate == "published":
            exponents = np.exp(mean)
            judged = exponents / exponents.sum(axis=-1, keepdims=True)
        others = judged.copy()
        others[..., TWO] = -1
        passes = judged[..., TWO] > self.two_above
        passes &= judged[..., TWO] - others.max(axis=-1) > self.two_margin
        return np.where((classes == TWO) & ~passes, others.argmax(axis=-1), classes)
