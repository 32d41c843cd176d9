"""Pairs of pictures and what they show, and some of them kept apart for a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autoseg.images.class_files import read_classes
from autoseg.images.labels import read_labels, write_labels
from autoseg.stages.grey import numbered_files, read_grey
from autoseg.stages.pairs import ALSO, CLASSES, ClassPairs
from autoseg.stm.classes import LEGEND, ROWS
from autoseg.stm.defects import Defects, find_defects, known_defects

INSTANCES = "_instances.tif"


@dataclass(frozen=True, eq=False)
class Surface:
    """A picture and all that is known about it; arrays of one shape."""

    image: np.ndarray
    "uint8."
    classes: np.ndarray
    "uint8; 255 where nobody knows."
    rows: np.ndarray | None
    "bool."
    instances: np.ndarray | None
    "A number for each defect."

    def defects(self, smallest: int) -> Defects:
        """Those of so many px at least; where no numbers are known, connected ones."""
        if self.instances is None:
            return find_defects(self.classes)
        return known_defects(self.instances, self.classes, smallest)


class Surfaces(ClassPairs):
    """Pairs to learn from, and others, of the same kind, in folders of their own for a test."""

    test_images: Path
    test_truth: Path

    def test(self) -> list[Path]:
        """The pictures of the test."""
        return numbered_files(self.test_images)

    def read_test(self, path: Path) -> Surface:
        """A picture of the test, and what it shows."""
        start = self.test_truth / path.stem
        rows, instances = Path(f"{start}{ALSO.format(ROWS)}"), Path(f"{start}{INSTANCES}")
        return Surface(
            image=read_grey(path),
            classes=read_classes(f"{start}{CLASSES}").classes,
            rows=read_grey(rows) > 0 if rows.is_file() else None,
            instances=read_labels(instances) if instances.is_file() else None,
        )

    def write_surface(self, folder: Path, number: int, surface: Surface, *, test: bool) -> None:
        """Write a pair, into the folders of the test or into the others; numbers of defects only there."""
        pairs = ClassPairs(images=self.test_images, truth=self.test_truth) if test else self
        also = {} if surface.rows is None else {ROWS: surface.rows}
        pairs.write(folder, f"{number:05}", surface.image / np.float32(255), surface.classes, LEGEND, also)
        if test and surface.instances is not None:
            write_labels(folder / self.test_truth / f"{number:05}{INSTANCES}", surface.instances)
