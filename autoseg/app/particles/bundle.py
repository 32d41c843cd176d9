"""Everything as one file: labels, tables, pictures and report, as the command line writes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from autoseg.app.particles.finishing import Finisher, corrections_of
from autoseg.app.particles.predicting import Predicted
from autoseg.app.sentences import as_plain
from autoseg.app.uploads import on_disk
from autoseg.app.zipping import offer
from autoseg.measurement.report import ReportOptions, report


def offer_everything(finisher: Finisher, predicted: list[Predicted]) -> None:
    """A button that makes the file, and one that downloads it, as long as nothing has changed."""
    st.subheader("Everything", anchor=False)
    st.caption(
        "Labels (corrected, ready for training), overlays, ImageJ ROIs, particles.csv, summary.csv, run.json and "
        "report.html of all images, in one zip."
    )
    offer("particles", _key(finisher, predicted), lambda folder: _write(folder, finisher, predicted))


def _key(finisher: Finisher, predicted: list[Predicted]) -> tuple[object, ...]:
    images = tuple((one.upload.digest, corrections_of(one)) for one in predicted)
    return finisher.segmenter.model.name, finisher.chosen, finisher.pixel_size, images


def _write(folder: Path, finisher: Finisher, predicted: list[Predicted]) -> None:
    place = st.empty()
    with on_disk([one.upload for one in predicted]) as images:
        report(
            _finished(finisher, predicted, images, place),
            folder,
            ReportOptions(keep=finisher.chosen.keep),
            inputs=[images / one.upload.name for one in predicted],
            provenance=finisher.segmenter.describe(),
            root=images,
        )
    place.empty()


def _finished(finisher: Finisher, predicted: list[Predicted], images: Path, place: DeltaGenerator) -> Iterator[Any]:
    """The results one after the other, of files that are there."""
    for number, one in enumerate(predicted):
        place.progress(number / len(predicted), as_plain(f"{one.upload.name} is measured ..."))
        found = finisher.finish(one).everything
        micrograph = dataclasses.replace(found.micrograph, path=images / one.upload.name)
        yield dataclasses.replace(found, micrograph=micrograph)
    place.progress(1.0, "The report is written ...")
