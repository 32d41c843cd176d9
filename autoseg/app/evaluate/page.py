"""The page: two folders of labels, masks or class maps, their scores, and pictures of what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from autoseg.app.sentences import as_plain, sentence, told
from autoseg.app.session import keep, kept
from autoseg.app.uploads import Upload, on_disk, received
from autoseg.app.zipping import offer_made, zipped
from autoseg.errors import OptionsError
from autoseg.evaluation.batch import EvaluateOptions, FileScores
from autoseg.evaluation.class_batch import ClassFileScores
from autoseg.evaluation.class_pairs import are_classes
from autoseg.evaluation.errors_picture import ERROR_COLOURS
from autoseg.evaluation.files import by_stem, pair_up
from autoseg.evaluation.overview import SCORES, score_rows, size_header, size_rows
from autoseg.images.folders import images_in

_KINDS = {
    "auto": "what the files look like",
    "labels": "labels, a number for each particle",
    "masks": "masks, black and white",
    "classes": "class maps",
}


@dataclass(frozen=True)
class Outcome:
    """What came out, for the page and to be downloaded."""

    tables: tuple[pd.DataFrame, ...]
    pictures: dict[str, bytes]
    failures: tuple[str, ...]
    content: bytes
    classes: bool


def show() -> None:
    """Show the page."""
    st.header("Evaluate", anchor=False)
    with st.sidebar, told():
        predicted = _ask_folder("Labels that were found")
        true = _ask_folder("Labels that are true")
        images = _ask_folder("Micrographs, to be seen below (may stay empty)")
    with st.sidebar:
        options, only_common = _ask_options()
        scoring = st.button("Score", type="primary", width="stretch")
    if scoring:
        keep("outcome", None)
        with told():
            if not predicted or not true:
                raise OptionsError("two folders are compared", advice="Upload both on the left.")
            keep("outcome", _score(predicted, true, images, options, only_common))
    outcome: Outcome | None = kept("outcome")
    if outcome is None:
        st.info(
            "Upload a folder of labels, masks or class maps from any program, and one with the truth, and press Score. "
            "Files belong together if their names are the same; _labels or _classes at their end does not matter."
        )
    else:
        _show(outcome)


def _ask_folder(label: str) -> list[Upload]:
    return received(st.file_uploader(label, accept_multiple_files="directory"))


def _ask_options() -> tuple[EvaluateOptions, bool]:
    kind = st.selectbox("The files are", list(_KINDS), format_func=_KINDS.__getitem__)
    with st.expander("What counts"):
        smallest = st.number_input("Smallest particle / pixels", 1, None, 1)
        edge = st.checkbox("Not those at the edge")
        common = st.checkbox("Only files that both folders have", help="The command line calls it --only-common.")
        size = st.number_input("Width of a pixel / nm", 1e-3, 1e6, None, format="%g", help="Empty: what the files say.")
    return EvaluateOptions(kind=kind, minimum_size=smallest, exclude_edge=edge, pixel_size=size), common


def _score(
    predicted: list[Upload], true: list[Upload], images: list[Upload], options: EvaluateOptions, only_common: bool
) -> Outcome:
    """Score all pairs; a click on Stop ends it at the next one."""
    place = st.empty()
    with on_disk(predicted) as ours, on_disk(true) as theirs, on_disk(images) as beside, on_disk([]) as output:
        pairs = pair_up(ours, theirs, only_common, options.kind)
        scenes = by_stem(images_in(beside)) if images else None
        classes = are_classes(pairs.values(), options.kind)
        found = (ClassFileScores if classes else FileScores)(pairs, options, output, scenes)
        with place.container():
            bar = st.progress(0.0)
            st.button("Stop")
            for number, name in enumerate(pairs):
                bar.progress(number / len(pairs), as_plain(f"{name} is scored ..."))
                found.score([name])
        place.empty()
        found.write(output)
        return _outcome(found, output)


def _outcome(found: FileScores | ClassFileScores, output: Path) -> Outcome:
    classes = isinstance(found, ClassFileScores)
    tables: tuple[pd.DataFrame, ...] = ()
    if isinstance(found, FileScores) and found.together is not None:
        together = found.together
        tables = (
            pd.DataFrame(score_rows(found.scores), columns=SCORES),
            pd.DataFrame(size_rows(together), columns=size_header(together)),
        )
    elif found.scores:
        tables = (pd.read_csv(output / "scores.csv"),)
    pictures = {
        path.name.removesuffix("_errors.png"): path.read_bytes() for path in sorted(output.glob("*_errors.png"))
    }
    failures = tuple(sentence(error) for error in found.failures.values())
    return Outcome(tables, pictures, failures, zipped(output), classes)


def _show(outcome: Outcome) -> None:
    for failure in outcome.failures:
        st.error(failure)
    for table in outcome.tables:
        st.dataframe(table, hide_index=True)
    if outcome.pictures:
        name = st.selectbox("Picture of errors", list(outcome.pictures))
        st.image(outcome.pictures[name], width="stretch")
        st.caption(_legend(outcome.classes))
    offer_made("scores", outcome.content)


def _legend(classes: bool) -> str:
    if classes:
        return "Wrong pixels have the colour of the class that they were taken for; stripes: the truth is not known."
    names = {"true": "green", "missed": "yellow", "false": "orange", "merged": "purple", "split": "blue"}
    return ", ".join(f"{kind}: {names[kind]}" for kind in ERROR_COLOURS) + "; white lines are the truth."
