"""How labelled slices are shared out: what trains, what chooses the weights, and what only scores."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pydantic
from pydantic import Field

from autoseg.errors import OptionsError
from autoseg.options import Options

LEAK = 0.45
"From this mean Dice on, masks of validation and test say again what those of the training said."


class Split(Options):
    """Indices of labelled slices; those in none of the three lie in the gaps, and count as unlabelled."""

    training: tuple[int, ...]
    validation: tuple[int, ...] = ()
    test: tuple[int, ...] = ()


class SplitOptions(Options):
    """How labelled slices are shared out."""

    method: Literal["blocks", "published", "named"] = "blocks"
    """blocks: along the volume, with gaps, as neighbouring slices show the same grains; published: shuffled, so that
    they leak; named: as `training`, `validation` and `test` name them."""
    validation_share: float = Field(0.15, ge=0, lt=1)
    "Of the slices, for blocks."
    test_share: float = Field(0.2, ge=0, lt=1)
    "Of the slices, for blocks."
    gap: int = Field(2, ge=0)
    "Slices left out between blocks."
    seed: int = 1337
    "Of the published shuffling."
    training: tuple[str, ...] = ()
    "Names of slices without ending, for named."
    validation: tuple[str, ...] = ()
    "Names of slices without ending, for named."
    test: tuple[str, ...] = ()
    "Names of slices without ending, for named."

    @pydantic.model_validator(mode="after")
    def _names_are_named(self) -> SplitOptions:
        if (self.method == "named") != bool(self.training or self.validation or self.test):
            raise ValueError('"training", "validation" and "test" are for the method "named", which needs them')
        return self


def split_slices(names: Sequence[str], options: SplitOptions | None = None) -> Split:
    """Share out slices, whose names are in their order along the volume.

    >>> split_slices([f"{number:02}" for number in range(22)]).validation
    (13, 14, 15)
    >>> split_slices([f"{number:02}" for number in range(22)], SplitOptions(method="published")).test
    (21, 7, 2, 0)
    """
    options = options or SplitOptions()
    match options.method:
        case "published":
            return _shuffled(sorted(range(len(names)), key=names.__getitem__), options.seed)
        case "named":
            return _named(names, options)
    return _in_blocks(len(names), options)


def find_leak(masks: Sequence[np.ndarray], split: Split) -> float | None:
    """How well masks of the training, copied, would score: the mean Dice of each other mask with the most alike.

    None where nothing is validated or tested.
    """
    held = (*split.validation, *split.test)
    if not held or not split.training:
        return None
    return float(np.mean([max(dice(masks[i], masks[j]) for j in split.training) for i in held]))


def copied_neighbour(masks: Sequence[np.ndarray], split: Split) -> float | None:
    """Mean Dice on the test slices of the mask of the nearest training slice, without a look at the image."""
    if not split.test or not split.training:
        return None
    nearest = {i: min(split.training, key=lambda j: (abs(i - j), j)) for i in split.test}
    return float(np.mean([dice(masks[i], masks[j]) for i, j in nearest.items()]))


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Twice what two masks have in common, over what both have; 1 where both are empty.

    >>> dice(np.array([True, True]), np.array([True, False]))
    0.6666666666666666
    """
    total = np.count_nonzero(one) + np.count_nonzero(other)
    return float(2 * np.count_nonzero(one & other) / total) if total else 1.0


def _in_blocks(count: int, options: SplitOptions) -> Split:
    """Training first, then validation, then test; of so few slices that none could be left out, all train."""
    test, validation = round(options.test_share * count), round(options.validation_share * count)
    gaps = options.gap * ((test > 0) + (validation > 0))
    training = count - test - validation - gaps
    if training < 1 or count < 5:
        return Split(training=tuple(range(count)))
    first = training + options.gap * (validation > 0)
    return Split(
        training=tuple(range(training)),
        validation=tuple(range(first, first + validation)),
        test=tuple(range(count - test, count)),
    )


def _shuffled(order: list[int], seed: int) -> Split:
    count = len(order)
    random.Random(seed).shuffle(order)  # as published: a generator of its own, no global state
    test = min(5, count // 5)
    validation = min(4, count // 5)
    return Split(
        training=tuple(order[test + validation :]),
        validation=tuple(order[test : test + validation]),
        test=tuple(order[:test]),
    )


def _named(names: Sequence[str], options: SplitOptions) -> Split:
    places = {name: place for place, name in enumerate(names)}
    asked = (*options.training, *options.validation, *options.test)
    if unknown := [name for name in asked if name not in places]:
        raise OptionsError(f'there is no labelled slice "{unknown[0]}"', advice="Give names without their ending.")
    if len(set(asked)) < len(asked):
        raise OptionsError("a slice stands in two parts of the split", advice="Name each of them once.")
    parts = {
        part: tuple(places[name] for name in getattr(options, part)) for part in ("training", "validation", "test")
    }
    return Split(**parts)
