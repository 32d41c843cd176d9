"""Mean Teacher: a student that learns from few labelled images, and to agree with its own average on unlabelled ones.

After Tarvainen and Valpola (2017). The teacher sees a weak view of an unlabelled image, the student a strong one. What
they are to agree in are probabilities, or, where the teacher is certain, its decisions (Sohn et al. 2020), in views
that are cut out of two images (Yun et al. 2019, French et al. 2020). A weight of 0 makes it a control, which sees the
unlabelled images, too, and learns nothing from them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from autoseg._backend import StepModel, keras, ops
from autoseg.errors import OptionsError
from autoseg.images.intensity import IntensityOptions
from autoseg.networks import build
from autoseg.training.batches import Batches, fit
from autoseg.training.callbacks import BestWeights, Patience
from autoseg.training.head_losses import LossName, losses_of
from autoseg.training.segmenter import SegmenterOptions, follow, make_optimizer

Tensor = Any
STUDENT = "student_dice"

_EPSILON = 1e-7


class MeanTeacherOptions(SegmenterOptions):
    """How a student learns; the options of the supervised training hold for the labelled images."""

    momentum: float = Field(0.99, ge=0, lt=1)
    "Of the teacher, the running average of the student's weights."
    weight: float = Field(1.0, ge=0)
    "Of the consistency in the loss; 0: a control, which learns nothing from unlabelled images."
    ramp: int = Field(10, ge=0)
    "Epochs over which that weight rises from 0."
    consistency: Literal["squared", "decisions"] = "squared"
    "squared: mean squared difference of probabilities; decisions: cross-entropy where the teacher is certain."
    confidence: float = Field(0.9, ge=0.5, lt=1)
    "For decisions: how probable what the teacher says must be, for a pixel to count."
    cutmix: bool = False
    "Show the student a rectangle of one unlabelled image in another."
    frozen: tuple[str, ...] = ()
    "Beginnings of the names of layers of the student that do not learn, such as encoder2_."
    weak: IntensityOptions = IntensityOptions()
    "What the teacher sees of the changes of grey values; the student sees all of `intensity`."
    foreground_weight: Literal["batch"] | Annotated[float, Field(gt=0)] = 1.0
    "How much more foreground counts in cross_entropy; batch: as there is more background in those masks."

    @pydantic.model_validator(mode="after")
    def _is_a_mean_teacher(self) -> MeanTeacherOptions:
        if self.averaging:
            raise ValueError('"averaging" is what the teacher does: set "momentum"')
        if self.head.classes or self.head.also:
            raise ValueError('"head" is mask or instances, without further outputs')
        return self


class MeanTeacher(StepModel):
    """Trains a student, and the teacher as its average.

    Ready to `fit` batches {"images", "targets", "weak", "strong", "boxes"}, all (n, height, width, channels), the last
    with 1 where CutMix shows the sample itself, and 0 where it shows the one before; `steps` make an epoch. It
    validates {"images", "targets"}: the mean Dice of the foreground, image by image.
    """

    reports = ("supervised", "consistency", "weight")
    validates = ("student_dice", "teacher_dice")

    def __init__(self, student: keras.Model, steps: int, options: MeanTeacherOptions | None = None):
        super().__init__()
        self.student, self.steps, self.options = student, steps, options or MeanTeacherOptions()
        self.teacher = build(**student.architecture)
        self.teacher.set_weights(student.get_weights())
        self.teacher.trainable = False
        freeze(student, self.options.frozen)
        names: dict[LossName, float] = (
            {self.options.loss: 1.0} if isinstance(self.options.loss, str) else dict(self.options.loss)
        )
        loss = losses_of(self.options.head, names, self.options.foreground_weight, 1.0)
        assert not isinstance(loss, dict)  # the options allow for one output only
        self._loss = loss

    def trains(self) -> dict[str, list[keras.Layer]]:
        """The student alone."""
        return {"student": [self.student]}

    def step(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """One step of the student down both losses, and a step of the teacher after it."""
        weight = self._weight()
        said = ops.stop_gradient(self.teacher(batch["weak"], training=False))
        seen = batch["strong"]
        if self.options.cutmix:
            said, seen = (_mixed(x, batch["boxes"]) for x in (said, seen))

        def loss_fn() -> tuple[Tensor, tuple[Tensor, Tensor]]:
            supervised = ops.mean(self._loss(batch["targets"], self.student(batch["images"], training=True)))
            consistency = self._consistency(said, self.student(seen, training=True))
            return supervised + weight * consistency, (supervised, consistency)

        _, (supervised, consistency) = self.minimize("student", loss_fn)
        self._follow()
        return {"supervised": supervised, "consistency": consistency, "weight": weight}

    def validation_step(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The Dice of student and teacher."""
        score = partial(_dice, batch["targets"])
        return {
            "student_dice": score(self.student(batch["images"], training=False)),
            "teacher_dice": score(self.teacher(batch["images"], training=False)),
        }

    def _weight(self) -> Tensor:
        """That of the consistency in this epoch, the first being 1."""
        if not self.options.ramp:
            return ops.convert_to_tensor(self.options.weight, "float32")
        step = ops.cast(self.optimizer.members["student"].iterations, "float32")
        epoch = ops.floor(step / self.steps) + 1
        share = ops.minimum(epoch / self.options.ramp, 1.0)
        return self.options.weight * (0.5 - 0.5 * ops.cos(math.pi * share))

    def _consistency(self, said: Tensor, found: Tensor) -> Tensor:
        said, found = ops.cast(said, "float32"), ops.cast(found, "float32")
        if self.options.consistency == "squared":
            return ops.mean(ops.square(said - found))
        decided = ops.cast(said > 0.5, "float32")
        certain = ops.cast(ops.maximum(said, 1 - said) >= self.options.confidence, "float32")
        agrees = decided * found + (1 - decided) * (1 - found)
        return ops.mean(-certain * ops.log(ops.maximum(agrees, _EPSILON)))

    def _follow(self) -> None:
        """The teacher's weights, and whatever else normalizations remember, go towards the student's."""
        momentum = self.options.momentum
        for mine, theirs in zip(self.teacher.weights, self.student.weights, strict=True):
            mine.assign(momentum * mine + (1 - momentum) * theirs)


