"""From a micrograph to its particles, with a trained model."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from autoseg.errors import ImageError, ModelError, OptionsError
from autoseg.images.micrograph import Micrograph, ReadOptions, read
from autoseg.images.segmentation import Segmentation
from autoseg.models import Model, load_model
from autoseg.options import Options
from autoseg.segmentation.channels import CHANNELS
from autoseg.segmentation.choice import Look, choose_view, judge
from autoseg.segmentation.instances import InstanceOptions, find_instances
from autoseg.segmentation.predictor import PredictOptions, Predictor
from autoseg.segmentation.provenance import Architecture, Provenance, TrainedModel
from autoseg.segmentation.view import Polarity, View, bring_back, prepare, scaled

_log = logging.getLogger("autoseg")

Image = str | os.PathLike[str] | Micrograph | np.ndarray
AnyModel = str | os.PathLike[str] | Model
Magnification = Literal["auto"] | Annotated[float, Field(gt=0, le=16)]

WINDOW = 512
"Edge in pixels, as the network sees them, of what is looked at before it is decided how an image is shown."


class SegmentOptions(Options):
    """How particles are found in a micrograph."""

    read: ReadOptions = ReadOptions()
    "How the file is read."
    predict: PredictOptions = PredictOptions()
    "How the network is run."
    instances: InstanceOptions = InstanceOptions()
    "How particles are found in what the network says. What is not set here is as the model recommends."
    polarity: Literal["auto", "model", "bright", "dark"] = "auto"
    """Whether particles are brighter or darker than what they lie on. model: as the model saw them; auto: whatever is
    more plausible in each image, if the network has three channels; with a single one it cannot tell."""
    magnification: Magnification = "auto"
    """Factor by which an image is magnified before the network sees it; auto: 1, unless its particles are not of the
    sizes that the model knows. Results are in pixels of the image all the same. Defaults and recommendations of
    `minimum_core` and `pinhole_size` are meant for what the network sees, and are converted; what is set is not."""


class Segmenter:
    """A model ready to segment many micrographs; options are given as an object, by name, or both."""

    def __init__(self, model: AnyModel, options: SegmentOptions | None = None, **changes: Any):
        self.model = model if isinstance(model, Model) else load_model(model)
        self.options = (options or SegmentOptions()).changed(**changes)
        self.instances = _complete(self.options, self.model)
        self._predictor = Predictor(self.model.network, self.options.predict)

    def __call__(self, image: Image) -> Segmentation:
        """The particles of a micrograph, of its file, or of an array (rows, columns)."""
        micrograph = self.read(image)
        view = self.choose(micrograph)
        return self.finish(micrograph, self.predict(micrograph, view), view)

    def read(self, image: Image) -> Micrograph:
        """The micrograph, read if it is not yet."""
        if isinstance(image, Micrograph):
            return image
        return Micrograph(image) if isinstance(image, np.ndarray) else read(image, self.options.read)

    def choose(self, micrograph: Micrograph) -> View:
        """How the network is to see the image: as the options say; what they leave open, first looks decide."""
        asked = self.options.magnification
        magnification, diameters = (1.0, self._diameters) if asked == "auto" else (asked, None)
        if len(self._polarities) == 1 and diameters is None:
            return View(self._polarities[0], magnification)
        with _naming(micrograph):
            field = _checked(micrograph.field)
            view = choose_view(partial(self._look, field), field.shape, diameters, magnification)
        _log.info("%s: %s particles, magnified by %g", micrograph.path or "image", view.polarity, view.magnification)
        return view

    def predict(self, micrograph: Micrograph, view: View | None = None) -> np.ndarray:
        """What the network says about the field of view: float32 (rows, columns, channels). No view: choose one."""
        view = view or self.choose(micrograph)
        with _naming(micrograph):
            field = _checked(micrograph.field)
            prepared = prepare(field, view.magnification, self.model.config.preprocessing)
            return bring_back(self._run(prepared, view.polarity), field.shape)

    def finish(self, micrograph: Micrograph, probability: np.ndarray, view: View) -> Segmentation:
        """The particles in what the network said of this view; the micrograph's notes tell if it was an unusual one."""
        options = scaled(self.instances, view.magnification, self.options.instances.model_fields_set)
        if view.polarity != "either" and "polarity" not in self.options.instances.model_fields_set:
            options = options.changed(polarity=view.polarity)
        with _naming(micrograph):
            labels = find_instances(probability, options, micrograph.field)
        noted = dataclasses.replace(micrograph, notes=(*micrograph.notes, *self._notes(view)))
        return Segmentation(labels, probability, noted)

    def describe(self) -> Provenance:
        """What a report tells about how images were segmented."""
        config, options = self.model.config, self.options
        left_to_images = {"polarity"} - options.instances.model_fields_set
        decided = {"polarity": len(self._polarities) > 1, "magnification": self._chooses_magnification}
        return Provenance(
            model=TrainedModel(
                name=self.model.name,
                architecture=Architecture.from_config(config.architecture),
                weights_sha256=config.weights_sha256,
                recommends=config.postprocessing,
            ),
            engine=self._predictor.engine.name,
            device=options.predict.device,
            precision=options.predict.precision,
            segmentation=InstanceOptions(**self.instances.model_dump(exclude=left_to_images)),
            polarity=options.polarity,
            magnification=options.magnification,
            decided_per_image=tuple(name for name, is_decided in decided.items() if is_decided),
            diameter_range=config.diameter_range,
            read=options.read,
            predict=options.predict,
        )

    @property
    def _can_judge(self) -> bool:
        """Whether the network says enough to tell how plausible that is."""
        return self.model.network.output_shape[-1] == len(CHANNELS)

    @property
    def _polarities(self) -> tuple[Polarity, ...]:
        """What particles may be; what the model saw first."""
        asked, trained = self.options.polarity, self.model.config.polarity
        if asked in ("bright", "dark"):
            return (asked,)
        if asked == "model" or trained == "either" or not self._can_judge:
            return (trained,)
        return ("bright", "dark") if trained == "bright" else ("dark", "bright")

    @property
    def _chooses_magnification(self) -> bool:
        return self.options.magnification == "auto" and self._diameters is not None

    @property
    def _diameters(self) -> tuple[float, float] | None:
        return self.model.config.diameter_range if self._can_judge else None

    def _look(self, field: np.ndarray, magnification: float) -> Iterator[Look]:
        """What a window of the image shows in each polarity."""
        prepared = prepare(field, magnification, self.model.config.preprocessing, WINDOW)
        for polarity in self._polarities:
            yield judge(self._run(prepared, polarity), View(polarity, magnification), self.instances)

    def _run(self, prepared: np.ndarray, polarity: Polarity) -> np.ndarray:
        """What the network says of an image in which particles are what `polarity` tells."""
        as_trained = self.model.config.polarity in (polarity, "either")
        return self._predictor(prepared if as_trained else 1 - prepared)

    def _notes(self, view: View) -> Iterator[str]:
        """What was decided for this image alone, and is not as the model would have it anyway."""
        if self.options.polarity == "auto" and view.polarity != self.model.config.polarity:
            yield f"Particles were found to be {view.polarity}: the network saw the image inverted."
        if self.options.magnification == "auto" and view.magnification != 1:
            yield f"For the sizes of its particles, the network saw the image magnified by {view.magnification:g}."


