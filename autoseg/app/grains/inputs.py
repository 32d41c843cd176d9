"""The sidebar: which slices, what finds grains in them, and how these are parted."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import streamlit as st

from autoseg.app.models import ask_model
from autoseg.app.session import keep, kept
from autoseg.app.uploads import Upload, received
from autoseg.microct.analysis import GrainOptions
from autoseg.microct.segmentation import SliceOptions
from autoseg.microct.smoothing import Smoothing
from autoseg.simulation.grains.packing import PackingOptions, pack

_DEMO = (64, 96, 96), PackingOptions(radius=6.0, fraction=0.2)


@dataclass(frozen=True)
class Asked:
    """What the user gave."""

    uploads: tuple[Upload, ...]
    masks: bool
    "Whether the slices show grains as what is not 0."
    model: str | None
    "What else finds them; None: nothing is chosen."
    slices: SliceOptions
    options: GrainOptions
    voxel_size: float | None
    "In nm; None: what the files say."


def ask_inputs() -> Asked:
    """Show the sidebar, and tell what was given in it."""
    files = st.file_uploader(
        "Slices, or a volume",
        accept_multiple_files=True,
        help="Images of one size, in the order of the numbers in their names; or a TIFF of many pages, .npy or HDF5.",
        on_change=lambda: keep("demo grains", False),
    )
    if st.button("Try simulated grains", width="stretch"):
        keep("demo grains", True)
    demo = kept("demo grains", False)
    uploads = (_demo(),) if demo else tuple(received(files))
    masks = st.checkbox("They are masks: grains are what is not 0", demo, disabled=demo)
    model = ask_model(lambda head: head.finds_particles, first="grains-ct", disabled=masks or demo)
    voxel_size = st.number_input(
        "Edge of a voxel / nm", 1e-3, 1e9, None, format="%g", help="Empty: what the file says."
    )
    return Asked(uploads, masks or demo, None if masks or demo else model, _ask_slices(), _ask_parting(), voxel_size)


def _ask_slices() -> SliceOptions:
    with st.expander("How the network sees the slices"):
        polarity = st.selectbox(
            "Grains are",
            ["model", "bright", "dark"],
            format_func={"model": "as the model knows them", "bright": "bright", "dark": "dark"}.__getitem__,
            help="Brighter or darker than what lies around them.",
        )
        magnification = st.number_input(
            "Magnification", 0.1, 8.0, 1.0, help="Of the slices for the network, which knows grains of certain sizes."
        )
        by_slices = st.checkbox("Smooth along the volume as the slices suggest", True)
        width = st.number_input("Smoothing along the volume / slices", 0.0, 20.0, 0.0, disabled=by_slices)
        smoothing: Smoothing = "auto" if by_slices else width
    return SliceOptions(polarity=polarity, magnification=magnification, smoothing=smoothing)


def _ask_parting() -> GrainOptions:
    usual = GrainOptions()
    with st.expander("How grains are parted", expanded=True):
        threshold = st.slider("Probability of grains, at least", 0.05, 0.95, usual.threshold, 0.05)
        neck = st.slider("Necks are cut below", 0.0, 1.0, usual.neck, 0.05, help="Of the radius of the smaller grain.")
        smallest = st.number_input("Smallest grain / voxels", 1, None, usual.minimum_size)
    return GrainOptions(threshold=threshold, neck=neck, minimum_size=smallest)


@st.cache_resource(show_spinner=False)
def _demo() -> Upload:
    shape, packing = _DEMO
    grains = pack(shape, np.random.default_rng(1), packing).labels()
    stream = io.BytesIO()
    np.save(stream, (grains > 0).astype(np.uint8))
    return Upload("simulated_grains.npy", stream.getvalue())
