"""Pictures of the page: maps with sliders and boxes, curves, bars and histograms, estimates."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import streamlit as st
from matplotlib.figure import Figure

from autoseg.app.ellipsometry.live import Kind, draw_live, draw_spectrum
from autoseg.app.session import keep, kept, remember
from autoseg.app.zooming import Picked, picked
from autoseg.ellipsometry.exports.tables import zones_table
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.plots.canvas import as_png
from autoseg.ellipsometry.plots.curves import draw_bars, draw_estimates, draw_histograms, draw_spectra
from autoseg.ellipsometry.spectra import zone_spectra
from autoseg.ellipsometry.zones import Zones, refine
from autoseg.errors import OptionsError

_MAPS = "picture of maps"
_KINDS: dict[str, Kind] = {
    "Delta and Psi": "measured",
    "Zones": "zones",
    "Segmented Delta and Psi": "segmented",
    "One zone over the maps": "zone over maps",
}


def show_estimates() -> None:
    """Show the scores that were computed last."""
    found = kept("estimates")
    if found is None:
        return
    with st.expander("How many zones? Scores are hints, which often disagree, not rules.", expanded=True):
        st.image(_drawn("estimates", id(found), lambda: draw_estimates(found)), width=800)


def show_maps(maps: MapSet, zones: Zones | None) -> None:
    """Show sliders and the maps that they choose, and what was measured in a box."""
    left, right = st.columns([1, 3], gap="medium")
    with left:
        name = st.selectbox("Plot", list(_KINDS), key="plot")
        wavelength = _ask_wavelength(maps)
        zone = _ask_zone(zones)
        _offer_refining(zones, zone)
    with right:
        if zones is None and name != "Delta and Psi":
            st.info("Zones are shown once the segmentation was run; until then, here are the maps.")
        st.plotly_chart(
            draw_live(maps, zones, _KINDS[name], wavelength, zone),
            key=_MAPS,
            on_select="rerun",
            selection_mode="box",
            config={"displaylogo": False, "modeBarButtonsToRemove": ["toImage", "lasso2d", "autoScale2d"]},
            theme=None,
        )
        st.caption("Pale red: not measured. Draw a box for the spectrum inside it.")
    _show_box(maps, picked(_MAPS))


def _ask_wavelength(maps: MapSet) -> int:
    """Its index; there is no slider where there is no choice."""
    if len(maps.wavelengths) == 1:
        st.caption(f"One wavelength: {maps.wavelengths[0]:g} nm")
        return 0
    names = [f"{nm:g} nm" for nm in maps.wavelengths]
    return names.index(st.select_slider("Wavelength", names, key="wavelength"))


def _ask_zone(zones: Zones | None) -> int:
    if zones is None or zones.count == 1:
        return 1
    return int(st.slider("Zone", 1, zones.count, key="zone"))


def _offer_refining(zones: Zones | None, zone: int) -> None:
    if st.button(f"Divide zone {zone} in two", disabled=zones is None, help="Cluster once more, inside it.") and zones:
        keep("zones", refine(zones, zone))
        keep("layers", None)
        st.rerun(scope="app")


def _show_box(maps: MapSet, found: Picked) -> None:
    """The mean spectrum of the pixels in a box."""
    if found.box is None:
        return
    rows, columns = maps.shape
    top, left, bottom, right = np.clip(np.rint(found.box), 0, [rows - 1, columns - 1] * 2).astype(int)
    labels = np.zeros(maps.shape, int)
    labels[top : bottom + 1, left : right + 1] = 1
    if not maps.usable[labels > 0].any():
        raise OptionsError("nothing was measured in this box", advice="Draw another one.")
    spectra = zone_spectra(maps, labels, 1)
    st.caption(f"Box: rows {top} to {bottom}, columns {left} to {right}, {labels.sum()} pixels")
    plot, table = st.columns([1, 1])
    plot.plotly_chart(draw_spectrum(spectra), key="spectrum of box", config={"displayModeBar": False}, theme=None)
    values = {
        "wavelength / nm": spectra.wavelengths,
        "Delta": spectra.delta[0],
        "its spread": spectra.delta_spread[0],
        "Psi": spectra.psi[0],
        "spread": spectra.psi_spread[0],
        "pixels measured": spectra.count[0],
    }
    table.dataframe(values, hide_index=True, height=280)


def show_curves(zones: Zones | None) -> None:
    """Show what is asked for of spectra, bars and histograms."""
    cells = st.columns(4)
    asked = {
        "spectra": cells[0].checkbox("Delta and Psi curves", True, key="curves"),
        "bars": cells[1].checkbox("Bar plot", key="bars"),
        "histograms": cells[2].checkbox("Histograms of the zone", key="histograms"),
    }
    if zones is None:
        if any(asked.values()):
            st.caption("Curves, bars and histograms are drawn once the segmentation was run.")
        return
    st.dataframe(zones_table(zones), hide_index=True)
    zone = min(st.session_state.get("zone", 1), zones.count)
    names = [f"{nm:g} nm" for nm in zones.maps.wavelengths]
    wavelength = names.index(st.session_state.get("wavelength", names[0])) if len(names) > 1 else 0
    draw: dict[str, Callable[[], Figure]] = {
        "spectra": lambda: draw_spectra(zones, zone),
        "bars": lambda: draw_bars(zones, wavelength, zone),
        "histograms": lambda: draw_histograms(zones, zone, wavelength),
    }
    for name, is_asked in asked.items():
        if is_asked:
            key = (id(zones), zone, None if name == "spectra" else wavelength)
            st.image(_drawn(name, key, draw[name]), width="stretch")


def _drawn(name: str, key: Hashable, draw: Callable[[], Figure]) -> bytes:
    """A figure as PNG; drawn anew only if something of it has changed."""
    return remember(f"figure {name}", key, lambda: as_png(draw()))
