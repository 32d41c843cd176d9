"""What a user takes home from scans, beside the report that all classes have: counts, recovery and panels."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from autoseg.images.micrograph import read
from autoseg.images.names import names_for
from autoseg.images.tables import write_csv
from autoseg.stm.counts import counts_table
from autoseg.stm.panels import write_panels
from autoseg.stm.recovery import measure_recovery
from autoseg.stm.segmenter import SurfaceMap, SurfaceSegmenter

_log = logging.getLogger("autoseg")

COUNTS, RECOVERY, PANELS = "counts.csv", "recovery.csv", "_tripanel.png"


class SurfaceResults:
    """Writes what only this wing has while a report takes the maps of a batch, one after the other."""

    def __init__(self, folder: Path, inputs: list[Path], segmenter: SurfaceSegmenter, recovery: int = 0, seed: int = 0):
        self.folder, self.segmenter, self.recovery, self.seed = folder, segmenter, recovery, seed
        self._names = dict(zip(inputs, names_for(inputs), strict=True))
        self._counts: list[dict[str, Any]] = []
        self._recovered: list[dict[str, Any]] = []

    def passing(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, unchanged; panels of each map are written, and its defects are counted."""
        for item in items:
            if isinstance(item, SurfaceMap) and item.micrograph.path is not None:
                self._take(item, item.micrograph.path)
            yield item

    def write(self) -> list[Path]:
        """Write the tables; which ones."""
        tables = {COUNTS: self._counts, RECOVERY: self._recovered}
        written = {self.folder / name: rows for name, rows in tables.items() if rows}
        for path, rows in written.items():
            write_csv(path, pd.DataFrame(rows))
        return list(written)

    def _take(self, found: SurfaceMap, path: Path) -> None:
        material = self.segmenter.surfaces.lattice.material
        about = {"image": path.name, "nm_per_px": found.micrograph.pixel_size}
        about["nm_per_px_by_lattice"] = None if found.lattice is None else found.lattice.nm_per_pixel(material)
        about["px_per_row"] = None if found.lattice is None else found.lattice.spacing
        self._counts += [about | row for row in counts_table(found.defects.counts, found.view, material)]
        original = read(path, self.segmenter.options.read).field
        write_panels(self.folder / f"{self._names[path]}{PANELS}", original, found)
        if self.recovery:
            recovered = measure_recovery(self.segmenter, found, self.recovery, np.random.default_rng(self.seed))
            if not sum(recovered.planted.values()):
                _log.warning("%s: no row was found on which defects could be planted", path)
            self._recovered += [{"image": path.name} | row for row in recovered.rows(found.defects.counts)]
