"""Thresholds and filters: what is changed here needs no new prediction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from autoseg.measurement.conditions import parse_condition
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.segment import Segmenter, SegmentOptions


@dataclass(frozen=True)
class Chosen:
    """What counts as a particle."""

    options: SegmentOptions
    keep: tuple[str, ...]
    "Conditions."


def ask_thresholds(segmenter: Segmenter) -> Chosen:
    """Show the controls, which begin at what the model recommends; only what is changed is set."""
    known = segmenter.instances
    if not segmenter.head.finds_particles:
        return Chosen(segmenter.options, ())
    values: dict[str, Any] = {"threshold": _ask_threshold(known), **_ask_parting(segmenter)}
    values["minimum_size"] = st.number_input("Smallest particle / pixels", 1, None, known.minimum_size)
    values["exclude_edge"] = st.checkbox("Not those at the edge", known.exclude_edge)
    with st.expander("More filters"):
        values["maximum_size"] = st.number_input("Largest particle / pixels", 1, None, known.maximum_size)
        values["fill_holes"] = st.checkbox("Fill holes", known.fill_holes)
        conditions = st.text_area(
            "Keep only particles with",
            placeholder="circularity > 0.8\naspect_ratio >= 0.5",
            help="One condition a line, on any column of the table below.",
        )
    changed = {name: value for name, value in values.items() if value != getattr(known, name)}
    options = segmenter.options.changed(instances=InstanceOptions(**changed), **_ask_scores(segmenter))
    return Chosen(options, _conditions(conditions))


def _ask_threshold(known: InstanceOptions) -> float | str:
    automatic = known.threshold == "otsu"
    usual = 0.5 if automatic else known.threshold
    if st.toggle("Automatic threshold", automatic, help="Otsu's threshold of each image."):
        return "otsu"
    return st.slider("Foreground threshold", 0.0, 1.0, float(usual), 0.01, help="Less takes in more of dim particles.")


def _ask_parting(segmenter: Segmenter) -> dict[str, Any]:
    known = segmenter.instances
    if known.method == "contact":
        help_ = "How deep the valley between two particles is at least: less parts more particles."
        return {"prominence": st.slider("Valley that parts particles", 0.01, 1.0, known.prominence, 0.01, help=help_)}
    help_ = "Of two middles that are closer, only one is a particle."
    return {
        "minimum_distance": st.slider("Least distance of middles / pixels", 1, 100, known.minimum_distance, help=help_)
    }


def _ask_scores(segmenter: Segmenter) -> dict[str, Any]:
    if not segmenter.head.tells_distance:
        return {}
    least = segmenter.scoring.least
    help_ = "A score is the probability that a particle is one; those of lower ones are left out."
    score = st.slider("Least score", 0.0, 1.0, float(least), 0.01, help=help_)
    all_of_it = st.checkbox("Keep doubtful ones", help="Also where nothing plausible is found in an image.")
    return {**({"minimum_score": score} if score != least else {}), **({"plausibility": 0.0} if all_of_it else {})}


def _conditions(text: str) -> tuple[str, ...]:
    lines = [line.strip() for line in re.split(r"[\n,;]", text) if line.strip()]
    return tuple(parse_condition(line).text for line in lines)
