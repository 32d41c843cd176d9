"""Everything about the zones as one file, as the command line writes it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from autoseg.app.session import kept
from autoseg.app.zipping import offer
from autoseg.ellipsometry.report import ZoneReportOptions, report_zones
from autoseg.ellipsometry.zones import Zones


def offer_everything(zones: Zones | None) -> None:
    """A field for the size of pixels, which no file tells, and the buttons that make and download the file."""
    st.subheader("Everything", anchor=False)
    st.caption(
        "report.html, run.json, spectra.csv, zones.csv, the label image, clustershot and coordinates as published, and "
        "spectra for pyElli, refellips, WVASE, CompleteEASE and as NXellipsometry, in one zip."
    )
    size = st.number_input(
        "Width of a column / µm", 1e-6, None, None, format="%g", help="No file tells it. May stay empty."
    )
    layers, estimates = kept("layers"), kept("estimates")
    key = id(zones), size, id(layers), id(estimates)
    offer("zones", key, None if zones is None else lambda folder: _write(folder, zones, size))


def _write(folder: Path, zones: Zones, pixel_size: float | None) -> None:
    options, layers = kept("layers") or (None, None)
    report_zones(
        zones,
        folder,
        ZoneReportOptions(pixel_size=pixel_size),
        estimates=kept("estimates"),
        layers=layers,
        settings={"layers": options} if options else {},
    )
