"""Mean Teacher: a student that learns from few labelled images, and to agree with its own average on unlabelled ones.

After Tarvainen and Valpola (2017). The teacher sees a weak view of an unlabelled image, the student a strong one. What
they are to agree in are probabilities, or, where the teacher is certain, its decisions (Sohn et al. 2020), in views
that are cut out of two images (Yun et al. 2019, French et al. 2020). A weight of 0 makes it a control, which sees the
unlabelled images, too, and learns nothing from them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from autoseg._backend import StepModel, keras, ops
from autoseg.errors import OptionsError
from autoseg.images.intensity import IntensityOptions
from autoseg.networks import build
from autoseg.options import Share
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
    background: Share = 1.0
    "For decisions: how much pixels count that the teacher takes for background, of which there may be too many."
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
        losses = losses_of(self.options.head, names, self.options.foreground_weight, self.options.also_weight)
        self._main = self.options.head.main.name
        self._losses = losses if isinstance(losses, dict) else {self._main: losses}

    def trains(self) -> dict[str, list[keras.Layer]]:
        """The student alone."""
        return {"student": [self.student]}

    def step(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """One step of the student down both losses, and a step of the teacher after it."""
        weight = self._weight()
        said = ops.stop_gradient(self._named(self.teacher(batch["weak"], training=False))[self._main])
        seen = batch["strong"]
        if self.options.cutmix:
            said, seen = (_mixed(x, batch["boxes"]) for x in (said, seen))

        def loss_fn() -> tuple[Tensor, tuple[Tensor, Tensor]]:
            supervised = self._supervised(batch["targets"], self.student(batch["images"], training=True))
            consistency = self._consistency(said, self._named(self.student(seen, training=True))[self._main])
            return supervised + weight * consistency, (supervised, consistency)

        _, (supervised, consistency) = self.minimize("student", loss_fn)
        self._follow()
        return {"supervised": supervised, "consistency": consistency, "weight": weight}

    def validation_step(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The Dice of student and teacher."""
        truth = self._named(batch["targets"])[self._main]

        def score(network: keras.Model) -> Tensor:
            found = self._named(network(batch["images"], training=False))[self._main]
            return _dice(*(self._foreground(x, found.shape[-1]) for x in (truth, found)))

        return {"student_dice": score(self.student), "teacher_dice": score(self.teacher)}

    def _named(self, outputs: Tensor) -> dict[str, Tensor]:
        """Outputs, or their targets, by name; alone, they come without."""
        return outputs if isinstance(outputs, dict) else {self._main: outputs}

    def _supervised(self, targets: Tensor, found: Tensor) -> Tensor:
        truth, found = self._named(targets), self._named(found)
        return sum(ops.mean(loss(truth[name], found[name])) for name, loss in self._losses.items())

    def _foreground(self, x: Tensor, channels: int) -> Tensor:
        """Of a head with classes all but the first, of others the first channel; the truth's may be weights' behind."""
        x = ops.cast(x, "float32")
        return ops.sum(x[..., 1:channels], axis=-1) if self.options.head.classes else x[..., 0]

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
        if self.options.head.classes:
            sure = ops.max(said, axis=-1, keepdims=True)
            decided = ops.cast(said >= sure, "float32")
            agrees, background = ops.sum(decided * found, axis=-1, keepdims=True), decided[..., :1]
        else:
            sure = ops.maximum(said, 1 - said)
            decided = ops.cast(said > 0.5, "float32")
            agrees, background = decided * found + (1 - decided) * (1 - found), 1 - decided
        counts = ops.cast(sure >= self.options.confidence, "float32")
        counts = counts * (1 - (1 - self.options.background) * background)
        return ops.mean(-counts * ops.log(ops.maximum(agrees, _EPSILON)))

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
    """Of foregrounds (n, height, width), where they exceed 0.5: the mean over images."""
    true, found = (ops.cast(x > 0.5, "float32") for x in (truth, predicted))
    common = ops.sum(true * found, axis=(1, 2))
    return ops.mean((2 * common + _EPSILON) / (ops.sum(true + found, axis=(1, 2)) + _EPSILON))
