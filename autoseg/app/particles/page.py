"""The page: images on the left, and for one of them thresholds, picture, corrections, sizes and table."""

from __future__ import annotations

import streamlit as st

from autoseg.app.models import loaded
from autoseg.app.particles.bundle import offer_everything
from autoseg.app.particles.controls import ask_thresholds
from autoseg.app.particles.finishing import Finisher
from autoseg.app.particles.inputs import Inputs, ask_inputs
from autoseg.app.particles.picture import show_particles
from autoseg.app.particles.predicting import Predicted, predict_all
from autoseg.app.particles.results import show_sizes, show_table
from autoseg.app.sentences import as_plain, told
from autoseg.app.session import remember
from autoseg.images.class_map import ClassMap
from autoseg.images.class_overlay import draw_class_overlay
from autoseg.segmentation.segment import Segmenter


def show() -> None:
    """Show the page."""
    st.header("Particles", anchor=False)
    inputs = ask_inputs()
    if not inputs.uploads:
        st.info("Upload micrographs on the left, or try the samples. Nothing leaves this computer.")
        return
    predicted = predict_all(inputs.uploads, inputs.asked)
    if not predicted:
        return
    names = [one.upload.name for one in predicted]
    chosen = names[0]
    if len(names) > 1:
        chosen = st.selectbox("Image", names)
    _work(inputs, predicted, names.index(chosen))


@st.fragment
def _work(inputs: Inputs, predicted: list[Predicted], place: int) -> None:
    """What is live: it runs anew at each change within it, and the network does not."""
    with told():
        segmenter = remember("segmenter", inputs.asked, lambda: _segmenter(inputs))
        left, right = st.columns([1, 2.8], gap="medium")
        with left:
            chosen = ask_thresholds(segmenter)
        finisher = Finisher(segmenter, chosen, inputs.pixel_size)
        with right:
            found = finisher.finish(predicted[place])
            if isinstance(found.shown, ClassMap):
                _show_classes(found.shown)
            else:
                show_particles(found.shown, predicted[place], lambda: found.table)
        if not isinstance(found.shown, ClassMap):
            show_sizes(finisher, predicted, place)
            show_table(found.table)
        for note in found.shown.micrograph.notes:
            st.caption(as_plain(note))
        offer_everything(finisher, predicted)


def _segmenter(inputs: Inputs) -> Segmenter:
    return Segmenter(loaded(inputs.asked.model), inputs.asked.options)


def _show_classes(found: ClassMap) -> None:
    """What a model of classes found; it is measured in the report."""
    st.image(draw_class_overlay(found), width="stretch")
    shares = {"class": found.names, "pixels": found.pixels, "share": found.pixels / found.classes.size}
    st.dataframe(shares, hide_index=True)
