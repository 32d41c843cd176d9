"""The page: a slice or a small volume, sections through its grains at right angles, sizes, everything as one file."""

from __future__ import annotations

import numpy as np
import streamlit as st

from autoseg.app.grains.finding import Found, find
from autoseg.app.grains.inputs import Asked, ask_inputs
from autoseg.app.sentences import as_plain, told
from autoseg.app.session import keep, kept
from autoseg.app.zipping import offer_made
from autoseg.errors import OptionsError
from autoseg.measurement.plots import as_svg, counted_particles, draw_sizes
from autoseg.measurement.sizes import SizeOptions
from autoseg.microct.views import draw_section

_LONGEST = 420  # pixels of a section on the screen
_AXES = ("Slice", "Row", "Column")


def show() -> None:
    """Show the page."""
    st.header("Grains", anchor=False)
    asked = None
    with st.sidebar:
        with told():
            asked = ask_inputs()
        finding = st.button("Find grains", type="primary", width="stretch")
    if asked is None:
        return
    if finding:
        keep("grains", None)
        _find(asked)
    known: tuple[Asked, Found] | None = kept("grains")
    if known is None:
        st.info("Upload slices or a small volume on the left, or try simulated grains, and press Find grains.")
        return
    if known[0] != asked:
        st.caption("Something on the left has changed: press Find grains to see what it does.")
    _show(known[1])


def _find(asked: Asked) -> None:
    """Find the grains; a click on Stop ends it at the next slice."""
    if not asked.uploads:
        raise OptionsError("there are no slices yet", advice="Upload some on the left, or try simulated grains.")
    if asked.model is None and not asked.masks:
        raise OptionsError("no model is chosen", advice="Choose one on the left, or say that the slices are masks.")
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, "The slices are read ...")
        st.button("Stop")

        def tick(done: float) -> None:
            bar.progress(done, "Grains are parted and measured ..." if done == 1 else "The network looks at slices ...")

        keep("grains", (asked, find(asked, tick)))
    place.empty()


@st.fragment
def _show(found: Found) -> None:
    """What is live: nothing is found anew when a slider moves."""
    with told():
        report, result = found.report, found.report.result
        cells = st.columns(4)
        cells[0].metric("Grains", result.count, help=f"{report.sizes.count} of them count for the sizes.")
        cells[1].metric("Volume fraction / %", f"{100 * result.fraction.value:.2f}")
        for cell, name in zip(cells[2:], ("number", "volume"), strict=True):
            sizes = getattr(report.sizes, name)
            value = "-" if sizes is None or sizes.d50.value is None else f"{sizes.d50.value:.4g}"
            cell.metric(f"D50 by {name} / {report.sizes.unit}", value)
        _show_sections(found)
        _show_sizes(found)
        st.dataframe(result.grains, hide_index=True, height=240)
        for warning in report.warnings:
            st.caption(as_plain(warning))
        offer_made("grains", found.content)


def _show_sections(found: Found) -> None:
    """Three sections at right angles, each where its slider stands."""
    voxel_size = found.report.result.volume.voxel_size
    x, y, z = voxel_size or (1.0, 1.0, 1.0)
    edges = (y, x), (z, x), (z, y)
    for axis, cell in enumerate(st.columns(3)):
        length = found.grey.shape[axis]
        with cell:
            place = 1 if length == 1 else st.slider(_AXES[axis], 1, length, length // 2 + 1)
            grey, labels = (volume.take(place - 1, axis) for volume in (found.grey, found.labels))
            if min(grey.shape) > 1:
                scaled = grey.astype(np.float32)  # so that masks of 0 and 1 are seen, too
                picture = draw_section(scaled, labels, edges[axis], in_nm=voxel_size is not None, longest=_LONGEST)
                st.image(picture)
    if len(found.grey) > 1:
        st.caption("Slices, and sections along rows and along columns, in which slices go downwards.")


def _show_sizes(found: Found) -> None:
    sizes = found.report.sizes
    if sizes.count > 1:
        kept_grains, weights = counted_particles(found.report.result.grains, SizeOptions(column="equivalent_diameter"))
        values = kept_grains[sizes.column].to_numpy(float)
        st.image(as_svg(draw_sizes(values, np.asarray(weights), sizes, "grains")).decode(), width=560)
