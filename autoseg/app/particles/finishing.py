"""From what was predicted to particles and their measures, as the thresholds and corrections of the moment say."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import pandas as pd

from autoseg.app.particles.controls import Chosen
from autoseg.app.particles.predicting import Predicted
from autoseg.app.session import keep, kept
from autoseg.images.class_map import ClassMap
from autoseg.images.corrections import Correction, correct
from autoseg.images.micrograph import Micrograph
from autoseg.measurement.conditions import keep_measured, parse_condition
from autoseg.measurement.shape import measure
from autoseg.segmentation.assembly import Assembly
from autoseg.segmentation.segment import Result, Segmenter


@dataclasses.dataclass(frozen=True, eq=False)
class Finished:
    """What is in an image. It is measured only when somebody asks for measures: the picture can be shown before."""

    everything: Result
    "Before conditions are asked: a report asks them itself, and tells what it left out."
    keep: tuple[str, ...]
    "Conditions."

    @property
    def shown(self) -> Result:
        """What meets the conditions."""
        return self._measured[0] if self.keep else self.everything

    @property
    def table(self) -> pd.DataFrame:
        """Measures of what is shown."""
        return self._measured[1]

    @cached_property
    def _measured(self) -> tuple[Result, pd.DataFrame]:
        if isinstance(self.everything, ClassMap):
            return self.everything, pd.DataFrame()
        conditions = [parse_condition(text) for text in self.keep]
        return keep_measured(self.everything, measure(self.everything), conditions)


def corrections_of(predicted: Predicted) -> tuple[Correction, ...]:
    """What was corrected by hand in an image."""
    found: tuple[Correction, ...] = kept("corrections", {}).get(predicted.upload.digest, ())
    return found


def correct_more(predicted: Predicted, correction: Correction) -> None:
    """Add a correction of an image."""
    _store(predicted, (*corrections_of(predicted), correction))


def undo(predicted: Predicted) -> None:
    """Take the last correction of an image back."""
    _store(predicted, corrections_of(predicted)[:-1])


def _store(predicted: Predicted, corrections: tuple[Correction, ...]) -> None:
    keep("corrections", {**kept("corrections", {}), predicted.upload.digest: corrections})


@dataclasses.dataclass(frozen=True)
class Finisher:
    """Finishes images with the same thresholds. What was finished last of each stays, until these change."""

    first: Segmenter
    "That which predicted them."
    chosen: Chosen
    pixel_size: float | None

    @cached_property
    def segmenter(self) -> Segmenter:
        """One that reports can describe."""
        read = self.chosen.options.read
        if self.pixel_size is not None:
            read = read.changed(pixel_size=self.pixel_size)
        return Segmenter(self.first.model, self.chosen.options, self.first.predictor, read=read)

    def finish(self, predicted: Predicted) -> Finished:
        """What is in an image, with its corrections; made anew only if something of it has changed."""
        corrections = corrections_of(predicted)
        key = self.segmenter.model.name, self.chosen, self.pixel_size, corrections
        if predicted.finished is None or predicted.finished[0] != key:
            predicted.finished = key, self._finish(predicted, corrections)
        finished: Finished = predicted.finished[1]
        return finished

    def _finish(self, predicted: Predicted, corrections: tuple[Correction, ...]) -> Finished:
        micrograph, segmenter = self._calibrated(predicted.micrograph), self.segmenter
        if not segmenter.head.finds_particles:
            return Finished(segmenter.finish(micrograph, predicted.levels, predicted.adaptation), ())
        found = segmenter.select(self._assembled(predicted), micrograph, predicted.adaptation)
        return Finished(correct(found, corrections), self.chosen.keep)

    def _assembled(self, predicted: Predicted) -> Assembly:
        """All particles of an image, assembled anew only if that changes them: most sliders only choose among them."""
        segmenter = self.segmenter
        key = segmenter.model.name, segmenter.assembling
        if predicted.assembled is None or predicted.assembled[0] != key:
            micrograph, levels, adaptation = predicted.micrograph, predicted.levels, predicted.adaptation
            if predicted.drawn is None and segmenter.leaves_out_letters:
                predicted.drawn = segmenter.find_drawn(micrograph)
            drawn = predicted.drawn if segmenter.leaves_out_letters else None
            predicted.assembled = key, segmenter.assemble(micrograph, levels, adaptation, drawn)
        return predicted.assembled[1]

    def _calibrated(self, micrograph: Micrograph) -> Micrograph:
        if self.pixel_size is None:
            return micrograph
        return dataclasses.replace(micrograph, pixel_size=self.pixel_size, pixel_size_source="given")
