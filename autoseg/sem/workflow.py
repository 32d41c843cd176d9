"""The SEM workflow: from micrographs and a few outlines to a trained network, its results and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from autoseg.evaluation.batch import EvaluateOptions
from autoseg.images.folders import images_in
from autoseg.images.micrograph import ReadOptions
from autoseg.images.polarity import Polarity
from autoseg.options import Options as _Options
from autoseg.options import merged
from autoseg.sem.profiles import PROFILES, Profile, options_of
from autoseg.sem.stages.filter import Filter, FilterOptions
from autoseg.sem.stages.generate import Generate, GenerateOptions
from autoseg.sem.stages.render import Render, RenderOptions
from autoseg.sem.stages.simulate import Simulate, SimulateOptions
from autoseg.sem.stages.train_cyclegan import TrainCyclegan, TrainCycleganOptions
from autoseg.sem.stages.train_wgan import TrainWgan, TrainWganOptions
from autoseg.stages.cut_labelled import CutLabelled, CutLabelledOptions
from autoseg.stages.engine import Run
from autoseg.stages.evaluate import Evaluate
from autoseg.stages.labelled_files import find_labelled
from autoseg.stages.prepare import Prepare, PrepareOptions
from autoseg.stages.segment import ResultOptions, Segment
from autoseg.stages.self_train import SelfTrain, SelfTrainOptions, check_self_training
from autoseg.stages.stage import Outputs, Stage
from autoseg.stages.train_segmenter import TrainSegmenter, TrainSegmenterOptions, check_start, suiting_start

Source = Literal["cyclegan", "rendering", "labelled"]


class Options(_Options):
    """All options of the workflow. What is not given is as published, or as the profile says.

    >>> options = Options(images="micrographs", outlines="outlines", profile="cpu", train_wgan={"epochs": 100})
    >>> options.train_wgan.epochs, options.train_wgan.filters
    (100, 16)
    """

    profile: Profile = "published"
    "published: as in the paper. gpu: fast on a GPU. cpu: half an hour on two cores. smoke: a minute, to try it out."
    images: Path | None = None
    "Folder of micrographs. Not set: the network is trained on renderings alone, for any micrographs."
    outlines: Path | None = None
    "Folder of images of one white particle on black each."
    truth: Path | None = None
    "Folder of masks or labels, named as their micrographs, to score the result against. Nothing is learned from it."
    labelled: Path | None = None
    """Folder of micrographs with labels, masks or zips of ROIs beside them, to learn from: they join the sources of the
    profile, without the cycleGAN if images or outlines are missing; without outlines, the world is rendered."""
    folder: Path = Path("autoseg_run")
    "Where everything is written."
    polarity: Polarity = Polarity.BRIGHT
    "Whether particles are brighter or darker than what lies around them; either: only without images of your own."
    sources: Annotated[tuple[Source, ...], Field(min_length=1)] = ("cyclegan",)
    """Where the micrographs come from that the segmenter learns from: a cycleGAN, rendering by formulas, labelled
    images; one of them, or several."""
    seed: int = Field(0, ge=0)
    "All random numbers follow from it."
    own_processes: bool = True
    "Give each stage a process of its own, which frees its memory at its end."
    read: ReadOptions = ReadOptions()
    "How micrographs are read."
    prepare: PrepareOptions = PrepareOptions()
    "Stage 1: cut micrographs into tiles."
    train_wgan: TrainWganOptions = TrainWganOptions()
    "Stage 2: learn outlines."
    simulate: SimulateOptions = SimulateOptions()
    "Stage 3: simulate masks."
    train_cyclegan: TrainCycleganOptions = TrainCycleganOptions()
    "Stage 4: learn to make micrographs of masks."
    generate: GenerateOptions = GenerateOptions()
    "Stage 5: make micrographs of the simulated masks."
    filter: FilterOptions = FilterOptions()
    "Stage 6: take out of the masks what these do not show."
    render: RenderOptions = RenderOptions()
    "Stage 7: render micrographs by formulas."
    cut_labelled: CutLabelledOptions = CutLabelledOptions()
    "Stage 8: cut tiles out of labelled micrographs."
    train_segmenter: TrainSegmenterOptions = TrainSegmenterOptions()
    "Stage 9: learn to segment."
    self_train: SelfTrainOptions = SelfTrainOptions()
    "Stage 10: learn from the micrographs, by what is found in them; only if rounds are asked for."
    segment: ResultOptions = ResultOptions()
    "Stage 11: segment and measure the micrographs."
    evaluate: EvaluateOptions = EvaluateOptions()
    "Stage 12: score the result, if there are true masks."

    @pydantic.model_validator(mode="before")
    @classmethod
    def _begin_with_profile(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        profile = given.get("profile", "published")
        known = suiting_start(options_of(profile), given) if profile in PROFILES else {}
        if given.get("labelled") is not None:
            known = merged(known, _with_labelled(known, given), cls)
        given = merged(known, given, cls)
        training = given.get("train_segmenter", {})
        head = training.get("head") if isinstance(training, Mapping) else training.head
        by_distance = {"segment": {"instances": {"method": "distance"}}}
        return merged(by_distance, given, cls) if _kind(head) == "mask" else given

    @pydantic.model_validator(mode="after")
    def _fits_together(self) -> Options:
        if "cyclegan" in self.sources:
            self._check_cyclegan()
        if ("labelled" in self.sources) != (self.labelled is not None):
            raise ValueError('the source "labelled" and a folder "labelled" belong together: give both, or none')
        if self.truth is not None and self.images is None:
            raise ValueError('"truth" needs "images" to be segmented')
        if self.images is not None and self.polarity == Polarity.EITHER:
            raise ValueError('"polarity" must be what the particles in "images" are: bright, or dark')
        if self.train_segmenter.head.classes:
            raise ValueError('"train_segmenter.head" is mask or instances: simulated masks know particles, no classes')
        return self

    def _check_cyclegan(self) -> None:
        if self.images is None or self.outlines is None:
            raise ValueError('the source "cyclegan" needs folders of "images" and of "outlines"')
        tile, mask, crop = self.prepare.size, self.simulate.size, self.train_cyclegan.crop
        if crop is None and tile != mask:
            raise ValueError(f'"prepare.tile" is {tile} and "simulate.size" {mask}: the cycleGAN needs equal ones')
        if crop is not None and crop > min(*tile, *mask):
            raise ValueError(f'"train_cyclegan.crop" is {crop}, and tiles are {tile}, masks {mask}: smaller than that')
        if any(side < 40 or side % 8 for side in (tile if crop is None else (crop,))):
            raise ValueError(f"the cycleGAN sees {crop or tile} pixels, and needs multiples of 8, and 40 at least")


def stages_of(options: Options) -> list[Stage | None]:
    """The stages of a run; None where one is left out."""
    given = options.images, options.outlines, options.truth, options.labelled
    images, outlines, truth, labelled = (path and path.resolve() for path in given)
    polarity = {"polarity": options.polarity}
    micrographs = {"images": images, "read": options.read}
    by_cyclegan, by_rendering = ("cyclegan" in options.sources, "rendering" in options.sources)
    by_wgan = by_cyclegan and options.simulate.source == "wgan"
    by_itself = images is not None and options.self_train.rounds > 0
    learned = {"options": options.self_train, "training": options.train_segmenter}
    return [
        Prepare(options=options.prepare, **micrographs, **polarity) if images else None,
        TrainWgan(options=options.train_wgan, outlines=outlines) if by_wgan else None,
        Simulate(options=options.simulate, outlines=outlines) if by_cyclegan else None,
        TrainCyclegan(options=options.train_cyclegan, **polarity) if by_cyclegan else None,
        Generate(options=options.generate, **micrographs, **polarity) if by_cyclegan else None,
        Filter(options=options.filter, **micrographs, **polarity) if by_cyclegan else None,
        Render(options=options.render, outlines=outlines, **micrographs, **polarity) if by_rendering else None,
        CutLabelled(options=options.cut_labelled, labelled=labelled, read=options.read, **polarity)
        if labelled
        else None,
        TrainSegmenter(options=options.train_segmenter, **polarity),
        SelfTrain(**learned, **micrographs, **polarity) if by_itself else None,
        Segment(options=options.segment, **micrographs, **polarity) if images else None,
        Evaluate(options=options.evaluate, images=images, truth=truth) if truth else None,
    ]


def run(options: Options) -> dict[str, Outputs]:
    """Do what is not done yet of the workflow; what each stage hands on, by its name."""
    for folder in filter(None, (options.images, options.outlines, options.truth, options.labelled)):
        images_in(folder)  # a folder that is missing, or empty, is told now and not hours later
    if options.labelled:
        find_labelled(options.labelled, options.cut_labelled.labels, options.cut_labelled.only_labelled)
    check_start(options.train_segmenter)  # so is a model
    if options.self_train.rounds:
        check_self_training(options.train_segmenter)
    stages = Run(options.folder, stages_of(options), options.seed, options.own_processes)
    stages.check()
    options.to_file(options.folder / "options.toml")
    return stages.execute()


def _with_labelled(profile: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a folder of labelled images changes in a profile, unless it is given otherwise."""
    known = {"cyclegan": {"images", "outlines"}}
    before = profile.get("sources", Options.model_fields["sources"].default)
    sources = [source for source in before if all(given.get(name) for name in known.get(source, ()))]
    alone = {} if given.get("outlines") else {"render": {"world_share": 1.0}}
    return {"sources": [*sources, "labelled"], **alone}


def _kind(head: Any) -> Any:
    """The kind of a head, however it was given."""
    return head.get("kind") if isinstance(head, Mapping) else getattr(head, "kind", head)
