"""What a segmenter learns from: micrographs of which it is known what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autoseg.images.labels import read_labels, write_labels
from autoseg.sem.mask_files import LABELS, MASK
from autoseg.sem.stages.grey import numbered_files, read_grey, write_grey
from autoseg.stages import Outputs

PairFiles = tuple[Path, Path]
"A micrograph, and the names of its mask and labels without their endings."


class Pairs(Outputs):
    """Micrographs 00000.tif, uint8, and what is in each: 00000_mask.tif and 00000_labels.tif, as simulated masks."""

    micrographs: Path
    masks: Path

    def files(self) -> list[PairFiles]:
        """All pairs."""
        return [(path, self.masks / path.stem) for path in numbered_files(self.micrographs)]


def files_of(*sources: Pairs | None) -> list[PairFiles]:
    """All pairs of those sources that there are."""
    return [files for source in sources if source is not None for files in source.files()]


def write_pair(
    folder: Path, pairs: Pairs, name: str, micrograph: np.ndarray, mask: np.ndarray, labels: np.ndarray
) -> None:
    """Write a pair: a micrograph in 0..1, a boolean mask with dark rims between particles, and their labels."""
    write_grey(folder / pairs.micrographs / f"{name}.tif", micrograph)
    write_grey(folder / pairs.masks / f"{name}{MASK}", mask)
    write_labels(folder / pairs.masks / f"{name}{LABELS}", labels)


def read_pair(files: PairFiles, rims: bool) -> tuple[np.ndarray, np.ndarray]:
    """A micrograph, uint8, and its labels, (height, width); with `rims`, the dark rims are background in these."""
    micrograph, name = files
    labels = read_labels(f"{name}{LABELS}")
    return read_grey(micrograph), labels * (read_grey(f"{name}{MASK}") > 0) if rims else labels
