"""A picture to zoom into, whose points can be clicked, and on which boxes and strokes can be drawn."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from PIL import Image

from autoseg.images.resizing import magnified

Tool = Literal["pan", "select", "lasso"]
_WIDTH, _HIGHEST = 740, 760  # about as wide as the column that pictures stand in on a screen of 1280 pixels
MOST_PIXELS = 3_000_000
"A larger picture is shown reduced: no screen has so many, and it would have to be sent."
_BUTTONS_LEFT_OUT = ["toImage", "autoScale2d", "select2d", "lasso2d", "zoom2d", "pan2d"]


@dataclass(frozen=True, eq=False)
class Targets:
    """Places that can be clicked, and which thing each belongs to."""

    rows: np.ndarray
    columns: np.ndarray
    numbers: np.ndarray
    names: str = "particle"


@dataclass(frozen=True)
class Picked:
    """What was clicked or drawn, in pixels of the picture."""

    numbers: tuple[int, ...] = ()
    "Of the targets that were clicked, or lie in a box."
    box: tuple[float, float, float, float] | None = None
    "Top, left, bottom, right."
    stroke: tuple[tuple[float, float], ...] = field(default=())
    "Rows and columns of its corners."


def show_picture(
    pixels: np.ndarray,
    key: str,
    *,
    targets: Targets | None = None,
    tool: Tool = "pan",
    view: tuple[float, float, float] | None = None,
    row_step: float = 1.0,
    on_select: Any = "rerun",
) -> None:
    """Show an RGB picture (rows, columns, 3), uint8. `view`: row and column of its middle, and a magnification.

    What was picked, `picked` tells. `row_step` is the distance of rows in units of that of columns.
    """
    figure = go.Figure(_image(pixels))
    if targets is not None:
        figure.add_trace(_dots(targets))
    rows, columns = pixels.shape[:2]
    row, column, factor = view or (rows / 2, columns / 2, 1.0)
    half = np.array([rows, columns]) / 2 / factor
    figure.update_xaxes(range=[column - half[1] - 0.5, column + half[1] - 0.5], visible=False, constrain="domain")
    figure.update_yaxes(
        range=[row + half[0] - 0.5, row - half[0] - 0.5],
        visible=False,
        constrain="domain",
        scaleanchor="x",
        scaleratio=row_step,
    )
    figure.update_layout(
        dragmode=tool,
        hovermode="closest",
        height=int(np.clip(_WIDTH * rows * row_step / columns, 200, _HIGHEST)),
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        plot_bgcolor="white",
        newselection_line_color="#ff2fa0",
    )
    config = {"scrollZoom": True, "displaylogo": False, "modeBarButtonsToRemove": _BUTTONS_LEFT_OUT}
    st.plotly_chart(
        figure, key=key, on_select=on_select, selection_mode=("points", "box", "lasso"), config=config, theme=None
    )


def picked(key: str) -> Picked:
    """What was clicked or drawn last on the picture of this key."""
    selection = st.session_state[key]["selection"] if key in st.session_state else {}
    boxes, strokes = selection.get("box") or [], selection.get("lasso") or []
    numbers = {int(_first(point["customdata"])) for point in selection.get("points", []) if "customdata" in point}
    box = None
    if boxes:
        (left, right), (top, bottom) = (sorted(boxes[-1][axis]) for axis in "xy")
        box = float(top), float(left), float(bottom), float(right)
    stroke = tuple(zip(strokes[-1]["y"], strokes[-1]["x"], strict=True)) if strokes else ()
    return Picked(tuple(sorted(numbers)), box, stroke)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list | tuple) else value


def _image(pixels: np.ndarray) -> go.Image:
    rows, columns = pixels.shape[:2]
    factor = min(1.0, (MOST_PIXELS / (rows * columns)) ** 0.5)
    if factor < 1:
        pixels = magnified(pixels, factor).round().clip(0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    source = f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
    down, across = rows / pixels.shape[0], columns / pixels.shape[1]
    return go.Image(
        source=source, x0=across / 2 - 0.5, dx=across, y0=down / 2 - 0.5, dy=down, hoverinfo="skip", zsmooth=False
    )


def _dots(targets: Targets) -> go.Scatter:
    """Dots that nobody sees until they are chosen."""
    return go.Scatter(
        x=targets.columns,
        y=targets.rows,
        customdata=targets.numbers,
        mode="markers",
        marker={"size": 9, "opacity": 0, "color": "#ff2fa0", "line": {"width": 1, "color": "white"}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
        hovertemplate=f"{targets.names} %{{customdata}}<extra></extra>",
        showlegend=False,
    )
