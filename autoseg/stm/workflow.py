"""The STM workflow: from made-up topographies to a trained network and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
from pydantic import Field

from autoseg.images.folders import images_in
from autoseg.options import Options as _Options
from autoseg.options import merged
from autoseg.stages.engine import Run
from autoseg.stages.stage import Outputs, Stage
from autoseg.stages.teach import Control, Teach, TeachOptions
from autoseg.stages.train_segmenter import TrainSegmenter, TrainSegmenterOptions, check_start, suiting_start
from autoseg.stm.classes import surface_head
from autoseg.stm.profiles import PROFILES, Profile, options_of
from autoseg.stm.stages.collect import Collect, CollectOptions, find_files
from autoseg.stm.stages.evaluate import Evaluate, ScoreOptions
from autoseg.stm.stages.learning_curve import CurveOptions, LearningCurve
from autoseg.stm.stages.prepare_scans import PrepareScans, ScanOptions
from autoseg.stm.stages.simulate import Simulate, SimulateOptions


class Options(_Options):
    """All options of the workflow. What is not given is as the profile says.

    >>> options = Options(profile="cpu", train_segmenter={"epochs": 3})
    >>> options.train_segmenter.epochs, options.train_segmenter.crop, options.train_segmenter.head.main.channels[-1]
    (3, 128, 'class_3')
    """

    profile: Profile = "published"
    """published: as in the published code. gpu: fast on a GPU. cpu: within an hour on two cores. smoke: a minute, to
    try it out."""
    data: Path | None = None
    """Folder with images/, masks/ and masks_row/, named as the published generator does, to learn from instead of
    made-up topographies; class 255 in masks: nobody knows."""
    scans: Path | None = None
    "Folder of scans that nobody has labelled, from which the network goes on learning by its own average."
    control: bool = True
    "Whether the same is trained without learning from the scans, so that it is known what these are worth."
    folder: Path = Path("autoseg_run")
    "Where everything is written."
    rows: bool = True
    "Whether the network predicts the rows of dimers, beside the defects."
    seed: int = Field(0, ge=0)
    "All random numbers follow from it."
    own_processes: bool = True
    "Give each stage a process of its own, which frees its memory at its end."
    simulate: SimulateOptions = SimulateOptions()
    "Stage 1: make up topographies, unless there is `data`."
    collect: CollectOptions = CollectOptions()
    "Stage 2: collect the `data`, if there is any."
    train_segmenter: TrainSegmenterOptions = TrainSegmenterOptions(head=surface_head())
    "Stage 3: learn to find defects in them. The head is set by `rows`."
    prepare_scans: ScanOptions = ScanOptions()
    "Stage 4: make scans level, and bring them to 18 px per row, if there are any."
    teach: TeachOptions = TeachOptions(head=surface_head())
    "Stages 5 and 6: learn from the scans, too; and the control. The head is set by `rows`."
    evaluate: ScoreOptions = ScoreOptions()
    "Stage 7: score all networks on pictures that they have not seen."
    learning_curve: CurveOptions = CurveOptions()
    "Stage 8: train networks on parts of the pictures, if fractions are given."

    @pydantic.model_validator(mode="before")
    @classmethod
    def _begin_with_profile(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        profile = given.get("profile", "published")
        below = suiting_start(options_of(profile), given) if profile in PROFILES else {}
        given = merged(below, given, cls)
        head = surface_head(given.get("rows") not in (False, "false")).model_dump()
        for stage in ("train_segmenter", "teach"):
            training = given.get(stage, {})
            if isinstance(training, Mapping) and "head" not in training:
                given[stage] = {**training, "head": head}
        return given

    @pydantic.model_validator(mode="after")
    def _fits_together(self) -> Options:
        for name, stage in (("train_segmenter", self.train_segmenter), ("teach", self.teach)):
            if stage.head != surface_head(self.rows):
                raise ValueError(f'"{name}.head" follows from "rows": leave it out')
        return self


def stages_of(options: Options) -> list[Stage | None]:
    """The stages of a run; None where one is left out."""
    data, scans = (path and path.resolve() for path in (options.data, options.scans))
    curve = {"options": options.learning_curve, "training": options.train_segmenter, "test": options.evaluate}
    return [
        None if data else Simulate(options=options.simulate),
        Collect(options=options.collect, data=data, rows=options.rows) if data else None,
        TrainSegmenter(options=options.train_segmenter),
        PrepareScans(options=options.prepare_scans, scans=scans, smallest=options.teach.crop or 1) if scans else None,
        Teach(options=options.teach) if scans else None,
        Control(options=options.teach) if scans and options.control else None,
        Evaluate(options=options.evaluate),
        LearningCurve(**curve) if options.learning_curve.fractions else None,
    ]


def run(options: Options) -> dict[str, Outputs]:
    """Do what is not done yet of the workflow; what each stage hands on, by its name."""
    check_start(options.train_segmenter)  # a model that is missing is told now and not later
    if options.scans is not None:
        images_in(options.scans)  # so is a folder of scans
    if options.data is not None:
        find_files(options.data, options.rows)  # so are masks
    stages = Run(options.folder, stages_of(options), options.seed, options.own_processes)
    stages.check()
    options.to_file(options.folder / "options.toml")
    return stages.execute()
