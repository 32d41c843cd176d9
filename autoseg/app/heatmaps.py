"""Maps side by side, drawn in the browser: fast enough for sliders, and boxes can be drawn on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from autoseg.app.zooming import packed

MOST_CELLS = 200_000
"Of all maps of a figure: larger ones are shown by every second row and column, or third, ..."
MISSING = "#f4d9d9"
"Where there is no value: a pale red, which neither greys nor viridis have."
PINK = "#ff2fa0"
_WIDTH, _HIGHEST = 260, 560  # pixels of one map on a screen of 1280 pixels


@dataclass(frozen=True, eq=False)
class Panel:
    """One map of a figure: its title, with the unit, values (rows, columns) and colours."""

    title: str
    values: np.ndarray
    colours: Any = "gray"
    classes: int | None = None
    "Where values are numbers from 1: how many there are; colours has a colour for each."


def draw_panels(panels: list[Panel], row_step: float = 1.0) -> go.Figure:
    """Maps in two columns, each with a colour bar. `row_step`: distance of rows in units of that of columns."""
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    titles = [panel.title for panel in panels]
    figure = make_subplots(rows, columns, subplot_titles=titles, horizontal_spacing=0.16, vertical_spacing=0.1)
    for place, panel in enumerate(panels):
        cell = {"row": place // columns + 1, "col": place % columns + 1}
        name = "" if place == 0 else str(place + 1)
        figure.add_trace(_heatmap(panel, figure, name, MOST_CELLS // len(panels)), **cell)
        plain = {"constrain": "domain", "showgrid": False, "zeroline": False, **cell}
        figure.update_xaxes(**plain)
        figure.update_yaxes(autorange="reversed", scaleanchor=f"x{name}", scaleratio=row_step, **plain)
    shape = panels[0].values.shape
    high = np.clip(_WIDTH * (2 if columns == 1 else 1) * shape[0] * row_step / shape[1], 120, _HIGHEST)
    figure.update_annotations(font_size=13)
    figure.update_layout(
        height=int(rows * (high + 50)),
        margin={"l": 40, "r": 10, "t": 30, "b": 20},
        plot_bgcolor=MISSING,
        dragmode="select",
        newselection_line_color=PINK,
        font_color="#222222",
    )
    return figure


def cover(figure: go.Figure, inside: np.ndarray, panels: int) -> None:
    """Paint some pixels, bool (rows, columns), pink on the first so many panels of two columns."""
    picture = Image.fromarray(inside.astype(np.uint8), "P")
    picture.putpalette(bytes(3) + bytes.fromhex(PINK[1:]))
    picture.info["transparency"] = 0
    source, (rows, columns) = packed(picture), inside.shape  # a browser draws it far sooner than another heatmap
    for place in range(panels):
        name = "" if place == 0 else str(place + 1)
        figure.add_layout_image(
            source=source,
            xref=f"x{name}",
            yref=f"y{name}",
            x=-0.5,
            y=-0.5,
            sizex=columns,
            sizey=rows,
            sizing="stretch",
            layer="above",
            opacity=0.55,
        )


def _heatmap(panel: Panel, figure: go.Figure, name: str, most: int) -> go.Heatmap:
    finite = panel.values[np.isfinite(panel.values)]
    low, high = np.percentile(finite, [0.5, 99.5]) if finite.size else (0.0, 1.0)
    across, up = figure.layout[f"xaxis{name}"].domain, figure.layout[f"yaxis{name}"].domain
    bar = {"thickness": 12, "x": across[1] + 0.005, "xanchor": "left", "y": sum(up) / 2, "len": up[1] - up[0]}
    colours = panel.colours
    if panel.classes is not None:
        low, high = 0.5, panel.classes + 0.5
        bar["tickvals"] = list(range(1, panel.classes + 1))
        colours = [[(place + end) / panel.classes, one] for place, one in enumerate(colours) for end in (0, 1)]
    hover = "row %{y}, column %{x}: %{z:.4g}<extra></extra>"
    return go.Heatmap(
        **_cells(panel.values, most),
        zmin=float(low),
        zmax=float(high),
        colorscale=colours,
        colorbar=bar,
        hovertemplate=hover,
    )


def _cells(values: np.ndarray, most: int) -> dict[str, Any]:
    """The values of a heatmap, so few that a browser draws them quickly, and where they lie."""
    step = 1
    while values[::step, ::step].size > most:
        step += 1
    return {"z": values[::step, ::step].astype(np.float32), "x0": 0, "dx": step, "y0": 0, "dy": step}