def freeze(network: keras.Model, beginnings: Sequence[str]) -> None:
    """Let layers whose names begin so learn nothing any more.

    >>> network = build("unet", filters=(4, 8))
    >>> freeze(network, ["encoder"])
    >>> sorted({variable.path.split("_")[0] for variable in network.trainable_variables})
    ['decoder1', 'head']
    """
    for beginning in beginnings:
        layers = [layer for layer in network.layers if layer.name.startswith(beginning)]
        if not layers:
            raise OptionsError(f'the network "{network.name}" has no layer that begins with "{beginning}"')
        for layer in layers:
            layer.trainable = False


def train_mean_teacher(
    network: keras.Model,
    training: Batches,
    validation: Batches | None,
    options: MeanTeacherOptions,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:
    """Train `network`, the student, in place; returns its teacher. Both are those of the student's best epoch.

    With a `Checkpoint` among the callbacks, a training that was killed goes on where it was when this is called again.
    """
    options.head.check_network(network.architecture.get("outputs"))
    trainer = MeanTeacher(network, len(training), options)
    trainer.compile({"student": make_optimizer(options, len(training))})
    if not any(isinstance(callback, BestWeights) for callback in callbacks):
        callbacks = [*judges_of(options, validation is not None), *callbacks]
    fit(trainer, training, validation=validation, epochs=options.epochs, callbacks=callbacks)
    return trainer.teacher


def judges_of(options: MeanTeacherOptions, validated: bool) -> list[BestWeights | Patience]:
    """What follows the student's Dice in the validation, if there is any; to be resumed."""
    return follow(options, STUDENT, "max") if validated else []


def _mixed(x: Tensor, boxes: Tensor) -> Tensor:
    """Each sample within its box, and around it the sample before."""
    return boxes * x + (1 - boxes) * ops.roll(x, 1, axis=0)


def _dice(truth: Tensor, predicted: Tensor) -> Tensor:
    """Of the foreground, the first channel, where it exceeds 0.5: the mean over images."""
    true, found = (ops.cast(x[..., 0] > 0.5, "float32") for x in (truth, predicted))
    common = ops.sum(true * found, axis=(1, 2))
    return ops.mean((2 * common + _EPSILON) / (ops.sum(true + found, axis=(1, 2)) + _EPSILON))