def _checked(field: np.ndarray) -> np.ndarray:
    if field.size == 0 or field.dtype.kind not in "biuf" or not np.isfinite(field).all():
        raise ImageError("has no pixels, or some that are not finite numbers")
    return field.astype(np.uint8) if field.dtype.kind == "b" else field


def segment(image: Image, model: AnyModel, options: SegmentOptions | None = None, **changes: Any) -> Segmentation:
    """The particles of a micrograph: of a file, of one that was read, or of an array (rows, columns).

    `model` is a loaded model, its folder, or the name of a shipped one. For many images, `segment_all` or a
    `Segmenter` prepare the network only once.
    """
    return Segmenter(model, options, **changes)(image)


def segment_again(segmentation: Segmentation, instances: InstanceOptions | None = None, **changes: Any) -> Segmentation:
    """Find the particles anew, with other options, in what the network said the first time: it does not run again.

    >>> probability = np.zeros((32, 64), np.float32)
    >>> probability[4:20, 4:20], probability[4:20, 30:46] = 0.9, 0.4
    >>> first = Segmentation(np.zeros((32, 64), np.uint16), probability, Micrograph(np.zeros((32, 64))))
    >>> [segment_again(first, method="distance", threshold=threshold).count for threshold in (0.3, 0.6)]
    [2, 1]
    """
    if segmentation.probability is None:
        raise OptionsError("this segmentation has no probability to find particles in", advice="Run segment().")
    options = (instances or InstanceOptions()).changed(**changes)
    with _naming(segmentation.micrograph):
        labels = find_instances(segmentation.probability, options, segmentation.image)
    return dataclasses.replace(segmentation, labels=labels)


def _complete(options: SegmentOptions, model: Model) -> InstanceOptions:
    """The options for finding particles: what is set, else what the model recommends, else what its channels allow."""
    config, given = model.config, options.instances
    polarity = config.polarity if options.polarity in ("auto", "model") else options.polarity
    values: dict[str, Any] = {} if polarity == "either" else {"polarity": polarity}
    if model.network.output_shape[-1] < len(CHANNELS):
        values["method"] = "distance"
    values |= config.postprocessing
    try:
        found = InstanceOptions(**values | {name: getattr(given, name) for name in given.model_fields_set})
        return InstanceOptions(**dict(found))  # all of them set: what a report tells is complete
    except OptionsError as error:
        raise ModelError(f'the model "{model.name}" recommends what cannot be: {error}') from None


@contextmanager
def _naming(micrograph: Micrograph) -> Iterator[None]:
    """Errors within name the micrograph's file, if there is one."""
    try:
        yield
    except ImageError as error:
        raise ImageError(error.problem, file=error.file or micrograph.path, advice=error.advice) from None
