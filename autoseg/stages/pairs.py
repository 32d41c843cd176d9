"""What a segmenter learns from: images of which it is known what they show."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path

import numpy as np

from autoseg.heads import ClassLabel, Head
from autoseg.images.class_files import read_classes, write_classes
from autoseg.images.labels import read_labels, write_labels
from autoseg.stages.grey import numbered_files, read_grey, write_grey
from autoseg.stages.stage import Outputs
from autoseg.training.labelled_views import LabelledImage
from autoseg.training.targets import make_targets

MASK, LABELS, CLASSES, ALSO = "_mask.tif", "_labels.tif", "_classes.tif", "_also_{}.tif"
"How the names of masks, with dark rims between particles, of labels, class maps and further channels end."
KNOWN = "_known.tif"
"How the names of images end that are black where nobody knows what is shown."


@dataclass(frozen=True)
class Pair(ABC):
    """An image on disk, and beside it what it shows."""

    image: Path

    @property
    def origin(self) -> Hashable:
        """What it was made from: pairs of one origin show the same, and are held out together."""
        return self.image

    @property
    def is_complete(self) -> bool:
        """Whether it is known of every pixel what it shows."""
        return True

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
class LabelledPair(ParticlePair):
    """Of a micrograph that somebody has labelled, perhaps in part."""

    known: Path
    micrograph: int

    @property
    def origin(self) -> Hashable:
        """The micrograph."""
        return self.image.parent, self.micrograph

    @property
    def is_complete(self) -> bool:
        """There is a file only where something is not known."""
        return not self.known.exists()

    def read(self, head: Head) -> LabelledImage:
        """What is not known is not certain at all."""
        found = super().read(head)
        return found if self.is_complete else found._replace(certainty=(read_grey(self.known) > 0).astype(np.float32))


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

    def files(self) -> Sequence[ParticlePair]:
        """All pairs."""
        return [ParticlePair(path, *self._truth(path)) for path in numbered_files(self.images)]

    def _truth(self, image: Path) -> tuple[Path, Path]:
        """Labels and mask of an image."""
        return self.truth / f"{image.stem}{LABELS}", self.truth / f"{image.stem}{MASK}"

    def write(self, folder: Path, name: str, image: np.ndarray, mask: np.ndarray, labels: np.ndarray) -> None:
        """Write a pair: an image in 0..1, a boolean mask with dark rims between particles, and their labels."""
        write_grey(folder / self.images / f"{name}.tif", image)
        write_grey(folder / self.truth / f"{name}{MASK}", mask)
        write_labels(folder / self.truth / f"{name}{LABELS}", labels)


class LabelledPairs(ParticlePairs):
    """Tiles of labelled micrographs; where not all of one is known, 00000_known.tif tells what is."""

    origins: tuple[int, ...] = ()
    "For each pair the number of the micrograph that it was cut out of."

    def files(self) -> Sequence[LabelledPair]:
        """All pairs."""
        return [
            LabelledPair(path, *self._truth(path), self.truth / f"{path.stem}{KNOWN}", origin)
            for path, origin in zip(numbered_files(self.images), self.origins, strict=True)
        ]

    def write_known(self, folder: Path, name: str, image: np.ndarray, labels: np.ndarray, known: np.ndarray) -> None:
        """Write a pair: an image in 0..1, labels, and where these are known; lines part what touches in the mask."""
        mask = make_targets(labels, Head(kind="mask"))[..., 0] > 0
        self.write(folder, name, image, mask, labels)
        if not known.all():
            write_grey(folder / self.truth / f"{name}{KNOWN}", known)


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


def reader_of(pairs: Sequence[Pair], head: Head) -> Callable[[Pair], LabelledImage]:
    """How these pairs are read for a head: either all of them with a map of certainty, or none."""
    if all(pair.is_complete for pair in pairs):
        return methodcaller("read", head)

    def read(pair: Pair) -> LabelledImage:
        found = pair.read(head)
        return (
            found if found.certainty is not None else found._replace(certainty=np.ones(found.image.shape, np.float32))
        )

    return read


class Unlabelled(Outputs):
    """Images 00000.tif, uint8, of which nobody knows what they show."""

    unlabelled: Path


def files_of(sources: Sequence[Pairs]) -> list[Pair]:
    """All pairs of these sources."""
    return [pair for source in sources for pair in source.files()]


def held_out_of(sources: Sequence[Pairs]) -> list[int]:
    """Which of all pairs of these sources are held out by them; none if no source says so."""
    found: list[int] = []
    before = 0
    for source in sources:
        found += [before + place for place in source.held_out]
        before += len(source.files())
    return found
