"""Supervised training of a network that segments: into particles, or into classes of pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
from pydantic import Field

from autoseg._backend import keras
from autoseg._backend.fitting import build_optimizer
from autoseg.heads import Head
from autoseg.images.normalization import PUBLISHED, Percentiles, normalize
from autoseg.images.polarity import Polarity, Side
from autoseg.images.views import GeometryOptions, IntensityOptions
from autoseg.options import Options, Share
from autoseg.training.batches import Batches, fit, split
from autoseg.training.callbacks import BestWeights, Patience
from autoseg.training.head_losses import Loss, LossName, losses_of
from autoseg.training.labelled_views import LabelledViews
from autoseg.training.metrics import scores_of
from autoseg.training.targets import foreground_ratio


class SegmenterOptions(Options):
    """How a segmenter is trained; by default as published, but with the head that tells particles apart."""

    head: Head = Head(kind="instances")
    """What the network predicts. mask: the foreground; instances: foreground, contact of particles, distance to their
    rim; { kind = "classes", classes = ["ground", "pore"] }: which of the named classes a pixel belongs to."""
    loss: LossName | Annotated[dict[LossName, Annotated[float, Field(gt=0)]], Field(min_length=1)] = "cross_entropy"
    "What is minimized, or the weights of several losses in their sum; the head instances has a loss of its own."
    class_weights: Literal["equal", "balanced"] | dict[str, Annotated[float, Field(ge=0)]] = "equal"
    """How much pixels of each class count, by name, others 1; 0: not at all, as if nobody knew them. balanced: rare
    classes as much as frequent ones."""
    also_weight: float = Field(0.5, gt=0)
    "How much further outputs of the head count."
    foreground_weight: Literal["training", "batch"] | Annotated[float, Field(gt=0)] = "training"
    "How much more foreground counts in cross_entropy; training, batch: as there is more background in those masks."
    contact_weights: bool = True
    "Whether, for head instances, pixels in and around contacts count more."
    epochs: int = Field(50, ge=1)
    "How often the training looks at all pairs."
    batch_size: int = Field(5, ge=1)
    "Pairs in one step."
    views_per_pair: int = Field(4, ge=1)
    "Random views of each pair in an epoch; the published training shows its four flips."
    crop: int | None = Field(None, ge=16)
    "Height and width of the views in pixels. Not set: whole images, which must then be of one size."
    geometry: GeometryOptions = GeometryOptions()
    "Flips, rotations and scales of the views."
    intensity: IntensityOptions = IntensityOptions()
    "Changes of the views' grey values."
    percentiles: Percentiles = PUBLISHED
    "The intensities at these percentiles of an image become 0 and 1."
    polarity: Polarity = Polarity.BRIGHT
    "Whether particles are brighter or darker than what they lie on."
    shown_as: Side | None = None
    "Show the network images with such particles: they are inverted if theirs are the opposite. Not set: as they are."
    centred: Share = 0.0
    "Share of the crops that are sure to show a particle, or a class but the background, rare ones as often as others."
    validation: float = Field(0.2, ge=0, lt=1)
    "Fraction of the pairs that choose the best weights instead of being trained on."
    train_fraction: float = Field(1.0, gt=0, le=1)
    "Fraction of the other pairs that is trained on; a smaller one is a part of a larger one."
    validate_whole: bool = False
    "Validate on whole images, also where views are crops."
    monitor: Literal["loss", "iou"] = "loss"
    "What of the validation tells the best weights: the lowest loss, or the highest mean IoU."
    early_stopping: int = Field(0, ge=0)
    "After so many epochs without better weights the training ends; 0: never."
    optimizer: Literal["adam", "adamw"] = "adam"
    "What updates the weights; adamw knows weight_decay."
    weight_decay: float = Field(0.0, ge=0)
    "Fraction of the weights, times the learning rate, that is taken away in each step."
    learning_rate: float = Field(1e-3, gt=0)
    "Learning rate of the first step."
    schedule: Literal["constant", "step", "linear", "cosine", "plateau"] = "step"
    """How the learning rate falls. step: halved every ten epochs; linear, cosine: to zero at the end; plateau: after
    epochs without better weights."""
    plateau_factor: float = Field(0.3, gt=0, lt=1)
    "By which a plateau multiplies the learning rate."
    plateau_patience: int = Field(2, ge=1)
    "Epochs without better weights before it does so."
    averaging: float = Field(0.0, ge=0, lt=1)
    "Momentum of the running average of the weights that is validated and kept, such as 0.995; 0: no average."
    seed: int = Field(0, ge=0)
    "Of the split, the order and the views."

    @pydantic.model_validator(mode="after")
    def _options_fit_together(self) -> SegmenterOptions:
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError('"weight_decay" needs the optimizer adamw')
        if self.class_weights != "equal" and not self.head.classes:
            raise ValueError('"class_weights" need a head with classes')
        if (self.schedule == "plateau" or self.early_stopping) and not self.validation:
            raise ValueError('the schedule "plateau" and "early_stopping" need a "validation"')
        losses = {self.loss} if isinstance(self.loss, str) else set(self.loss)
        if "batch_dice" in losses and not self.head.classes:
            raise ValueError('the loss "batch_dice" needs a head with classes')
        if self.centred and self.crop is None:
            raise ValueError('"centred" is for crops: set "crop"')
        weighted = set(self.class_weights) if isinstance(self.class_weights, dict) else set()
        if unknown := weighted - set(self.head.class_names):
            raise ValueError(f'"class_weights" has {", ".join(sorted(unknown))}, which is no class of the head')
        return self

    def shown(self, image: np.ndarray) -> np.ndarray:
        """The image (height, width) as the network sees it, if no view changes it: float32."""
        return self.polarity.as_shown_to(self.shown_as or self.polarity, normalize(image, self.percentiles))


def make_batches(
    pairs: Sequence[Any],
    options: SegmenterOptions,
    load: Callable[[Any], Any] | None = None,
    ahead: int = 2,
    held_out: Sequence[int] | None = None,
) -> tuple[Batches, Batches | None]:
    """Batches for training and for validation, of pairs as `LabelledImage`, or tuples of its values.

    With `load`, `pairs` may be anything that `load(pair)` reads such a pair from, each time it is needed. The numbers
    of those `held_out` for the validation are drawn, unless they are given. The validation shows whole images, or,
    where views are crops, one fixed crop of each.
    """
    if held_out is None:
        _, held_out = split(len(pairs), options.validation, options.seed)
    ours, validating = share_out(pairs, held_out, options)
    varied, fixed = make_views(ours, options, load)
    make = partial(Batches, size=options.batch_size, seed=options.seed, load=load, ahead=ahead)
    validation = make(validating, fixed, shuffle=False) if validating else None
    return make(ours * options.views_per_pair, varied), validation


def share_out(pairs: Sequence[Any], held_out: Sequence[int], options: SegmenterOptions) -> tuple[list[Any], list[Any]]:
    """Pairs to be trained on, a fraction of them if the options say so, and those that are held out."""
    out = set(held_out)
    ours = _part_of([i for i in range(len(pairs)) if i not in out], options)
    return [pairs[i] for i in ours], [pairs[i] for i in held_out]


def make_views(
    ours: Sequence[Any], options: SegmenterOptions, load: Callable[[Any], Any] | None = None
) -> tuple[LabelledViews, LabelledViews]:
    """How pairs are seen in training, and in validation, which shows whole images or one fixed crop of each."""
    fixed = LabelledViews(
        options.head,
        weighted=options.contact_weights and options.head.tells_distance,
        class_weights=find_class_weights(ours, options, load),
        crop=None if options.validate_whole else options.crop,
        shown=options.shown,
    )
    varied = replace(
        fixed, crop=options.crop, geometry=options.geometry, intensity=options.intensity, centred=options.centred
    )
    return varied, fixed


def _part_of(known: Sequence[int], options: SegmenterOptions) -> list[int]:
    """The first ones of a random order, which is the same for all fractions."""
    order = np.random.default_rng([options.seed, 1]).permutation(known)
    return sorted(order[: max(1, round(len(known) * options.train_fraction))].tolist())


def find_class_weights(
    pairs: Sequence[Any], options: SegmenterOptions, load: Callable[[Any], Any] | None = None
) -> tuple[float, ...]:
    """The weight of each class, as the options tell; () for heads without any.

    Balanced ones are inverse to the classes' numbers of pixels in all pairs, and 1 on the average of pixels.
    """
    names = options.head.class_names
    if isinstance(options.class_weights, dict):
        return tuple(options.class_weights.get(name, 1.0) for name in names)
    if options.class_weights == "equal":
        return (1.0,) * len(names)
    maps = ((load(pair) if load else pair)[1] for pair in pairs)
    pixels = np.sum([np.bincount(classes.ravel(), minlength=len(names))[: len(names)] for classes in maps], axis=0)
    present = pixels > 0
    return tuple(np.where(present, pixels.sum() / (present.sum() * np.maximum(pixels, 1)), 0.0).tolist())


def train_segmenter(
    network: keras.Model,
    training: Batches,
    validation: Batches | None,
    options: SegmenterOptions,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Train `network` in place; it ends with the weights that did best in validation, or else with the last ones.

    Its outputs are those of the head. With a `Checkpoint` among the callbacks, a training that was killed goes on where
    it was when this is called again.
    """
    options.head.check_network(network.architecture.get("outputs"))
    scores: Any = scores_of(options.head)
    network.compile(
        make_optimizer(options, steps=len(training)),
        loss=_make_loss(options, training),
        weighted_metrics={options.head.main.name: scores} if options.head.also else scores,
    )
    build_optimizer(network)
    if not any(isinstance(callback, BestWeights) for callback in callbacks):
        callbacks = [*choosing(options), *callbacks]
    return fit(network, training, validation=validation, epochs=options.epochs, callbacks=callbacks)


