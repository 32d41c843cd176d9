"""Segment the real micrographs with the trained network, measure their particles, and write the report."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from tqdm import tqdm

from autoseg.errors import StageError
from autoseg.images.folders import images_in
from autoseg.images.micrograph import ReadOptions
from autoseg.measurement.report import ReportOptions, report
from autoseg.options import Options
from autoseg.segmentation.instances import InstanceOptions
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.predictor import PredictOptions
from autoseg.segmentation.segment import Segmenter, SegmentOptions
from autoseg.sem.stages.train_segmenter import TrainedSegmenter
from autoseg.stages import Outputs, Stage


class Results(Outputs):
    """A folder with labels, overlays, ROIs, tables and report.html."""

    results: Path


class ResultOptions(Options):
    """How particles are found in the micrographs, and what is written about them."""

    predict: PredictOptions = PredictOptions()
    "How the network is run."
    instances: InstanceOptions = InstanceOptions()
    "How particles are found in what the network says."
    report: ReportOptions = ReportOptions()
    "Which files are written, and how statistics are made."


class Segment(Stage, ResultOptions):
    """The particles of all micrographs, and the report about them."""

    images: Path
    polarity: Literal["bright", "dark"] = "bright"
    read: ReadOptions = ReadOptions()

    def sources(self) -> list[Path]:
        """The micrographs."""
        return [self.images]

    def run(
        self,
        folder: Path,
        rng: np.random.Generator,
        *,
        train_segmenter: TrainedSegmenter,
        self_train: TrainedSegmenter | None = None,
    ) -> Results:
        """Write the results."""
        paths = images_in(self.images)
        settings = {"read": self.read, "predict": self.predict, "instances": self.instances}
        options = SegmentOptions(polarity=self.polarity, **settings)
        segmenter = Segmenter((self_train or train_segmenter).model, options)
        segmentations = tqdm(segment_all(paths, segmenter), total=len(paths), unit="image", disable=None)
        made = report(segmentations, folder / "results", self.report, inputs=paths, provenance=segmenter.describe())
        if len(made.failures):
            failed = "; ".join(f"{file}: {reason}" for file, reason in made.failures.itertuples(index=False))
            raise StageError(f"could not segment {failed}", advice="Repair these files, or take them out.")
        return Results(results=Path("results"))
