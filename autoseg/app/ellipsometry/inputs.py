"""The sidebar: which maps, and how their pixels become zones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import streamlit as st

from autoseg.app.options import current_options
from autoseg.app.sentences import as_plain
from autoseg.app.session import keep, kept, remember
from autoseg.app.uploads import Upload, from_folder, on_disk, received
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.reading.folder import read_maps
from autoseg.ellipsometry.zones import ClusterOptions
from autoseg.files import shipped

_FEATURES = {
    "ncs": "N, C and S of measured values",
    "faint": "the same, small differences lifted",
    "published": "Delta and Psi, filled, as published",
}


def ask_maps() -> MapSet | None:
    """The maps of a folder that was uploaded, or named where that is allowed, or of the demonstration."""
    files = st.file_uploader(
        "Folder of one measurement",
        accept_multiple_files="directory",
        help="With one .ds.dat file and its maps.",
        on_change=lambda: keep("demo maps", False),
    )
    if st.button("Try the demo maps", width="stretch"):
        keep("demo maps", True)
    path = ""
    if current_options().allow_paths:
        path = st.text_input("Or a folder on this computer", on_change=lambda: keep("demo maps", False))
    if kept("demo maps", False):
        return _read(from_folder(shipped("datasets") / "maps"))
    if path:
        return remember("maps", path, lambda: read_maps(path))
    uploads = received(files)
    return _read(uploads) if uploads else None


def _read(uploads: list[Upload]) -> MapSet:
    return remember("maps", tuple((one.name, one.digest) for one in uploads), lambda: _read_anew(uploads))


def _read_anew(uploads: list[Upload]) -> MapSet:
    with on_disk(uploads) as folder:
        maps = read_maps(folder)
    return dataclasses.replace(maps, path=None if maps.path is None else Path(maps.path.name))


def describe_maps(maps: MapSet) -> None:
    """Say how many maps there are, and how large."""
    nm = [f"{value:g}" for value in maps.wavelengths]
    told = f"{nm[0]} nm" if len(nm) == 1 else f"{nm[0]} to {nm[-1]} nm"
    angle = "" if maps.angle is None else f", at {maps.angle:g} degrees"
    st.success(
        as_plain(f"{2 * len(nm)} maps of {maps.shape[0]} x {maps.shape[1]} pixels (rows x columns), {told}{angle}")
    )


def ask_clustering() -> ClusterOptions:
    """How many zones, and by what."""
    clusters = st.number_input("Number of zones", 1, 15, 4)
    with st.expander("How zones are found"):
        features = st.selectbox("Pixels are compared by", list(_FEATURES), format_func=_FEATURES.__getitem__)
        method = st.selectbox("Method", ["k-means", "mixture", "minibatch"])
        smoothing = st.number_input("Smoothing radius / columns", 0, 50, 0, help="0: none.")
        seed = st.number_input("Seed", 0, None, 0, help="The same one gives the same zones.")
    return ClusterOptions(clusters=clusters, features=features, method=method, smoothing=smoothing, seed=seed)
