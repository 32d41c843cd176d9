"""From a micrograph to its particles, or to its classes, with a trained model."""

from __future__ import annotations

import dataclasses
import logging
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autoseg.errors import ImageError, ModelError, OptionsError
from autoseg.heads import Head
from autoseg.images.burnt_in import find_burnt_in
from autoseg.images.class_map import ClassMap
from autoseg.images.micrograph import Micrograph, read
from autoseg.images.polarity import Polarity
from autoseg.images.segmentation import Segmentation
from autoseg.models.folder import Model, load_model
from autoseg.models.scoring import Scoring
from autoseg.segmentation.adaptation import Adaptation, bring_back, find_liveliest, prepare
from autoseg.segmentation.assembly import Assembly, assemble
from autoseg.segmentation.blocks.finding import Search, Sight, find_in_blocks
from autoseg.segmentation.candidates import Candidate, assess, choose_adaptation
from autoseg.segmentation.classes import decode_classes
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.segmentation.notes import describe_adaptation, describe_blocks, describe_drawn, describe_sizes
from autoseg.segmentation.options import SegmentOptions, complete_instances
from autoseg.segmentation.plausibility import find_doubt
from autoseg.segmentation.predictor import Predictor
from autoseg.segmentation.provenance import Architecture, Provenance, TrainedModel
from autoseg.segmentation.pyramid import Level, find_in, unfiltered

_log = logging.getLogger("autoseg")

Image: TypeAlias = str | os.PathLike[str] | Micrograph | np.ndarray
AnyModel: TypeAlias = str | os.PathLike[str] | Model
Result: TypeAlias = Segmentation | ClassMap
"What a model finds: particles, or classes; its head tells which."

SAMPLE = 4096
"Edge in pixels of the part of an image segmented in blocks that decides how all of it is shown."
LARGE, BLOCK = 100_000_000, 2000
"Images of more pixels are segmented in blocks of this edge, if nothing else is asked for."
UNKNOWN_REACH = 256
"Pixels of halo for a network that sees the whole image."
WINDOW = 256
"Edge in pixels, as the network sees them, of what is looked at before it is decided how an image is shown."


