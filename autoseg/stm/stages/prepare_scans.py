"""Scans as a network sees them, to learn from without knowing what they show."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.folders import images_in
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.normalization import Percentiles, normalize
from autoseg.images.resizing import magnified
from autoseg.options import Options
from autoseg.stages.grey import write_grey
from autoseg.stages.pairs import Unlabelled
from autoseg.stages.stage import Stage
from autoseg.stm.lattice import LatticeOptions, find_rows
from autoseg.stm.levelling import LevellingOptions
from autoseg.stm.showing import made_level, magnification_of

_log = logging.getLogger("autoseg")


class ScanOptions(Options):
    """How scans are read and shown."""

    read: ReadOptions = ReadOptions()
    "How their files are read."
    levelling: LevellingOptions = LevellingOptions()
    "How heights are made level."
    lattice: LatticeOptions = LatticeOptions()
    "How rows are looked for; the network sees them 18 px apart."
    percentiles: Percentiles = (0.5, 99.5)
    "Heights at these percentiles become black and white."


class PrepareScans(Stage):
    """Unlabelled scans, level, at 18 px per row, as grey pictures of 8 bits."""

    options: ScanOptions = ScanOptions()
    scans: Path
    smallest: int = 1
    "Pixels each way that the network has to see."

    def sources(self) -> list[Path]:
        """The scans."""
        return [self.scans]

    def run(self, folder: Path, rng: np.random.Generator) -> Unlabelled:
        """Write them; each that is too small is named, and passed over."""
        written = 0
        for path in images_in(self.scans):
            shown = show_scan(path, self.options)
            if min(shown.shape) < self.smallest:
                _log.warning(
                    "passed over: %s, of which the network would see only %d x %d px", path, *shown.shape[::-1]
                )
                continue
            write_grey(folder / "scans" / f"{written:05}.tif", shown)
            written += 1
        if not written:
            raise ImageError("holds no scan that is large enough", file=self.scans, advice="Give larger scans.")
        return Unlabelled(unlabelled=Path("scans"))


def show_scan(path: Path, options: ScanOptions) -> np.ndarray:
    """A scan in 0..1 (rows, columns) as a network sees it."""
    micrograph = made_level(read(path, options.read), options.levelling)
    rows = find_rows(micrograph.field, options.lattice)
    if rows is None:
        _log.warning("%s: no 2x1 rows were found, so that it is shown as it is", path)
    return normalize(magnified(micrograph.field, magnification_of(rows)), options.percentiles)
