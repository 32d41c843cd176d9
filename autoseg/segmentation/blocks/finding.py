"""All particles of a large image, by way of files in a folder for a while."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autoseg.heads import Head
from autoseg.models.config import Preprocessing
from autoseg.models.scoring import Scoring
from autoseg.segmentation.adaptation import as_seen
from autoseg.segmentation.blocks.joining import bring_found_back, join_stored, select_stored
from autoseg.segmentation.blocks.parting import StoredFound, part_level
from autoseg.segmentation.blocks.predicting import Run, predict_level
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.plausibility import measure_plausibility
from autoseg.segmentation.pyramid import unfiltered

HALO = 128
"Pixels of a level around a block in which particles that begin there may lie; more where they need more."


@dataclass(frozen=True)
class Sight:
    """How a network is run on blocks."""

    run: Run
    reach: int
    "Pixels that it sees to each side."
    multiple: int
    "It reduces an image by so much."


@dataclass(frozen=True, eq=False)
class Selected:
    """The particles of an image that count, and what there was beside them."""

    labels: np.ndarray
    scores: np.ndarray
    left_out: int
    "Particles that are large enough, but have a lower score."
    plausibility: float | None


@dataclass(frozen=True)
class Search:
    """What is looked for in a large image; `given` names options set by the user."""

    head: Head
    settings: Preprocessing
    scoring: Scoring
    options: InstanceOptions
    given: frozenset[str]
    minimum_score: float


def find_in_blocks(
    field: np.ndarray, magnifications: Sequence[float], search: Search, sight: Sight, edge: int
) -> Selected:
    """The particles of a field of view (rows, columns), seen at some magnifications, the largest first.

    They are what the whole image shows: normalisation, Otsu's threshold, means behind scores and the joining of levels
    are of the whole. Only a particle that reaches farther than eight halos from its block's edge may differ.
    """
    with tempfile.TemporaryDirectory(prefix="autoseg_") as folder:
        joined: StoredFound | None = None
        for number, magnification in enumerate(magnifications):
            found = _find_level(field, magnification, search, sight, edge, Path(folder, f"{number}"), number == 0)
            joined = found if joined is None else join_stored(joined, found)
        assert joined is not None  # there is a magnification at least
        return _select(joined, search, edge)


def _find_level(
    field: np.ndarray, magnification: float, search: Search, sight: Sight, edge: int, path: Path, finest: bool
) -> StoredFound:
    head = search.head
    options = unfiltered(as_seen(search.options, magnification, set(search.given), finest))
    channels = predict_level(
        field, magnification, search.settings, head, sight.run, edge, sight.reach, sight.multiple,
        path.with_suffix(".channels"),
    )  # fmt: skip
    scoring = search.scoring if head.tells_distance else None
    found = part_level(channels, options, scoring, edge, HALO, path.with_suffix(".labels"))
    channels.stored.remove()
    return bring_found_back(found, (field.shape[0], field.shape[1]), path.with_suffix(".brought"))


def _select(found: StoredFound, search: Search, edge: int) -> Selected:
    options, least = search.options, search.minimum_score
    labels, scores = select_stored(found, least, options.minimum_size, options.fill_holes, edge, edge // 2)
    left_out = int(np.sum((found.scores < least) & (found.areas >= options.minimum_size)))
    plausibility = measure_plausibility(found.scores, found.areas) if found.areas.any() else None
    return Selected(labels, scores, left_out, plausibility)