class Segmenter:
    """A model ready to segment many micrographs; options are given as an object, by name, or both.

    One that runs the network like another one can share its `predictor`, which takes a while to be made.
    """

    def __init__(
        self, model: AnyModel, options: SegmentOptions | None = None, predictor: Predictor | None = None, **changes: Any
    ):
        self.model = model if isinstance(model, Model) else load_model(model)
        self.head = _head(self.model)
        self.options = (options or SegmentOptions()).changed(**changes)
        if (given := self.options.instances.model_fields_set) and not self.head.finds_particles:
            problem = f'"{min(given)}" is for particles, and the model predicts {self.head.describe()}'
            raise OptionsError(problem, advice="Leave it out.")
        self.instances = complete_instances(self.options, self.model.config, self.model.name, self.head)
        if predictor is None or (predictor.network, predictor.options) != (self.model.runnable, self.options.predict):
            predictor = Predictor(self.model.runnable, self.options.predict)
        self.predictor = predictor

    def __call__(self, image: Image) -> Result:
        """What is in a micrograph, in its file, or in an array (rows, columns)."""
        micrograph = self.read(image)
        if (edge := self.block_edge(micrograph)) is not None:
            return self.segment_in_blocks(micrograph, edge)
        adaptation = self.choose(micrograph)
        return self.finish(micrograph, self.predict_levels(micrograph, adaptation), adaptation)

    def read(self, image: Image) -> Micrograph:
        """The micrograph, read if it is not yet."""
        if isinstance(image, Micrograph):
            return image
        return Micrograph(image) if isinstance(image, np.ndarray) else read(image, self.options.read)

    def choose(self, micrograph: Micrograph) -> Adaptation:
        """How the image is adapted to the network: as the options tell; what they leave open is tried on windows."""
        asked = self.options.magnification
        smallest = self._diameters[0] if asked == "auto" and self._diameters else None
        magnification = 1.0 if asked == "auto" else asked
        if len(self._polarities) == 1 and smallest is None:
            return Adaptation(self._polarities[0], magnification)
        with _naming(micrograph):
            field = _checked(micrograph.field)
            examine = partial(self._examine, field, magnification)
            chosen = choose_adaptation(examine, field.shape, smallest)
        place = micrograph.path or "image"
        _log.info("%s: %s particles, magnified by %g", place, chosen.polarity, chosen.magnification * magnification)
        return dataclasses.replace(chosen, magnification=chosen.magnification * magnification)

    def predict_levels(self, micrograph: Micrograph, adaptation: Adaptation) -> tuple[Level, ...]:
        """What the network predicts for the field of view at each magnification, the largest first."""
        with _naming(micrograph):
            field = _checked(micrograph.field)
            return tuple(
                self._predict_level(field, factor, adaptation.polarity) for factor in adaptation.magnifications
            )

    def predict(self, micrograph: Micrograph, adaptation: Adaptation | None = None) -> dict[str, np.ndarray]:
        """What the network predicts for the field of view: float32 (rows, columns, channels) of each output by name.

        Without an adaptation, one is chosen. Of several magnifications, the largest counts.
        """
        adaptation = dataclasses.replace(adaptation or self.choose(micrograph), reductions=0)
        (level,) = self.predict_levels(micrograph, adaptation)
        return self._bring_back(level, micrograph)

    def finish(self, micrograph: Micrograph, levels: Sequence[Level], adaptation: Adaptation) -> Result:
        """What there is in the levels of a micrograph; of particles, only plausible ones.

        The micrograph's notes tell if there are none, or if the adaptation was an unusual one.
        """
        if self.head.finds_particles:
            return self.select(self.assemble(micrograph, levels, adaptation), micrograph, adaptation)
        return decode_classes(self._bring_back(levels[0], micrograph), self.head, self._noted(micrograph, adaptation))

    def find_drawn(self, micrograph: Micrograph) -> np.ndarray:
        """Where in the field of view software has drawn letters and scale bars, as a mask: no particles lie there."""
        field = micrograph.field
        return find_burnt_in(field) if self.leaves_out_letters else np.zeros(field.shape, bool)

    @property
    def assembling(self) -> tuple[object, ...]:
        """What `assemble` depends on, beside model and image; what else is asked for only chooses among particles."""
        return self.leaves_out_letters, unfiltered(self.options.instances).model_dump_json()

    def assemble(
        self, micrograph: Micrograph, levels: Sequence[Level], adaptation: Adaptation, drawn: np.ndarray | None = None
    ) -> Assembly:
        """All particles in the levels of a micrograph, plausible or not; `drawn` is what `find_drawn` has found."""
        given = self.options.instances.model_fields_set
        with _naming(micrograph):
            mask = self.find_drawn(micrograph) if drawn is None else drawn
            return assemble(levels, self.head, self.instances, given, self.scoring, mask)

    def select(self, found: Assembly, micrograph: Micrograph, adaptation: Adaptation) -> Segmentation:
        """Of all particles in a micrograph, the plausible ones that count."""
        options = self.instances
        if adaptation.polarity != Polarity.EITHER and "polarity" not in self.options.instances.model_fields_set:
            options = options.changed(polarity=adaptation.polarity.value)
        with _naming(micrograph):
            labels, scores = found.keep(self.minimum_score, options, micrograph.field)
            left_out = found.count_below(self.minimum_score, options.minimum_size)
            plausibility = found.plausibility if self.head.tells_distance else None
            known = scores if self.head.tells_distance else None
            told = *describe_drawn(found.drawn), *describe_sizes(labels, self._diameters, adaptation)
            noted = self._noted(micrograph, adaptation, *told)
            segmentation = Segmentation(labels, found.probability, noted, plausibility, left_out, known)
            doubt = find_doubt(micrograph.field, plausibility, self.options.plausibility)
        return segmentation.disbelieved(doubt) if doubt is not None and segmentation.found else segmentation

    def block_edge(self, micrograph: Micrograph) -> int | None:
        """The edge of the blocks in which a micrograph is segmented; None if it is segmented as a whole.

        Options that compare particles with the whole image, or draw lines between them, need it as a whole.
        """
        asked, shape, filters = self.options.block, micrograph.field.shape, self.instances
        whole = filters.lines or filters.exclude_edge or filters.maximum_size is not None
        if not self.head.finds_particles or whole or filters.li_factor is not None:
            return None
        if asked == "auto":
            return BLOCK if math.prod(shape) > LARGE else None
        return asked if max(shape) > asked else None

    def segment_in_blocks(self, micrograph: Micrograph, edge: int) -> Segmentation:
        """The particles of a large micrograph, found in blocks of this edge; how it is shown is chosen on a sample."""
        with _naming(micrograph):
            field = _checked(micrograph.field)
        sample = dataclasses.replace(micrograph, pixels=field[find_liveliest(field, SAMPLE)], info_bar=None)
        adaptation = self.choose(sample)
        search = Search(
            self.head, self.model.config.preprocessing, self.scoring, self.instances,
            frozenset(self.options.instances.model_fields_set), self.minimum_score,
        )  # fmt: skip
        reach = self.predictor.receptive_field
        run = partial(self._run, polarity=adaptation.polarity)
        sight = Sight(run, UNKNOWN_REACH if reach is None else reach, self.predictor.network.size_multiple)
        with _naming(micrograph):
            found = find_in_blocks(field, adaptation.magnifications, search, sight, edge)
        knows = self.head.tells_distance
        plausibility = found.plausibility if knows else None
        told = *describe_blocks(edge), *describe_sizes(found.labels, self._diameters, adaptation)
        noted = self._noted(micrograph, adaptation, *told)
        scores = found.scores if knows else None
        segmentation = Segmentation(found.labels, None, noted, plausibility, found.left_out, scores)
        doubt = find_doubt(sample.field, plausibility, self.options.plausibility)
        return segmentation.disbelieved(doubt) if doubt is not None and segmentation.found else segmentation

    def describe(self) -> Provenance:
        """What a report tells about how images were segmented."""
        config, options = self.model.config, self.options
        left_to_images = {"polarity"} - options.instances.model_fields_set
        particles = InstanceOptions(**self.instances.model_dump(exclude=left_to_images))
        decided = {"polarity": len(self._polarities) > 1, "magnification": self._chooses_magnification}
        return Provenance(
            model=TrainedModel(
                name=self.model.name,
                head=self.head,
                architecture=Architecture.from_config(config.architecture),
                weights_sha256=config.weights_sha256,
                recommends=config.postprocessing,
            ),
            engine=self.predictor.engine.name,
            device=options.predict.device,
            precision=options.predict.precision,
            segmentation=particles if self.head.finds_particles else None,
            polarity=options.polarity,
            magnification=options.magnification,
            minimum_score=self.minimum_score if self.head.tells_distance else None,
            leave_out_letters=self.leaves_out_letters,
            plausibility=options.plausibility if self.head.tells_distance else None,
            decided_per_image=tuple(name for name, is_decided in decided.items() if is_decided),
            diameter_range=config.diameter_range,
            read=options.read,
            predict=options.predict,
        )

    @property
    def _polarities(self) -> tuple[Polarity, ...]:
        """What particles may be; what the model knows first."""
        asked, known = self.options.polarity, self.model.config.polarity
        if asked in ("bright", "dark"):
            return (Polarity(asked),)
        if asked == "model" or known == Polarity.EITHER or not self.head.tells_distance:
            return (known,)
        return (known, Polarity.DARK if known == Polarity.BRIGHT else Polarity.BRIGHT)

    @property
    def _chooses_magnification(self) -> bool:
        return self.options.magnification == "auto" and self._diameters is not None

    @property
    def _diameters(self) -> tuple[float, float] | None:
        return self.model.config.diameter_range if self.head.tells_distance else None

    @property
    def scoring(self) -> Scoring:
        """How the model's particles are scored."""
        return self.model.config.scoring or Scoring()

    @property
    def leaves_out_letters(self) -> bool:
        """Whether what is drawn into an image is left out: by its score, if that counts."""
        return self.options.leave_out_letters and self.head.tells_distance and self.minimum_score > 0

    @property
    def minimum_score(self) -> float:
        """Which particles are left out: those of a lower score than asked for, or as the model recommends."""
        if not self.head.tells_distance:
            return 0.0
        asked = self.options.minimum_score
        return self.scoring.least if asked is None else asked

    def _examine(self, field: np.ndarray, by: float, magnification: float) -> Iterator[Candidate]:
        """What a window of the image shows in each polarity."""
        prepared = prepare(field, magnification * by, self.model.config.preprocessing, WINDOW)
        for polarity in self._polarities:
            level = Level(magnification, self._run(prepared, polarity))
            yield assess(find_in(level, self.head, self.instances, self.scoring), Adaptation(polarity, magnification))

    def _predict_level(self, field: np.ndarray, magnification: float, polarity: Polarity) -> Level:
        prepared = prepare(field, magnification, self.model.config.preprocessing)
        return Level(magnification, self._run(prepared, polarity))

    def _bring_back(self, level: Level, micrograph: Micrograph) -> dict[str, np.ndarray]:
        """The outputs of a level in pixels of the field of view."""
        return {
            output.name: bring_back(level.outputs[output.name], micrograph.field.shape, output.activation != "linear")
            for output in self.head.outputs
        }

    def _run(self, prepared: np.ndarray, polarity: Polarity) -> dict[str, np.ndarray]:
        """What the network predicts for an image in which particles are what `polarity` tells."""
        return self.predictor(polarity.as_shown_to(self.model.config.polarity, prepared))

    def _noted(self, micrograph: Micrograph, adaptation: Adaptation, *more: str) -> Micrograph:
        """The micrograph with notes of what was decided for it alone."""
        decided = describe_adaptation(adaptation, self.options, self.model.config.polarity)
        return dataclasses.replace(micrograph, notes=(*micrograph.notes, *decided, *more))


