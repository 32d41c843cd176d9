"""Layers: the thickness of flakes in each zone and at each pixel."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from autoseg.app.session import keep, kept, remember
from autoseg.ellipsometry.fitting.materials import MATERIALS
from autoseg.ellipsometry.layers import LayerOptions, Layers, find_layers
from autoseg.ellipsometry.plots.canvas import as_png
from autoseg.ellipsometry.plots.maps import draw_thickness
from autoseg.ellipsometry.zones import Zones


def ask_layers(zones: Zones | None) -> None:
    """Ask what lies on what, fit it on request, and show what was found."""
    with st.expander("Layers: how thick are the flakes?"):
        cells = st.columns(4)
        film = cells[0].selectbox("Flakes of", list(MATERIALS), index=list(MATERIALS).index("boron_nitride"))
        oxide = cells[1].selectbox("on", list(MATERIALS), index=list(MATERIALS).index("silica"))
        substrate = cells[2].selectbox("on a wafer of", list(MATERIALS), index=list(MATERIALS).index("silicon"))
        thickest = cells[3].number_input("Thickest / nm", 2.0, 10_000.0, 200.0)
        indices = st.checkbox("Fit the refractive indices of the flakes, too")
        if st.button("Fit the layers", disabled=zones is None) and zones is not None:
            options = LayerOptions(film=film, oxide=oxide, substrate=substrate, thickest=thickest, fit_indices=indices)
            with st.spinner("Thicknesses are fitted ..."):
                keep("layers", (options, find_layers(zones, options)))
        if kept("layers") is not None and zones is not None:
            _show(kept("layers")[1], zones)


def _show(layers: Layers, zones: Zones) -> None:
    table = pd.DataFrame(layers.rows())
    table.columns = ["zone", "structure", "thickness / nm", "error / nm", "rms of N, C, S", "far from other zones"]
    st.dataframe(table, hide_index=True)
    for warning in layers.warnings():
        st.warning(warning)
    picture = remember(
        "figure thickness", id(layers), lambda: as_png(draw_thickness(layers.map, zones.maps, layers.film))
    )
    st.image(picture, width="stretch")
