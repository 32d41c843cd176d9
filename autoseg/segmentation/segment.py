"""From a micrograph to its particles, with a trained model."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from autoseg.errors import ImageError, ModelError, OptionsError
from autoseg.images.micrograph import Micrograph, ReadOptions, read
from autoseg.images.normalization import normalize
from autoseg.images.segmentation import Segmentation
from autoseg.models import Model, load_model
from autoseg.options import Options
from autoseg.segmentation.channels import CHANNELS
from autoseg.segmentation.instances import InstanceOptions, find_instances
from autoseg.segmentation.predictor import PredictOptions, Predictor

Image = str | os.PathLike[str] | Micrograph | np.ndarray
AnyModel = str | os.PathLike[str] | Model


class SegmentOptions(Options):
    """How particles are found in a micrograph."""

    read: ReadOptions = ReadOptions()
    "How the file is read."
    predict: PredictOptions = PredictOptions()
    "How the network is run."
    instances: InstanceOptions = InstanceOptions()
    "How particles are found in what the network says. What is not set here is as the model recommends."
    polarity: Literal["model", "bright", "dark"] = "model"
    "Whether particles are brighter or darker than their surroundings; images are inverted where the model saw others."


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
        return self.finish(micrograph, self.predict(micrograph))

    def read(self, image: Image) -> Micrograph:
        """The micrograph, read if it is not yet."""
        if isinstance(image, Micrograph):
            return image
        return Micrograph(image) if isinstance(image, np.ndarray) else read(image, self.options.read)

    def predict(self, micrograph: Micrograph) -> np.ndarray:
        """What the network says about the field of view: float32 (rows, columns, channels)."""
        with _naming(micrograph):
            return self._predictor(self._prepare(micrograph.field))

    def finish(self, micrograph: Micrograph, probability: np.ndarray) -> Segmentation:
        """The particles in what the network said."""
        with _naming(micrograph):
            labels = find_instances(probability, self.instances, micrograph.field)
        return Segmentation(labels, probability, micrograph)

    def describe(self) -> dict[str, Any]:
        """What a report tells about how images were segmented."""
        config = self.model.config
        return {
            "model": {
                "name": self.model.name,
                "architecture": config.architecture,
                "weights_sha256": config.weights_sha256,
                "recommends": config.postprocessing,
            },
            "engine": self._predictor.engine.name,
            "device": self.options.predict.device,
            "segmentation": self.instances,
            "polarity": self.options.polarity,
            "read": self.options.read,
            "predict": self.options.predict,
        }

    def _prepare(self, field: np.ndarray) -> np.ndarray:
        """The network's input."""
        if field.size == 0 or field.dtype.kind not in "biuf" or not np.isfinite(field).all():
            raise ImageError("has no pixels, or some that are not finite numbers")
        settings, polarity = self.model.config.preprocessing, self.model.config.polarity
        prepared = normalize(field, settings.percentiles, clip=settings.clip)
        return prepared if self.options.polarity in ("model", polarity) or polarity == "either" else 1 - prepared


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
    polarity = config.polarity if options.polarity == "model" else options.polarity
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