def _head(model: Model) -> Head:
    if model.config.head is None:
        raise ModelError("does not segment: its config.json names no head", file=model.name)
    return model.config.head


def _checked(field: np.ndarray) -> np.ndarray:
    if field.size == 0 or field.dtype.kind not in "biuf" or not np.isfinite(field).all():
        raise ImageError("has no pixels, or some that are not finite numbers")
    return field.astype(np.uint8) if field.dtype.kind == "b" else field


def segment(image: Image, model: AnyModel, options: SegmentOptions | None = None, **changes: Any) -> Result:
    """What is in a micrograph: in a file, in one that was read, or in an array (rows, columns).

    It is a `Segmentation` into particles, or a `ClassMap` if that is what the model was made for.

    `model` is a loaded model, its folder, or the name of a shipped one. For many images, `segment_all` or a
    `Segmenter` prepare the network only once.
    """
    return Segmenter(model, options, **changes)(image)


def segment_again(segmentation: Segmentation, instances: InstanceOptions | None = None, **changes: Any) -> Segmentation:
    """Find the particles anew, with other options, in what the network predicted: it does not run again.

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
    return segmentation.believed(labels)


@contextmanager
def _naming(micrograph: Micrograph) -> Iterator[None]:
    """Errors within name the micrograph's file, if there is one."""
    try:
        yield
    except ImageError as error:
        raise ImageError(error.problem, file=error.file or micrograph.path, advice=error.advice) from None
