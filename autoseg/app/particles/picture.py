"""The labelled picture: particles are clicked, and then looked at, deleted or merged; a stroke divides them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pandas as pd
import streamlit as st

from autoseg.app.particles.finishing import correct_more, corrections_of, undo
from autoseg.app.particles.predicting import Predicted
from autoseg.app.session import keep, kept, remember
from autoseg.app.zooming import Picked, Targets, Tool, picked, show_picture
from autoseg.images.corrections import Correction, correct_labels
from autoseg.images.distance import distance_inside
from autoseg.images.overlay import OverlayOptions, draw_overlay, to_grey
from autoseg.images.segmentation import Segmentation

SELECTED = "selected"
"The key of the particles that are chosen."
_PICTURE = "picture of particles"
_TOOLS: dict[str, Tool] = {"Click": "pan", "Box": "select", "Divide": "lasso"}
_HINTS = {
    "pan": "Click a particle to choose it, with Shift for several. Drag moves the picture, the wheel zooms.",
    "select": "Draw a box: all particles inside are chosen.",
    "lasso": "Draw a line across a particle, from outside to outside: it is divided along it.",
}
_MOST_TARGETS = 500  # beside one in each particle: for each more, the browser takes longer to show the picture
_ROW = ["label", "score", "equivalent_diameter_area", "area", "feret_diameter_max", "feret_diameter_min"]
_ROW += ["aspect_ratio", "circularity", "solidity", "touches_edge"]


def show_particles(found: Segmentation, predicted: Predicted, measures: Callable[[], pd.DataFrame]) -> None:
    """Show the picture of an image with its particles, what was chosen, and how it can be corrected."""
    top = st.columns([2, 1.6, 1], vertical_alignment="bottom")
    name = top[0].segmented_control("Tool", list(_TOOLS), default="Click", key="tool") or "Click"
    factor = top[1].select_slider("Magnify", [1, 2, 4, 8], key="magnify", help="Around what was chosen last.")
    numbers = top[2].checkbox("Numbers", key="numbers")
    ground = remember("ground", predicted.upload.digest, lambda: to_grey(found.image))
    pixels = draw_overlay(ground, found.labels, found.micrograph.pixel_size, OverlayOptions(numbers=numbers))
    place = kept("middle", {}).get(predicted.upload.digest)
    tool = _TOOLS[name]
    show_picture(
        pixels,
        _PICTURE,
        ground=ground,
        targets=find_targets(found.labels),
        tool=tool,
        view=(*place, float(factor)) if place and factor > 1 else _middle(found, factor),
        on_select=lambda: _take(found, predicted, tool),
    )
    st.caption(_HINTS[tool])
    _show_measured_box(found)
    _show_chosen(found, predicted, measures)


def find_targets(labels: np.ndarray) -> Targets:
    """Places all over the particles, one in each at least: a click chooses the particle of the nearest one.

    >>> targets = find_targets(np.pad(np.full((9, 9), 1), 3))
    >>> set(targets.numbers.tolist()), len(targets.rows) > 1
    ({1}, True)
    """
    inside = labels > 0
    step = max(4, int(np.sqrt(inside.sum() / _MOST_TARGETS)) + 1)
    rows, columns = np.nonzero(inside[::step, ::step])
    rows, columns = rows * step, columns * step
    missing = np.setdiff1d(np.arange(1, int(labels.max(initial=0)) + 1), labels[rows, columns])
    if missing.size:
        depth = distance_inside(inside)
        flat = np.flatnonzero(np.isin(labels, missing))
        deepest = flat[np.argsort(depth.ravel()[flat])]
        last = dict(zip(labels.ravel()[deepest].tolist(), deepest.tolist(), strict=True))  # the deepest one stays
        more = np.unravel_index(np.array(list(last.values())), labels.shape)
        rows, columns = np.append(rows, more[0]), np.append(columns, more[1])
    return Targets(rows, columns, labels[rows, columns])


def _take(found: Segmentation, predicted: Predicted, tool: Tool) -> None:
    """Before the page is drawn anew: what was clicked is chosen, and a stroke divides."""
    new = picked(_PICTURE)
    keep("box", new.box)
    if new.stroke and tool == "lasso":
        _divide(found, predicted, new)
        return
    st.session_state[SELECTED] = [number for number in new.numbers if number <= found.count]
    if new.numbers:
        _remember_middle(found, predicted, new.numbers)


def _divide(found: Segmentation, predicted: Predicted, new: Picked) -> None:
    correction = Correction("divide", new.stroke)
    rows, columns = zip(*new.stroke, strict=True)
    keep("middle", {**kept("middle", {}), predicted.upload.digest: (float(np.mean(rows)), float(np.mean(columns)))})
    if int(correct_labels(found.labels, [correction]).max(initial=0)) == found.count:
        keep("said", "The line does not cross a particle from rim to rim: nothing was divided.")
        return
    correct_more(predicted, correction)
    st.session_state[SELECTED] = []


def _remember_middle(found: Segmentation, predicted: Predicted, numbers: tuple[int, ...]) -> None:
    rows, columns = np.nonzero(np.isin(found.labels, numbers))
    middle = float(rows.mean()), float(columns.mean())
    keep("middle", {**kept("middle", {}), predicted.upload.digest: middle})


def _middle(found: Segmentation, factor: float) -> tuple[float, float, float]:
    return found.labels.shape[0] / 2, found.labels.shape[1] / 2, float(factor)


def _show_measured_box(found: Segmentation) -> None:
    """How large a box is, for scale bars."""
    box = kept("box")
    if box is None:
        return
    top, left, bottom, right = box
    width, height, size = right - left, bottom - top, found.micrograph.pixel_size
    in_nm = f" = {width * size:.4g} x {height * size:.4g} nm" if size else ""
    st.caption(f"The box is {width:.0f} x {height:.0f} pixels{in_nm} large.")


def _show_chosen(found: Segmentation, predicted: Predicted, measures: Callable[[], pd.DataFrame]) -> None:
    if said := kept("said"):
        st.warning(said)
        keep("said", None)
    st.session_state[SELECTED] = [one for one in st.session_state.get(SELECTED, []) if one <= found.count]
    chosen = st.multiselect(
        "Chosen particles",
        range(1, found.count + 1),
        key=SELECTED,
        placeholder="Click into the picture, or type numbers",
    )
    buttons = st.columns(4)
    places = [_place_in(found.labels, label) for label in chosen]
    for column, name, least in zip(buttons, ("Delete", "Merge"), (1, 2), strict=False):
        column.button(
            name,
            disabled=len(chosen) < least,
            on_click=_apply,
            args=(predicted, Correction("delete" if name == "Delete" else "merge", tuple(places))),
            width="stretch",
        )
    done = len(corrections_of(predicted))
    buttons[2].button(f"Undo ({done})", disabled=not done, on_click=undo, args=(predicted,), width="stretch")
    buttons[3].button(
        "Show",
        disabled=not chosen,
        on_click=_look_at,
        args=(found, predicted, tuple(chosen)),
        width="stretch",
        help="Magnify around them.",
    )
    if chosen:
        st.dataframe(_rows(measures(), chosen), hide_index=True)


def _apply(predicted: Predicted, correction: Correction) -> None:
    correct_more(predicted, correction)
    st.session_state[SELECTED] = []


def _look_at(found: Segmentation, predicted: Predicted, chosen: tuple[int, ...]) -> None:
    _remember_middle(found, predicted, chosen)
    st.session_state["magnify"] = max(4, st.session_state.get("magnify", 1))


def _rows(table: pd.DataFrame, chosen: list[int]) -> pd.DataFrame:
    """What matters most of the chosen particles; all of it stands in the table below."""
    wanted = [
        column for name in _ROW for column in table if column == name or column.startswith((f"{name}_nm", f"{name}_px"))
    ]
    rows: pd.DataFrame = table.loc[table["label"].isin(chosen), list(dict.fromkeys(wanted))]
    return rows


def _place_in(labels: np.ndarray, label: int) -> tuple[float, float]:
    """A pixel in the middle of a particle."""
    inside = np.pad((labels == label).view(np.uint8), 1)
    _, _, _, (column, row) = cv2.minMaxLoc(cv2.distanceTransform(inside, cv2.DIST_L2, 3))
    return float(row - 1), float(column - 1)
