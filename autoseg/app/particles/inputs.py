"""The sidebar: which images, which model, and what is known about the images. A change here predicts anew."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from autoseg.app.models import ask_model
from autoseg.app.options import current_options
from autoseg.app.particles.predicting import Asked
from autoseg.app.session import keep, kept
from autoseg.app.uploads import Upload, from_folder, received
from autoseg.files import shipped
from autoseg.images.micrograph import ReadOptions
from autoseg.images.readers import ENDINGS
from autoseg.segmentation.segment import SegmentOptions
from autoseg.stm.segmenter import knows_surfaces

_BESIDE = ("txt", "hdr")  # files in which some microscopes write the pixel size


@dataclass(frozen=True)
class Inputs:
    """What the user gave."""

    uploads: list[Upload]
    asked: Asked
    pixel_size: float | None
    "In nm; None: what the files say."


def ask_inputs() -> Inputs:
    """Show the sidebar, and tell what was given in it."""
    with st.sidebar:
        uploads = _ask_images()
        model = ask_model(lambda head: not knows_surfaces(head), first="particles") or "particles"
        pixel_size = _ask_pixel_size()
        with st.expander("How the network sees the images"):
            polarity = st.selectbox(
                "Particles are",
                ["auto", "bright", "dark"],
                format_func={"auto": "as each image shows", "bright": "bright", "dark": "dark"}.__getitem__,
                help="Brighter or darker than what they lie on.",
            )
            magnification = st.selectbox(
                "Magnification",
                ["auto", 0.5, 1.0, 2.0, 4.0],
                format_func=lambda factor: "as each image needs" if factor == "auto" else f"{factor:g}",
                help="Before the network sees them. Small particles need more.",
            )
            bar = st.selectbox(
                "Info bar below the image",
                ["auto", "none"],
                format_func={"auto": "is found and left out", "none": "there is none"}.__getitem__,
            )
    read = ReadOptions(max_pixels=current_options().max_pixels, info_bar=bar)
    return Inputs(
        uploads, Asked(model, SegmentOptions(read=read, polarity=polarity, magnification=magnification)), pixel_size
    )


def _ask_images() -> list[Upload]:
    files = st.file_uploader(
        "Micrographs",
        type=[ending[1:] for ending in sorted(ENDINGS)] + list(_BESIDE),
        accept_multiple_files=True,
        help="Text files beside them, in which some microscopes write the pixel size, can be uploaded, too.",
        on_change=lambda: keep("samples", False),
    )
    if st.button("Try the samples", width="stretch"):
        keep("samples", True)
    if not kept("samples", False):
        return received(files)
    names = [upload.name for upload in _samples()]
    chosen = st.multiselect("Samples", names, default=names[3:4])
    return [upload for upload in _samples() if upload.name in chosen]


@st.cache_resource(show_spinner=False)
def _samples() -> list[Upload]:
    return from_folder(shipped("datasets") / "samples", "*.tif")


def _ask_pixel_size() -> float | None:
    """From a number, or from the scale bar that is burnt into the images."""
    ways = ["from the files", "a number", "a scale bar"]
    way = st.radio("Pixel size", ways, horizontal=True, help="Without one, sizes are in pixels.")
    if way == ways[1]:
        return st.number_input("Width of a pixel / nm", min_value=1e-3, max_value=1e6, value=None, format="%g")
    if way == ways[2]:
        length = st.number_input("What the scale bar says / nm", min_value=1e-2, value=None, format="%g")
        pixels = st.number_input("Its length / pixels", min_value=1.0, value=None, format="%g")
        st.caption("Draw a box over it with the tool *Box*: its width is told below the picture.")
        return length / pixels if length and pixels else None
    return None
