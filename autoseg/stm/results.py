"""What a user takes home from scans, beside the report that all classes have: counts, recovery and panels."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from autoseg.errors import AutosegError
from autoseg.images.micrograph import read
from autoseg.images.names import names_for
from autoseg.images.tables import write_csv
from autoseg.stm.counts import counts_table
from autoseg.stm.lattice import NETWORK_SPACING
from autoseg.stm.panels import write_panels
from autoseg.stm.recovery import measure_recovery
from autoseg.stm.repeatability import compare
from autoseg.stm.segmenter import SurfaceMap, SurfaceSegmenter

_log = logging.getLogger("autoseg")

COUNTS, RECOVERY, REPEATABILITY, PANELS = "counts.csv", "recovery.csv", "repeatability.csv", "_tripanel.png"


class SurfaceResults:
    """Writes what only this wing has while a report takes the maps of a batch, one after the other."""

    def __init__(
        self,
        folder: Path,
        inputs: list[Path],
        segmenter: SurfaceSegmenter,
        recovery: int = 0,
        both_directions: bool = False,
        seed: int = 0,
    ):
        self.folder, self.segmenter, self.recovery, self.seed = folder, segmenter, recovery, seed
        self.both_directions = both_directions
        self._repeated: list[dict[str, Any]] = []
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
        tables = {COUNTS: self._counts, RECOVERY: self._recovered, REPEATABILITY: self._repeated}
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
        write_panels(self.folder / f"{self._names[path]}{PANELS}", found)
        if self.both_directions:
            self._compare_directions(found, path)
        if self.recovery:
            recovered = measure_recovery(self.segmenter, found, self.recovery, np.random.default_rng(self.seed))
            if not sum(recovered.planted.values()):
                _log.warning("%s: no row was found on which defects could be planted", path)
            self._recovered += [{"image": path.name} | row for row in recovered.rows(found.defects.counts)]

    def _compare_directions(self, found: SurfaceMap, path: Path) -> None:
        """Look at the scan in the other direction, too; what has none is named."""
        ours = self.segmenter.options.read
        other = ours.changed(direction="backward" if ours.direction == "forward" else "forward")
        if found.micrograph.unit is None:
            _log.warning("%s: is no scan, and has no other direction", path)
            return
        try:
            again = self.segmenter(read(path, other))
        except AutosegError as error:
            _log.warning("%s: its other direction was left out: %s", path, error.problem)
            return
        assert isinstance(again, SurfaceMap)  # what such a segmenter makes
        pair = (found, again) if ours.direction == "forward" else (again, found)
        reach = NETWORK_SPACING if found.lattice is None else found.lattice.spacing
        self._repeated += [{"image": path.name} | row for row in compare(pair[0].defects, pair[1].defects, reach)]
