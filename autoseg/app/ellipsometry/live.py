"""The maps of the moment, drawn in the browser: fast enough for sliders, and boxes can be drawn on them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.plots.canvas import DELTA, PSI, UNMEASURED, nanometres, zone_colour
from autoseg.ellipsometry.spectra import Spectra
from autoseg.ellipsometry.zones import Zones

Kind = Literal["measured", "segmented", "zone over maps", "zones"]
_MOST_CELLS = 500_000  # a larger map is shown by every second pixel, or third, ...
_WIDTH = 260  # pixels of one map on the screen
_PINK = "#ff2fa0"


class Panel(NamedTuple):
    """One map of a figure."""

    title: str
    values: np.ndarray
    colours: Any
    unit: str = "degrees"


def draw_live(maps: MapSet, zones: Zones | None, kind: Kind, wavelength: int, zone: int) -> go.Figure:
    """Maps side by side, with titles, units and colour bars, in the true shape of their pixels."""
    nm = nanometres(maps, wavelength)
    if zones is None or kind == "measured":
        panels = _measured(maps, wavelength, nm)
    elif kind == "segmented":
        panels = _segmented(zones, wavelength, nm)
    elif kind == "zones":
        panels = [_zones(zones)]
    else:
        panels = [*_measured(maps, wavelength, nm), *_segmented(zones, wavelength, nm)]
    figure = _canvas(panels, maps)
    if zones is not None and kind == "zone over maps":
        _mark(figure, zones, zone, len(panels))
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


def _measured(maps: MapSet, wavelength: int, nm: str) -> list[Panel]:
    stacks = zip(("Delta", "Psi"), (maps.delta, maps.psi), strict=True)
    return [Panel(f"{name} at {nm}", stack[wavelength], "gray") for name, stack in stacks]


def _segmented(zones: Zones, wavelength: int, nm: str) -> list[Panel]:
    found = zip(("Delta", "Psi"), zones.segmented(wavelength), strict=True)
    return [Panel(f"{name} at {nm}, segmented", values, "viridis") for name, values in found]


def _zones(zones: Zones) -> Panel:
    shades = [zone_colour(zone) for zone in range(1, zones.count + 1)]
    steps = [[(place + end) / len(shades), shade] for place, shade in enumerate(shades) for end in (0, 1)]
    return Panel(f"{zones.count} zones", np.where(zones.labels > 0, zones.labels, np.nan), steps, "zone")


def _canvas(panels: list[Panel], maps: MapSet) -> go.Figure:
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    titles = [f"{panel.title} / {panel.unit}" if panel.unit == "degrees" else panel.title for panel in panels]
    figure = make_subplots(rows, columns, subplot_titles=titles, horizontal_spacing=0.16, vertical_spacing=0.1)
    for place, panel in enumerate(panels):
        row, column = place // columns + 1, place % columns + 1
        figure.add_trace(_heatmap(panel, figure, place), row=row, col=column)
        name = "" if place == 0 else str(place + 1)
        figure.update_xaxes(constrain="domain", showgrid=False, zeroline=False, row=row, col=column)
        figure.update_yaxes(
            autorange="reversed",
            constrain="domain",
            scaleanchor=f"x{name}",
            scaleratio=maps.row_step,
            showgrid=False,
            zeroline=False,
            row=row,
            col=column,
        )
    width = _WIDTH if columns == 2 else 2 * _WIDTH
    high = np.clip(width * maps.shape[0] * maps.row_step / maps.shape[1], 120, 560)
    figure.update_annotations(font_size=13)
    figure.update_layout(
        height=int(rows * (high + 50)),
        margin={"l": 40, "r": 10, "t": 30, "b": 20},
        plot_bgcolor=UNMEASURED,
        dragmode="select",
        newselection_line_color=_PINK,
        font_color="#222222",
    )
    return figure


def _heatmap(panel: Panel, figure: go.Figure, place: int) -> go.Heatmap:
    step = 1
    while panel.values.size / step**2 > _MOST_CELLS:
        step += 1
    finite = panel.values[np.isfinite(panel.values)]
    low, high = np.percentile(finite, [0.5, 99.5]) if finite.size else (0.0, 1.0)
    bar = {"thickness": 12, **_beside(figure, place)}
    if panel.unit == "zone":
        count = len(panel.colours) // 2
        low, high = 0.5, count + 0.5
        bar["tickvals"] = list(range(1, count + 1))
    return go.Heatmap(
        z=panel.values[::step, ::step].astype(np.float32),
        x0=0,
        dx=step,
        y0=0,
        dy=step,
        zmin=float(low),
        zmax=float(high),
        colorscale=panel.colours,
        colorbar=bar,
        hovertemplate="row %{y}, column %{x}: %{z:.4g}<extra></extra>",
    )


def _beside(figure: go.Figure, place: int) -> dict[str, Any]:
    """Where the colour bar of a map stands: at its right."""
    name = "" if place == 0 else str(place + 1)
    left_right, bottom_top = figure.layout[f"xaxis{name}"].domain, figure.layout[f"yaxis{name}"].domain
    return {
        "x": left_right[1] + 0.005,
        "y": sum(bottom_top) / 2,
        "len": bottom_top[1] - bottom_top[0],
        "xanchor": "left",
    }


def _mark(figure: go.Figure, zones: Zones, zone: int, panels: int) -> None:
    """The pixels of a zone in pink on all maps."""
    zones.refuse_unknown(zone)
    step = 1
    while zones.labels.size / step**2 > _MOST_CELLS:
        step += 1
    inside = np.where(zones.labels[::step, ::step] == zone, 1, np.nan).astype(np.float32)
    for place in range(panels):
        pink = go.Heatmap(
            z=inside,
            x0=0,
            dx=step,
            y0=0,
            dy=step,
            colorscale=[[0, _PINK], [1, _PINK]],
            showscale=False,
            opacity=0.55,
            hoverinfo="skip",
        )
        figure.add_trace(pink, row=place // 2 + 1, col=place % 2 + 1)
