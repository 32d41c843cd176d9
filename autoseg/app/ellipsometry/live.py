"""The maps of the moment, and the spectrum of a box."""

from __future__ import annotations

from typing import Literal

import numpy as np
import plotly.graph_objects as go

from autoseg.app.heatmaps import Panel, cover, draw_panels
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.plots.canvas import DELTA, PSI, nanometres, zone_colour
from autoseg.ellipsometry.spectra import Spectra
from autoseg.ellipsometry.zones import Zones

Kind = Literal["measured", "segmented", "zone over maps", "zones"]


def draw_live(maps: MapSet, zones: Zones | None, kind: Kind, wavelength: int, zone: int) -> go.Figure:
    """Maps side by side, with titles, units and colour bars, in the true shape of their pixels."""
    nm = nanometres(maps, wavelength)
    measured = [_panel(name, stack[wavelength], nm) for name, stack in (("Delta", maps.delta), ("Psi", maps.psi))]
    if zones is None or kind == "measured":
        return draw_panels(measured, maps.row_step)
    if kind == "zones":
        return draw_panels([_zones_panel(zones)], maps.row_step)
    pairs = zip(("Delta", "Psi"), zones.segmented(wavelength), strict=True)
    segmented = [_panel(name, values, nm, ", segmented", "viridis") for name, values in pairs]
    if kind == "segmented":
        return draw_panels(segmented, maps.row_step)
    zones.refuse_unknown(zone)
    figure = draw_panels([*measured, *segmented], maps.row_step)
    cover(figure, zones.labels == zone, 4)
    return figure


def draw_spectrum(spectra: Spectra) -> go.Figure:
    """Delta and Psi of the first row of spectra, with their standard deviations."""
    figure = go.Figure()
    for name, values, spread, colour in (
        ("Delta", spectra.delta[0], spectra.delta_spread[0], DELTA),
        ("Psi", spectra.psi[0], spectra.psi_spread[0], PSI),
    ):
        bars = {"type": "data", "array": spread}
        figure.add_scatter(x=spectra.wavelengths, y=values, error_y=bars, name=name, line_color=colour)
    figure.update_layout(height=280, margin={"l": 50, "r": 10, "t": 10, "b": 40}, plot_bgcolor="white")
    figure.update_xaxes(title="wavelength / nm", linecolor="#888888", ticks="outside")
    figure.update_yaxes(title="degrees", linecolor="#888888", ticks="outside", gridcolor="#eeeeee")
    return figure


def _panel(name: str, values: np.ndarray, nm: str, how: str = "", colours: str = "gray") -> Panel:
    return Panel(f"{name} at {nm}{how} / degrees", values, colours)


def _zones_panel(zones: Zones) -> Panel:
    colours = [zone_colour(zone) for zone in range(1, zones.count + 1)]
    return Panel(f"{zones.count} zones", np.where(zones.labels > 0, zones.labels, np.nan), colours, zones.count)
