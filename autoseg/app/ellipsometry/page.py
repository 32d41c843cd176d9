"""The page: maps and zones on the left; pictures, spectra, layers and everything as one file on the right."""

from __future__ import annotations

import streamlit as st

from autoseg.app.ellipsometry.bundle import offer_everything
from autoseg.app.ellipsometry.inputs import ask_clustering, ask_maps, describe_maps
from autoseg.app.ellipsometry.layers import ask_layers
from autoseg.app.ellipsometry.pictures import show_curves, show_estimates, show_maps
from autoseg.app.sentences import as_plain, told
from autoseg.app.session import keep, kept
from autoseg.ellipsometry.estimators import EstimateOptions, estimate_clusters
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.zones import ClusterOptions, Zones, cluster


def show() -> None:
    """Show the page."""
    st.header("Ellipsometry", anchor=False)
    maps = None
    with st.sidebar:
        with told():
            maps = ask_maps()
        clustering = ask_clustering()
        estimating = st.button("Estimate the number of zones", width="stretch")
        running = st.button("Run the segmentation", type="primary", width="stretch")
    if maps is None:
        st.info("Upload the folder of a measurement on the left, or try the demo maps. Nothing leaves this computer.")
        return
    if kept("maps of zones") is not maps:
        for name in ("zones", "layers", "estimates"):
            keep(name, None)
        keep("maps of zones", maps)
    describe_maps(maps)
    for note in maps.notes:
        st.caption(as_plain(note))
    with told():
        if estimating:
            _estimate(maps, clustering)
        if running:
            _run(maps, clustering)
    _work(maps, clustering)


def _estimate(maps: MapSet, clustering: ClusterOptions) -> None:
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, "Five scores of 2 to 10 zones ...")
        st.button("Stop")  # any click ends this run of the page at the next step
        most = min(10, int(maps.usable.sum()))
        options = EstimateOptions(features=clustering.features, seed=clustering.seed, most=most, fewest=min(2, most))
        keep("estimates", estimate_clusters(maps, options, lambda done: bar.progress(done, "Scores are computed ...")))
    place.empty()


def _run(maps: MapSet, clustering: ClusterOptions) -> None:
    with st.spinner("Zones are looked for ..."):
        zones = cluster(maps, clustering)
    keep("zones", zones)
    keep("layers", None)
    st.session_state["plot"] = "Zones"


@st.fragment
def _work(maps: MapSet, clustering: ClusterOptions) -> None:
    """What is live: nothing is clustered or estimated anew when something changes within it."""
    with told():
        zones: Zones | None = kept("zones")
        show_estimates()
        if zones is None:
            st.info("Choose a number of zones on the left, and run the segmentation.")
        elif zones.options != clustering:
            was = zones.options
            st.caption(
                f"These zones were found with k = {was.clusters}, {was.features}, {was.method}. "
                "For others, run the segmentation."
            )
        show_maps(maps, zones)
        show_curves(zones)
        ask_layers(zones)
        offer_everything(zones)
