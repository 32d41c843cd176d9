"""What the network predicts for the images of one browser: once for each image, whatever is done with it afterwards."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from autoseg.app.models import loaded
from autoseg.app.options import current_options
from autoseg.app.sentences import as_plain, sentence
from autoseg.app.session import keep, kept
from autoseg.app.uploads import Upload, on_disk
from autoseg.errors import AutosegError, ImageError
from autoseg.images.micrograph import Micrograph
from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.assembly import Assembly
from autoseg.segmentation.pyramid import Level
from autoseg.segmentation.segment import Segmenter, SegmentOptions

_ONE_AT_A_TIME = threading.Lock()  # browsers share processor and memory
_STOPPED = "stopped"

Tick = Callable[[str], None]


@dataclass(eq=False)
class Predicted:
    """An image, and what the network predicts for it."""

    upload: Upload
    micrograph: Micrograph
    levels: tuple[Level, ...]
    adaptation: Adaptation
    drawn: np.ndarray | None = None
    "Where letters and scale bars are, once somebody asked."
    assembled: tuple[Any, Assembly] | None = None
    "All particles, as they were assembled last, and with what."
    finished: tuple[Any, Any] | None = None
    "What was made of it last, and with what."


@dataclass(frozen=True)
class Asked:
    """What a prediction depends on, beside the image."""

    model: str
    options: SegmentOptions

    def key(self, upload: Upload) -> tuple[str, str, str, str]:
        """Equal for two predictions that are the same."""
        return upload.digest, upload.name, self.model, self.options.model_dump_json()


def predict_all(uploads: Sequence[Upload], asked: Asked) -> list[Predicted]:
    """What is predicted for each image, as far as it was not stopped; errors are told on the page.

    `uploads` may hold text files that belong to images. What was predicted before is not predicted again.
    """
    images = [upload for upload in uploads if upload.is_image]
    beside = [upload for upload in uploads if not upload.is_image]
    known = kept("predicted", {})
    wanted = {asked.key(upload): upload for upload in images}
    found: dict[tuple[str, ...], Predicted | AutosegError] = {key: known[key] for key in wanted if key in known}
    keep("predicted", found)  # what is no longer wanted frees its memory
    missing = [key for key in wanted if key not in found]
    if missing and not st.session_state.get(_STOPPED):
        _work([(key, wanted[key]) for key in missing], beside, asked, found)
    elif missing:
        st.warning(f"Stopped: {len(missing)} of {len(wanted)} images are left.")
        st.button("Go on", on_click=lambda: st.session_state.update({_STOPPED: False}))
    for key in wanted:
        if isinstance(error := found.get(key), AutosegError):
            st.error(sentence(error))
    return [one for key in wanted if isinstance(one := found.get(key), Predicted)]


def _work(
    missing: Sequence[tuple[tuple[str, ...], Upload]],
    beside: Sequence[Upload],
    asked: Asked,
    found: dict[tuple[str, ...], Predicted | AutosegError],
) -> None:
    """Predict one image after the other; a click on Stop ends the run of the page at the next step."""
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, "The model is loaded ...")
        st.button("Stop", on_click=lambda: st.session_state.update({_STOPPED: True}))
        segmenter = Segmenter(loaded(asked.model), asked.options)
        for number, (key, upload) in enumerate(missing):

            def tick(step: str, done: float = number / len(missing), name: str = upload.name) -> None:
                bar.progress(done, as_plain(f"{name}: {step}"))

            try:
                pixels = sum(one.micrograph.pixels.size for one in found.values() if isinstance(one, Predicted))
                found[key] = _predict(upload, beside, segmenter, tick, pixels)
            except AutosegError as error:
                found[key] = error
    place.empty()


def _predict(
    upload: Upload, beside: Sequence[Upload], segmenter: Segmenter, tick: Tick, pixels_before: int
) -> Predicted:
    tick("it is read ...")
    with on_disk([upload, *beside]) as folder:
        micrograph = segmenter.read(folder / upload.name)
    most = current_options().max_pixels
    if pixels_before + micrograph.pixels.size > most:
        problem = f"makes more than {most} pixels together with the others"
        raise ImageError(problem, file=upload.name, advice="Take fewer at a time, or the command autoseg segment.")
    micrograph = dataclasses.replace(micrograph, path=Path(upload.name))
    while not _ONE_AT_A_TIME.acquire(timeout=0.2):
        tick("another browser is served ...")
    try:
        tick("how large are its particles, bright or dark?")
        adaptation = segmenter.choose(micrograph)
        tick("the network looks at it ...")
        levels = segmenter.predict_levels(micrograph, adaptation)
    finally:
        _ONE_AT_A_TIME.release()
    return Predicted(upload, micrograph, levels, adaptation)
