"""What a segmenter learns from: images of which it is known what they show."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autoseg.heads import ClassLabel, Head
from autoseg.images.class_files import read_classes, write_classes
from autoseg.images.labels import read_labels, write_labels
from autoseg.stages.grey import numbered_files, read_grey, write_grey
from autoseg.stages.stage import Outputs
from autoseg.training.labelled_views import LabelledImage

MASK, LABELS, CLASSES, ALSO = "_mask.tif", "_labels.tif", "_classes.tif", "_also_{}.tif"
"How the names of masks, with dark rims between particles, of labels, class maps and further channels end."


@dataclass(frozen=True)
class Pair(ABC):
    """An image on disk, and beside it what it shows."""

    image: Path

    @abstractmethod
    def read(self, head: Head) -> LabelledImage:
        """The image, uint8, and what a head learns of it."""


@dataclass(frozen=True)
class ParticlePair(Pair):
    """With the labels of particles, and a mask in which dark rims part particles that touch."""

    labels: Path
    mask: Path

    def read(self, head: Head) -> LabelledImage:
        """In the labels that the head "mask" learns, the rims are background."""
        labels = read_labels(self.labels)
        if head.kind == "mask":
            labels = labels * (read_grey(self.mask) > 0)
        return LabelledImage(read_grey(self.image), labels)


@dataclass(frozen=True)
class ClassPair(Pair):
    """With a class map, and an image, black to white, for each channel of a head's further outputs."""

    classes: Path

    def read(self, head: Head) -> LabelledImage:
        """Classes are numbers; what further outputs show is in 0..1."""
        start = self.classes.name.removesuffix(CLASSES)
        also = {
            output.name: np.dstack(
                [
                    read_grey(self.classes.with_name(start + ALSO.format(channel))) / np.float32(255)
                    for channel in output.channels
                ]
            )
            for output in head.also
        }
        return LabelledImage(read_grey(self.image), read_classes(self.classes).classes, also=also)


class Pairs(Outputs, ABC):
    """Images 00000.tif, uint8, in one folder, and in another one what they show."""

    images: Path
    truth: Path
    held_out: tuple[int, ...] = ()
    "Which of them are not learned from, but choose the weights; if none of any source, these are drawn at random."

    @abstractmethod
    def files(self) -> Sequence[Pair]:
        """All pairs."""


class ParticlePairs(Pairs):
    """The truth is 00000_mask.tif and 00000_labels.tif, as simulated masks are written."""

    def files(self) -> list[ParticlePair]:
        """All pairs."""
        return [
            ParticlePair(path, self.truth / f"{path.stem}{LABELS}", self.truth / f"{path.stem}{MASK}")
            for path in numbered_files(self.images)
        ]

    def write(self, folder: Path, name: str, image: np.ndarray, mask: np.ndarray, labels: np.ndarray) -> None:
        """Write a pair: an image in 0..1, a boolean mask with dark rims between particles, and their labels."""
        write_grey(folder / self.images / f"{name}.tif", image)
        write_grey(folder / self.truth / f"{name}{MASK}", mask)
        write_labels(folder / self.truth / f"{name}{LABELS}", labels)


class ClassPairs(Pairs):
    """The truth is 00000_classes.tif, and 00000_also_CHANNEL.tif for each channel of a head's further outputs."""

    def files(self) -> list[ClassPair]:
        """All pairs."""
        return [ClassPair(path, self.truth / f"{path.stem}{CLASSES}") for path in numbered_files(self.images)]

    def write(
        self,
        folder: Path,
        name: str,
        image: np.ndarray,
        classes: np.ndarray,
        legend: Sequence[ClassLabel],
        also: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Write a pair: an image in 0..1, its class map, and images in 0..1 by the names of further channels."""
        write_grey(folder / self.images / f"{name}.tif", image)
        write_classes(folder / self.truth / f"{name}{CLASSES}", classes, legend)
        for channel, values in (also or {}).items():
            write_grey(folder / self.truth / (name + ALSO.format(channel)), values)


class Unlabelled(Outputs):
    """Images 00000.tif, uint8, of which nobody knows what they show."""

    unlabelled: Path


def files_of(sources: Sequence[Pairs]) -> list[Pair]:
    """All pairs of these sources."""
    return [pair for source in sources for pair in source.files()]


def held_out_of(sources: Sequence[Pairs]) -> list[int] | None:
    """Which of all pairs of these sources are held out by them; None if no source says so."""
    found: list[int] = []
    before = 0
    for source in sources:
        found += [before + place for place in source.held_out]
        before += len(source.files())
    return found or None