def choosing(options: SegmenterOptions) -> list[BestWeights | Patience]:
    """Callbacks, to be kept in checkpoints, that follow the validation: best weights, plateaus and an early end."""
    score = f"{options.head.main.name}_iou" if options.head.also else "iou"
    return follow(options, "loss", "min") if options.monitor == "loss" else follow(options, score, "max")


def follow(options: SegmenterOptions, monitor: str, mode: Literal["min", "max"]) -> list[BestWeights | Patience]:
    """The same, for any number in the report of a validation."""
    waits = options.schedule == "plateau" or options.early_stopping
    factor = options.plateau_factor if options.schedule == "plateau" else 1.0
    patience = Patience(monitor, mode, factor, options.plateau_patience, options.early_stopping)
    return [BestWeights(monitor, mode), *([patience] if waits else [])]


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


def _make_loss(options: SegmenterOptions, training: Batches) -> Loss | dict[str, Loss]:
    names: dict[LossName, float] = {options.loss: 1.0} if isinstance(options.loss, str) else dict(options.loss)
    weight = options.foreground_weight
    if weight == "training":
        weights_foreground = options.head.kind == "mask" and "cross_entropy" in names
        weight = _foreground_ratio(training, options.head) if weights_foreground else 1.0
    return losses_of(options.head, names, weight, options.also_weight)


def _foreground_ratio(training: Batches, head: Head) -> float:
    """How many background pixels there are for each of the foreground, in an epoch of views."""
    targets = (target[head.main.name] if head.also else target for _, target in training)
    return foreground_ratio((one[..., 0], one[..., 1]) if one.shape[-1] > 1 else one[..., 0] for one in targets)
