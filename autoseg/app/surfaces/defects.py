"""The defects of a scan: found by a model, shown, counted per nm2 and per dimer, and offered as one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from autoseg.app.models import loaded
from autoseg.app.session import keep, kept
from autoseg.app.uploads import Upload, on_disk
from autoseg.app.zipping import offer
from autoseg.images.class_overlay import draw_class_overlay
from autoseg.images.micrograph import Micrograph, ReadOptions
from autoseg.measurement.report import report
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.segment import SegmentOptions
from autoseg.stm.counts import counts_table
from autoseg.stm.results import SurfaceResults
from autoseg.stm.segmenter import SurfaceMap, SurfaceOptions, SurfaceSegmenter


@dataclass(frozen=True)
class Asked:
    """What defects depend on, beside the scan."""

    model: str
    reading: ReadOptions
    surfaces: SurfaceOptions

    def segmenter(self) -> SurfaceSegmenter:
        """The model, ready for scans."""
        return SurfaceSegmenter(loaded(self.model), SegmentOptions(read=self.reading), self.surfaces)


def show_defects(asked: Asked, micrograph: Micrograph, scan: Upload, uploads: Sequence[Upload]) -> None:
    """A button that looks for defects, and what was found; others of the uploads may belong to the scan."""
    st.subheader("Defects", anchor=False)
    key = asked, id(micrograph)
    if st.button("Find defects", type="primary"):
        with st.spinner("The network looks at the scan ..."):
            keep("defects", (key, asked.segmenter()(micrograph)))
    known = kept("defects")
    if known is None or known[0] != key:
        return
    found: SurfaceMap = known[1]
    st.image(draw_class_overlay(found))
    counts = counts_table(found.defects.counts, found.view, asked.surfaces.lattice.material)
    st.dataframe(pd.DataFrame(counts).dropna(axis="columns", how="all"), hide_index=True)
    st.caption("_low and _high are the ends of 95 % intervals, by the counts alone.")
    offer("surfaces", key, lambda folder: _write(folder, asked, scan, uploads))


def _write(folder: Path, asked: Asked, scan: Upload, uploads: Sequence[Upload]) -> None:
    """Everything that the command line writes."""
    with on_disk(uploads) as place:
        files, segmenter = [place / scan.name], asked.segmenter()
        results = SurfaceResults(folder, files, segmenter)
        found, about = results.passing(segment_all(files, segmenter)), segmenter.describe()
        report(found, folder, inputs=files, provenance=about, root=place)
        results.write()
