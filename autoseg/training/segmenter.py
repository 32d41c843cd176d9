"""Supervised training of a network that tells particles from what lies around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
from pydantic import Field

from autoseg._backend import keras
from autoseg.errors import OptionsError
from autoseg.images.normalization import PUBLISHED, Percentiles, normalize
from autoseg.images.views import GeometryOptions, IntensityOptions
from autoseg.options import Options
from autoseg.training import segmentation_losses as losses
from autoseg.training.batches import Batches, LabelledViews, fit, split
from autoseg.training.callbacks import BestWeights
from autoseg.training.segmentation_losses import Loss
from autoseg.training.targets import CHANNELS, Head, foreground_ratio


class SegmenterOptions(Options):
    """How a segmenter is trained; by default as published, but with the head that tells particles apart."""

    head: Head = "instances"
    "What the network predicts. mask: the foreground; instances: foreground, contact of particles, distance to the rim."
    loss: Literal["cross_entropy", "dice", "focal"] = "cross_entropy"
    "What is minimized for head mask; head instances has a loss of its own."
    foreground_weight: Literal["training", "batch"] | Annotated[float, Field(gt=0)] = "training"
    "How much more foreground counts in cross_entropy; training, batch: as there is more background in those masks."
    contact_weights: bool = True
    "Whether, for head instances, pixels in and around contacts count more."
    epochs: int = Field(50, ge=1)
    "How often the training looks at all pairs."
    batch: int = Field(5, ge=1)
    "Pairs in one step."
    views: int = Field(4, ge=1)
    "Random views of each pair in an epoch; the published training shows its four flips."
    crop: int | None = Field(None, ge=16)
    "Height and width of the views in pixels. Not set: whole images, which must then be of one size."
    geometry: GeometryOptions = GeometryOptions()
    "Flips, rotations and scales of the views."
    intensity: IntensityOptions = IntensityOptions()
    "Changes of the views' grey values."
    percentiles: Percentiles = PUBLISHED
    "The intensities at these percentiles of an image become 0 and 1."
    inverted: bool = False
    "Show the network inverted images, in which dark particles are bright."
    validation: float = Field(0.2, ge=0, lt=1)
    "Fraction of the pairs that choose the best weights instead of being trained on."
    optimizer: Literal["adam", "adamw"] = "adam"
    "What updates the weights; adamw knows weight_decay."
    weight_decay: float = Field(0.0, ge=0)
    "Fraction of the weights, times the learning rate, that is taken away in each step."
    learning_rate: float = Field(1e-3, gt=0)
    "Learning rate of the first step."
    schedule: Literal["constant", "step", "linear", "cosine"] = "step"
    "How the learning rate falls. step: halved every ten epochs; linear, cosine: to zero at the end."
    averaging: float = Field(0.0, ge=0, lt=1)
    "Momentum of the running average of the weights that is validated and kept, such as 0.995; 0: no average."
    seed: int = Field(0, ge=0)
    "Of the split, the order and the views."

    @pydantic.model_validator(mode="after")
    def _options_fit_together(self) -> SegmenterOptions:
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError('"weight_decay" needs the optimizer adamw')
        return self

    def shown(self, image: np.ndarray) -> np.ndarray:
        """The image (height, width) as the network sees it, if no view changes it: float32."""
        return normalize(image, self.percentiles, inverted=self.inverted)


def make_batches(
    pairs: Sequence[Any], options: SegmenterOptions, load: Callable[[Any], Any] | None = None, ahead: int = 2
) -> tuple[Batches, Batches | None]:
    """Batches for training and for validation, of pairs (image, label image), both (height, width).

    A third array of that size may follow, how certain the labels are, as `LabelledViews` takes it; then in all pairs.
    With `load`, `pairs` may be anything that `load(pair)` reads such a pair from, each time it is needed.
    The validation shows whole images, or, where views are crops, one fixed crop of each.
    """
    fixed = LabelledViews(
        options.head,
        weighted=options.contact_weights and options.head == "instances",
        crop=options.crop,
        percentiles=options.percentiles,
        inverted=options.inverted,
    )
    varied = replace(fixed, geometry=options.geometry, intensity=options.intensity)
    make = partial(Batches, size=options.batch, seed=options.seed, load=load, ahead=ahead)
    ours, aside = ([pairs[i] for i in chosen] for chosen in split(len(pairs), options.validation, options.seed))
    validation = make(aside, fixed, shuffle=False) if aside else None
    return make(ours * options.views, varied), validation


def train_segmenter(
    network: keras.Model,
    training: Batches,
    validation: Batches | None,
    options: SegmenterOptions,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Train `network` in place; it ends with the weights that did best in validation, or else with the last ones.

    Its output has the channels of the head, by sigmoid: one, or foreground, contact and distance. With
    `callbacks=resumable(folder)` a training that was killed goes on where it was when this is called again.
    """
    check_outputs(network, options.head)
    network.compile(
        make_optimizer(options, steps=len(training)),
        loss=_make_loss(options, training),
        weighted_metrics=[keras.metrics.MeanMetricWrapper(losses.foreground_iou, name="iou")],
    )
    if not any(isinstance(callback, BestWeights) for callback in callbacks):
        callbacks = [BestWeights(), *callbacks]
    return fit(network, training, validation=validation, epochs=options.epochs, callbacks=callbacks)


def check_outputs(network: keras.Model, head: Head) -> None:
    """Raise an error unless the network says what the head needs."""
    channels = len(CHANNELS[head])
    if not isinstance(network.output_shape, tuple) or network.output_shape[-1] != channels:
        raise OptionsError(f'the head "{head}" needs a network with one output of {channels} channels')


def make_optimizer(options: SegmenterOptions, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer for epochs of `steps` steps; its schedule is part of it, and of its checkpoints.

    >>> optimizer = make_optimizer(SegmenterOptions(schedule="linear", epochs=2), steps=10)
    >>> [round(float(optimizer._learning_rate(step)), 6) for step in (0, 10, 20)]
    [0.001, 0.0005, 0.0]
    """
    rate = _learning_rate(options, steps)
    average = {"use_ema": True, "ema_momentum": options.averaging} if options.averaging else {}
    if options.optimizer == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=options.weight_decay, **average)
    return keras.optimizers.Adam(rate, **average)


def _learning_rate(options: SegmenterOptions, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    schedules, total = keras.optimizers.schedules, options.epochs * steps
    match options.schedule:
        case "step":
            return schedules.ExponentialDecay(options.learning_rate, 10 * steps, decay_rate=0.5, staircase=True)
        case "linear":
            return schedules.PolynomialDecay(options.learning_rate, total, end_learning_rate=0.0)
        case "cosine":
            return schedules.CosineDecay(options.learning_rate, total)
    return options.learning_rate


def _make_loss(options: SegmenterOptions, training: Batches) -> Loss:
    if options.head == "instances":
        return losses.instances
    if options.loss != "cross_entropy":
        return {"dice": losses.dice, "focal": losses.focal}[options.loss]
    weight = options.foreground_weight
    if weight == "training":
        weight = foreground_ratio(
            (targets[..., 0], targets[..., 1]) if targets.shape[-1] > 1 else targets[..., 0] for _, targets in training
        )
    return partial(losses.cross_entropy, foreground_weight=weight)
