"""Sizes and the table, of one image or of all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from autoseg.app.particles.finishing import Finisher
from autoseg.app.particles.picture import SELECTED
from autoseg.app.particles.predicting import Predicted
from autoseg.app.session import remember
from autoseg.measurement.lines import with_interval
from autoseg.measurement.plots import as_svg, counted_particles, draw_sizes, size_name
from autoseg.measurement.sizes import SizeOptions, SizeStatistics, describe_sizes

_TABLE = "table of particles"
_FIGURE = 560  # pixels


def show_sizes(finisher: Finisher, predicted: list[Predicted], place: int) -> None:
    """Show percentiles and histogram of the sizes."""
    st.subheader("Sizes", anchor=False)
    several = len(predicted) > 1 and st.toggle(f"Of all {len(predicted)} images", key="of all")
    chosen = predicted if several else [predicted[place]]
    tables = [finisher.finish(one).table.assign(image=str(number)) for number, one in enumerate(chosen)]
    if len({tuple(table.columns) for table in (_without_score(one) for one in tables)}) > 1:
        st.warning("Some images have no pixel size: give it on the left, or look at one image at a time.")
        return
    table = pd.concat([_without_score(one) for one in tables], ignore_index=True)
    options = SizeOptions()
    statistics = describe_sizes(table, np.random.default_rng(0), options)
    _show_numbers(table, statistics)
    counted, weights = counted_particles(table, options)
    sizes = counted[statistics.column].to_numpy(float)
    if not sizes.size:
        st.info("No particle is left whose size counts: those at the edge are seen in part only.")
        return
    st.image(_histogram(sizes, weights, statistics), width=_FIGURE)
    for warning in statistics.warnings:
        st.caption(warning)


def _histogram(sizes: np.ndarray, weights: np.ndarray, statistics: SizeStatistics) -> str:
    """As SVG; drawn anew only if sizes have changed."""
    key = statistics.column, sizes.tobytes(), weights.tobytes()
    return remember("histogram", key, lambda: as_svg(draw_sizes(sizes, weights, statistics)).decode())


def _show_numbers(table: pd.DataFrame, statistics: SizeStatistics) -> None:
    cells = st.columns(5)
    cells[0].metric("Particles", len(table), help=f"{statistics.count} of them count: {_left_out(statistics)}.")
    number = statistics.number
    for cell, name in zip(cells[1:4], ("d10", "d50", "d90"), strict=True):
        found = getattr(number, name) if number else None
        cell.metric(
            f"{name.upper()} / {statistics.unit}",
            "-" if found is None or found.value is None else f"{found.value:.4g}",
            help=f"{size_name(statistics)}, by number: {with_interval(found)}" if found else None,
        )
    mean = number.mean.value if number else None
    cells[4].metric(f"Mean / {statistics.unit}", "-" if mean is None else f"{mean:.4g}")


def _left_out(statistics: SizeStatistics) -> str:
    return f"{statistics.left_out_at_edge} at the edge are left out, and the others weighted to make up for them"


def _without_score(table: pd.DataFrame) -> pd.DataFrame:
    """Corrected images have none."""
    return table.drop(columns="score", errors="ignore")


def show_table(table: pd.DataFrame) -> None:
    """Show the table of an image; rows that are chosen there are chosen in the picture."""
    with st.expander(f"Table of {len(table)} particles"):
        st.dataframe(
            table.drop(columns="image"),
            hide_index=True,
            key=_TABLE,
            on_select=lambda: _choose(table["label"].tolist()),
            selection_mode="multi-row",
        )


def _choose(labels: list[int]) -> None:
    rows = st.session_state[_TABLE]["selection"]["rows"]
    st.session_state[SELECTED] = [labels[row] for row in rows if row < len(labels)]
