"""A predicted level parted block by block: each particle is taken from the block in which its first pixel lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from autoseg.images.segmentation import edge_labels
from autoseg.models.scoring import Scoring
from autoseg.segmentation.blocks.grid import Block, cut
from autoseg.segmentation.blocks.predicting import Channels
from autoseg.segmentation.blocks.scratch import Stored
from autoseg.segmentation.evidence import measure_each, with_means
from autoseg.segmentation.instances.finding import LOWEST_OTSU, InstanceOptions, keep_instances, part

GROWTH = 3
"So often at most the halo is doubled around a block with particles that reach beyond it."


@dataclass(frozen=True, eq=False)
class StoredFound:
    """Particles of an image, as in `autoseg.segmentation.pyramid.Found`, with labels in a file."""

    labels: Stored = field(repr=False)
    "int32 (rows, columns), from 1 to n; a number may have lost all its pixels to others."
    scores: np.ndarray
    areas: np.ndarray


def part_level(
    channels: Channels, options: InstanceOptions, scoring: Scoring | None, edge: int, halo: int, path: Path
) -> StoredFound:
    """All particles of a level, numbered in reading order; without a scoring all have a score of 1."""
    if options.threshold == "otsu":
        options = options.changed(threshold=max(channels.threshold(), LOWEST_OTSU))
    labels = Stored(path, channels.shape, np.int32)
    firsts, evidence, areas, count = [], [], [], 0
    for block in cut(channels.shape, edge, halo):
        seen, found, first = _part_block(channels, options, block, edge, halo)
        own = first >= 0
        if scoring is not None:
            evidence.append(measure_each(channels.at(seen), found)[own[1:]])
        areas.append(np.bincount(found.ravel(), minlength=own.size)[own])
        firsts.append(first[own])
        _paste(labels, seen, found, own, count)
        count += int(own.sum())
    order = np.argsort(np.concatenate(firsts))
    _renumber(labels, order)
    sizes = np.concatenate(areas)[order]
    if scoring is None:
        return StoredFound(labels, np.ones(count, np.float32), sizes)
    return StoredFound(labels, scoring.score(with_means(np.concatenate(evidence)[order], sizes)), sizes)


def _part_block(
    channels: Channels, options: InstanceOptions, block: Block, edge: int, halo: int
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """What is seen, its labels, and the first pixel of each in the level if it lies in the core, else -1."""
    for doubled in range(GROWTH + 1):
        seen = _widened(block, halo * 2**doubled, channels.shape)
        found = keep_instances(part(channels.at(seen), options), options).astype(np.int32)
        first = _find_firsts(found, seen, block, channels.shape)
        cut_off = edge_labels(_open(found, seen, channels.shape))
        if not (first[cut_off] >= 0).any():
            break
    return seen, found, first


def _widened(block: Block, halo: int, shape: tuple[int, int]) -> tuple[slice, slice]:
    rows, columns = (
        slice(max(side.start - halo, 0), min(side.stop + halo, length))
        for side, length in zip(block.core, shape, strict=True)
    )
    return rows, columns


def _find_firsts(found: np.ndarray, seen: tuple[slice, slice], block: Block, shape: tuple[int, int]) -> np.ndarray:
    """For each label the place of its first pixel in the flattened level, or -1 where that is not in the core."""
    pixels = np.flatnonzero(found)[::-1]
    first = np.full(int(found.max(initial=0)) + 1, -1)
    first[found.ravel()[pixels]] = pixels
    rows, columns = np.divmod(first, found.shape[1])
    rows, columns = rows + seen[0].start, columns + seen[1].start
    inside = (rows >= block.core[0].start) & (rows < block.core[0].stop)
    inside &= (columns >= block.core[1].start) & (columns < block.core[1].stop) & (first >= 0)
    return np.where(inside, rows * shape[1] + columns, -1)


def _open(found: np.ndarray, seen: tuple[slice, slice], shape: tuple[int, int]) -> np.ndarray:
    """The labels with a margin where the level ends: no particle is cut off there."""
    margins = [(int(side.start == 0), int(side.stop == length)) for side, length in zip(seen, shape, strict=True)]
    return np.pad(found, margins)


def _paste(labels: Stored, seen: tuple[slice, slice], found: np.ndarray, own: np.ndarray, after: int) -> None:
    """Write the own labels, numbered on, where nothing is yet."""
    numbers = np.zeros(own.size, np.int32)
    numbers[own] = after + 1 + np.arange(int(own.sum()))
    there = labels[seen]
    labels[seen] = np.where(there == 0, numbers[found], there)


def _renumber(labels: Stored, order: np.ndarray) -> None:
    table = np.zeros(order.size + 1, np.int32)
    table[order + 1] = 1 + np.arange(order.size)
    for rows, band in labels.passing():
        labels[rows] = table[band]
