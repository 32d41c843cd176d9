"""The page: a scan, its channels, its heights before and after levelling, its rows of dimers, and its defects."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import streamlit as st

from autoseg.app.heatmaps import Panel, draw_panels
from autoseg.app.models import ask_model
from autoseg.app.options import current_options
from autoseg.app.sentences import as_plain, told
from autoseg.app.session import remember
from autoseg.app.surfaces.defects import Asked, show_defects
from autoseg.app.uploads import Upload, on_disk, received
from autoseg.errors import ImageError
from autoseg.images.labels import write_tiff
from autoseg.images.micrograph import Micrograph, ReadOptions, read
from autoseg.images.names import names_for
from autoseg.stm.lattice import ROW_DISTANCE, LatticeOptions, Rows, check_scale, find_rows
from autoseg.stm.levelling import Levelled, LevellingOptions, level
from autoseg.stm.segmenter import SurfaceOptions, knows_surfaces

_ROWS = {
    "differences": "to the line before (keeps steps)",
    "median": "by their median",
    "polynomial": "by a polynomial each",
    "none": "not at all",
}
_TILTS = {"facets": "the slope of most of it", "plane": "the plane through it all", "none": "nothing"}


def show() -> None:
    """Show the page."""
    st.header("Surfaces", anchor=False)
    with st.sidebar:
        files = st.file_uploader(
            "Scans",
            accept_multiple_files=True,
            help="Nanonis, Omicron, Gwyddion, Igor, or any image. Omicron files need their .mtrx file beside them.",
        )
        uploads = received(files)
        scan = _choose(uploads)
        options = _ask_levelling()
        material = st.selectbox("(100) surface of", list(ROW_DISTANCE), help="The distance of rows of dimers is known.")
        model = ask_model(knows_surfaces, first="stm-si100")
    if scan is None:
        st.info("Upload a scan on the left. Nothing leaves this computer.")
        return
    reading, micrograph = _ask_channel(scan, uploads)
    key = scan.digest, micrograph.channels, id(micrograph), options
    levelled = remember("levelled", key, lambda: _level(micrograph, options))
    _show_heights(micrograph, levelled)
    lattice = LatticeOptions(material=material)
    _show_rows(micrograph, levelled, lattice)
    if model is not None:
        show_defects(
            Asked(model, reading, SurfaceOptions(levelling=options, lattice=lattice)), micrograph, scan, uploads
        )
    _offer(scan, micrograph, levelled)
    for note in micrograph.notes:
        st.caption(as_plain(note))


def _choose(uploads: list[Upload]) -> Upload | None:
    """One of those that were uploaded; other files may only belong to it."""
    scans = [upload for upload in uploads if upload.is_image] or uploads
    if len(scans) < 2:
        return scans[0] if scans else None
    names = [scan.name for scan in scans]
    return scans[names.index(st.selectbox("Scan", names))]


def _ask_levelling() -> LevellingOptions:
    rows = st.selectbox("Lines are aligned", list(_ROWS), format_func=_ROWS.__getitem__)
    degree = st.number_input("Degree of polynomials", 0, 5, 1, disabled=rows != "polynomial")
    tilt = st.selectbox("What is removed", list(_TILTS), format_func=_TILTS.__getitem__)
    scars = st.checkbox("Fill streaks along lines", True)
    outliers = st.checkbox("Fill single wrong pixels", True)
    return LevellingOptions(rows=rows, row_degree=degree, tilt=tilt, scars=scars, outliers=6.0 if outliers else 0.0)


def _ask_channel(scan: Upload, uploads: list[Upload]) -> tuple[ReadOptions, Micrograph]:
    """The scan in the channel and direction that are chosen, and how it is read; another channel is read anew."""
    reading = ReadOptions(max_pixels=current_options().max_pixels)
    first = _read(scan, uploads, reading)
    if not first.channels:
        return reading, first
    cells = st.columns([1, 1, 2])
    channel = cells[0].selectbox("Channel", ["topography", *first.channels])
    direction = cells[1].selectbox("Direction", ["forward", "backward"])
    other = reading.changed(channel=None if channel == "topography" else channel, direction=direction)
    with told():
        return other, _read(scan, uploads, other)
    return reading, first


def _read(scan: Upload, uploads: list[Upload], options: ReadOptions) -> Micrograph:
    def make() -> Micrograph:
        with on_disk(uploads) as folder:
            found = read(folder / scan.name, options)
        return dataclasses.replace(found, path=Path(scan.name))

    name = "scan" if options.channel is None and options.direction == "forward" else "scan in another channel"
    return remember(name, (scan.digest, scan.name, options), make)


def _level(micrograph: Micrograph, options: LevellingOptions) -> Levelled:
    if min(micrograph.field.shape) < 2:
        raise ImageError("is too small to be levelled", file=micrograph.path, advice="Take another one.")
    return level(micrograph.field, options)


def _show_heights(micrograph: Micrograph, levelled: Levelled) -> None:
    unit = micrograph.unit or "as recorded"
    before = Panel(f"as recorded / {unit}", micrograph.field, "viridis")
    after = Panel(f"levelled / {unit}", levelled.heights, "viridis")
    figure = draw_panels([before, after])
    figure.update_layout(dragmode="zoom")
    st.plotly_chart(figure, key="heights", config={"displaylogo": False, "scrollZoom": True}, theme=None)
    filled = np.mean(levelled.scars | levelled.outliers)
    size = micrograph.pixel_size
    rows, columns = micrograph.field.shape
    st.caption(
        as_plain(
            f"{columns} x {rows} pixels"
            + (f" of {size:.4g} nm ({micrograph.pixel_size_source})" if size else ", of unknown size")
            + f"; {100 * filled:.2g} % of them were filled."
        )
    )


def _show_rows(micrograph: Micrograph, levelled: Levelled, options: LatticeOptions) -> None:
    """The rows of dimers as a ruler, where there are some."""
    st.subheader("Rows of dimers", anchor=False)
    key = id(levelled), options
    rows: Rows | None = remember("rows", key, lambda: find_rows(levelled.heights, options))
    if rows is not None:
        cells = st.columns(4)
        cells[0].metric("Distance / px", f"{rows.spacing:.4g}")
        cells[1].metric("Direction / degrees", f"{rows.angle:.1f}", help="From the horizontal, counter-clockwise.")
        cells[2].metric("Shear / degrees", "-" if rows.shear is None else f"{rows.shear:.2f}")
        cells[3].metric("Signal", f"{rows.strength:.3g}", help="Power of the rows over what is around it.")
    st.write(as_plain(check_scale(rows, micrograph.pixel_size, options).note))


def _offer(scan: Upload, micrograph: Micrograph, levelled: Levelled) -> None:
    def make() -> bytes:
        with on_disk([]) as folder:
            write_tiff(folder / "level.tif", levelled.heights, micrograph.pixel_size, brightest=1)
            return (folder / "level.tif").read_bytes()

    content = remember("level file", id(levelled), make)
    name = f"{names_for([scan.name])[0]}_level.tif"
    st.download_button("Download levelled heights (TIFF)", content, name, "image/tiff", on_click="ignore")
