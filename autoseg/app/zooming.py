"""A picture to zoom into, whose points can be clicked, and on which boxes and strokes can be drawn."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from PIL import Image

from autoseg.app.session import remember
from autoseg.images.resizing import magnified

Tool = Literal["pan", "select", "lasso"]
_WIDTH, _HIGHEST = 740, 760  # about as wide as the column that pictures stand in on a screen of 1280 pixels
MOST_PIXELS = 3_000_000
"A larger picture is shown reduced: no screen has so many, and it would have to be sent."
_REACH = 30  # pixels of the screen from a click to a target at most
_MOST_COLOURS = 255  # of a picture of 8 bits, beside what is transparent
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
    ground: np.ndarray | None = None,
    targets: Targets | None = None,
    tool: Tool = "pan",
    view: tuple[float, float, float] | None = None,
    row_step: float = 1.0,
    on_select: Any = "rerun",
) -> None:
    """Show an RGB picture (rows, columns, 3), uint8. `view`: row and column of its middle, and a magnification.

    `ground` is the grey image, uint8 (rows, columns), that it was drawn on, if one was: it is packed only once. What
    was picked, `picked` tells. `row_step` is the distance of rows in units of that of columns.
    """
    rows, columns = pixels.shape[:2]
    figure = go.Figure(go.Scatter() if targets is None else _dots(targets))
    layers = zip(_layers(pixels, key, ground), ("below", "above"), strict=False)  # two of one layer would be one
    figure.update_layout(images=[_image(source, layer, rows, columns) for source, layer in layers])
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
        hoverdistance=_REACH,
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


def _layers(pixels: np.ndarray, key: str, ground: np.ndarray | None) -> list[str]:
    """What is drawn on the ground, and below it that, where it is known; else the whole picture."""
    if ground is None or ground.size > MOST_PIXELS:
        factor = (MOST_PIXELS / (pixels.shape[0] * pixels.shape[1])) ** 0.5
        shown = magnified(pixels, factor).round().clip(0, 255).astype(np.uint8) if factor < 1 else pixels
        return [packed(Image.fromarray(shown))]
    digest = hashlib.sha256(np.ascontiguousarray(ground).data).digest()
    below = remember(f"ground of {key}", digest, lambda: packed(Image.fromarray(ground)))
    return [below, packed(_drawn(pixels, ground))]


def _drawn(pixels: np.ndarray, ground: np.ndarray) -> Image.Image:
    """What an RGB picture shows where it differs from its ground; elsewhere it is transparent."""
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    differs = (red != ground) | (green != ground) | (blue != ground)
    colours, numbers = np.unique((red << 16 | green << 8 | blue)[differs], return_inverse=True)
    if len(colours) > _MOST_COLOURS:
        return Image.fromarray(np.dstack([pixels, 255 * differs.astype(np.uint8)]))
    index = np.zeros(ground.shape, np.uint8)
    index[differs] = 1 + numbers
    picture = Image.fromarray(index, "P")
    picture.putpalette(bytes(3) + b"".join(int(colour).to_bytes(3, "big") for colour in colours))
    picture.info["transparency"] = 0
    return picture


def packed(picture: Image.Image) -> str:
    """A picture as the text that stands for it in figures."""
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _image(source: str, layer: str, rows: int, columns: int) -> dict[str, Any]:
    """A picture over an area of so many pixels; not as a trace, for which the browser would unpack it twice."""
    place = {"xref": "x", "yref": "y", "x": -0.5, "y": -0.5, "sizex": columns, "sizey": rows}
    return {"source": source, "sizing": "stretch", "layer": layer, **place}


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
