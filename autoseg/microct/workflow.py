"""The micro-CT workflow: from a few labelled slices, or none, to a network that finds grains, and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic
from pydantic import Field

from autoseg.images.folders import images_in
from autoseg.microct.profiles import PROFILES, Profile, options_of
from autoseg.microct.stages.prepare_slices import PrepareSlices, SlicesOptions
from autoseg.microct.stages.score_slices import ScoreOptions, ScoreSlices
from autoseg.microct.stages.simulate_slices import SimulateSlices, SimulateSlicesOptions
from autoseg.options import Options as _Options
from autoseg.options import merged
from autoseg.stages.engine import Run
from autoseg.stages.stage import Outputs, Stage
from autoseg.stages.teach import Control, Teach, TeachOptions
from autoseg.stages.train_segmenter import TrainSegmenter, TrainSegmenterOptions, check_start, suiting_start


class Options(_Options):
    """All options of the workflow. What is not given is as the profile says.

    >>> options = Options(images="slices", masks="masks", train_segmenter={"epochs": 3})
    >>> options.train_segmenter.epochs, options.train_segmenter.head.kind
    (3, 'mask')
    """

    profile: Profile = "cpu"
    "cpu: half an hour on one core. gpu: on a GPU. published: as in the published code. smoke: a minute, to try it out."
    images: Path | None = None
    "Folder of slices. Not set: the network is trained on simulated slices alone."
    masks: Path | None = None
    "Folder of masks, found by the names of slices, then by their last numbers. Not set: all slices are unlabelled."
    unlabelled: Path | None = None
    "Folder of more slices, without masks."
    folder: Path = Path("autoseg_run")
    "Where everything is written."
    teach_unlabelled: bool = True
    "Whether the network learns from unlabelled slices, too, if there are any, and labelled ones beside them."
    control: bool = True
    "Whether the same is trained without unlabelled slices, so that it is known what these are worth."
    seed: int = Field(0, ge=0)
    "All random numbers follow from it."
    own_processes: bool = True
    "Give each stage a process of its own, which frees its memory at its end."
    prepare_slices: SlicesOptions = SlicesOptions()
    "Stage 1: read slices and masks, and share them out."
    simulate_slices: SimulateSlicesOptions = SimulateSlicesOptions()
    "Stage 2: simulate slices; only if a count is asked for."
    train_segmenter: TrainSegmenterOptions = TrainSegmenterOptions()
    "Stage 3: learn from pairs."
    teach: TeachOptions = TeachOptions()
    "Stages 4 and 5: learn from unlabelled slices, too; and the control."
    score_slices: ScoreOptions = ScoreOptions()
    "Stage 6: score all models on the test slices, and choose one by the validation."

    @pydantic.model_validator(mode="before")
    @classmethod
    def _begin_with_profile(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        profile = given.get("profile", "cpu")
        if profile not in PROFILES:
            return dict(given)
        return merged(suiting_start(options_of(profile), given), given, cls)

    @pydantic.model_validator(mode="after")
    def _fits_together(self) -> Options:
        if self.masks is not None and self.images is None:
            raise ValueError('"masks" need the "images" that they belong to')
        if self.masks is None and not self.simulate_slices.count:
            raise ValueError('without "masks", the network learns from simulated slices: set "simulate_slices.count"')
        for stage in (self.train_segmenter, self.teach):
            if not stage.head.finds_particles:
                raise ValueError("the head is mask or instances: masks know grains, no classes")
        return self

    @property
    def teaches(self) -> bool:
        """Whether unlabelled slices are learned from."""
        return self.teach_unlabelled and self.images is not None


def stages_of(options: Options) -> list[Stage | None]:
    """The stages of a run; None where one is left out."""
    images, masks, unlabelled = (
        path and path.resolve() for path in (options.images, options.masks, options.unlabelled)
    )
    prepared = PrepareSlices(options=options.prepare_slices, images=images, masks=masks, unlabelled=unlabelled)
    return [
        prepared if images or unlabelled else None,
        SimulateSlices(options=options.simulate_slices) if options.simulate_slices.count else None,
        TrainSegmenter(options=options.train_segmenter),
        Teach(options=options.teach) if options.teaches else None,
        Control(options=options.teach) if options.teaches and options.control else None,
        ScoreSlices(options=options.score_slices),
    ]


def run(options: Options) -> dict[str, Outputs]:
    """Do what is not done yet of the workflow; what each stage hands on, by its name."""
    for folder in filter(None, (options.images, options.unlabelled)):
        images_in(folder)  # a folder that is missing, or empty, is told now and not hours later
    check_start(options.train_segmenter)  # so is a model
    stages = Run(options.folder, stages_of(options), options.seed, options.own_processes)
    stages.check()
    options.to_file(options.folder / "options.toml")
    return stages.execute()
