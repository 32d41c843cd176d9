"""Segment the real micrographs with the trained network, measure their particles, and write the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from autoseg.errors import StageError
from autoseg.images.folders import images_in
from autoseg.images.micrograph import ReadOptions
from autoseg.images.polarity import Polarity
from autoseg.measurement.report import ReportOptions, report
from autoseg.options import Options
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.options import SegmentOptions
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.predictor import PredictOptions
from autoseg.segmentation.segment import Segmenter
from autoseg.stages.stage import Outputs, Stage
from autoseg.stages.train_segmenter import TrainedSegmenter


class Results(Outputs):
    """A folder with labels, overlays, ROIs, tables and report.html."""

    results: Path


class ResultOptions(Options):
    """How particles are found in the micrographs, and what is written about them."""

    predict: PredictOptions = PredictOptions()
    "How the network is run."
    instances: InstanceOptions = InstanceOptions()
    "How particles are found in what the network predicts."
    report: ReportOptions = ReportOptions()
    "Which files are written, and how statistics are made."


class Segment(Stage):
    """The particles of all micrographs, and the report about them."""

    options: ResultOptions = ResultOptions()
    images: Path
    polarity: Polarity = Polarity.BRIGHT
    read: ReadOptions = ReadOptions()

    def sources(self) -> list[Path]:
        """The micrographs."""
        return [self.images]

    def run(self, folder: Path, rng: np.random.Generator, *, trained: tuple[TrainedSegmenter, ...]) -> Results:
        """Write the results, with the model that was trained last."""
        paths = images_in(self.images)
        settings = {"read": self.read, "predict": self.options.predict, "instances": self.options.instances}
        # The model was made for these images as they are: whatever it finds in them is to be seen.
        as_it_is = {"polarity": self.polarity.value, "magnification": 1.0, "minimum_score": 0, "plausibility": 0}
        options = SegmentOptions(**as_it_is, **settings)
        segmenter = Segmenter(trained[-1].model, options)
        segmentations = tqdm(segment_all(paths, segmenter), total=len(paths), unit="image", disable=None)
        about = segmenter.describe()
        made = report(segmentations, folder / "results", self.options.report, inputs=paths, provenance=about)
        if len(made.failures):
            failed = "; ".join(f"{file}: {reason}" for file, reason in made.failures.itertuples(index=False))
            raise StageError(f"could not segment {failed}", advice="Repair these files, or take them out.")
        return Results(results=Path("results"))
