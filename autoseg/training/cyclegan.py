"""CycleGAN: micrographs out of masks and masks out of micrographs, learned without a single pair of the two.

After Zhu et al. (2017): each generator has to deceive the discriminator of its domain, and a mask that was made into a
micrograph has to come back as it was, and so has a micrograph.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np
import pydantic

from autoseg._backend import StepModel, keras, ops
from autoseg.errors import OptionsError
from autoseg.networks import build
from autoseg.options import Options
from autoseg.training.adversarial_losses import absolute_difference, cycle_cross_entropy, squared_distance
from autoseg.training.image_pool import ImagePool
from autoseg.training.precision import mixed_precision
from autoseg.training.schedules import LateDecay

Tensor = Any
MASK_CYCLES = {"absolute_difference": absolute_difference, "cross_entropy": cycle_cross_entropy}


class CycleGanOptions(Options):
    """How the cycleGAN learns to render masks as micrographs, and back."""

    filters: int = pydantic.Field(64, ge=1)
    "Width of the generators' outer layers."
    blocks: int = pydantic.Field(9, ge=0)
    "Residual blocks of the generators."
    skip: bool = False
    "Add a generator's input to its output: it has to learn the difference alone."
    resize_convolution: bool = False
    "Enlarge by resizing and convolving, instead of by transposed convolutions, which can leave chequered patterns."
    discriminator_filters: int = pydantic.Field(128, ge=1)
    "Width of the discriminators' first layer."
    noise: float = pydantic.Field(0.0, ge=0, le=1)
    "Standard deviation of Gaussian noise on what the discriminators see."
    epochs: int = pydantic.Field(50, ge=1)
    "How often the training passes through all micrographs."
    batch_size: int = pydantic.Field(5, ge=1)
    "Micrographs, and masks, per training step."
    cycle_weight: float = pydantic.Field(10.0, ge=0)
    "Weight of what is lost on the way to the other domain and back."
    identity_weight: float = pydantic.Field(0.5, ge=0)
    "Weight, times that of the cycle, of what a generator changes in an image that is already of its domain."
    mask_cycle: Literal["absolute_difference", "cross_entropy"] = "absolute_difference"
    "How a mask is compared with what comes back of it."
    label_smoothing: float = pydantic.Field(0.0, ge=0, le=0.5)
    "How far below 1 the score is that stands for real images."
    pool_size: int = pydantic.Field(50, ge=0)
    "Past fakes of each kind from which the discriminators learn, too."
    learning_rate: float = pydantic.Field(2e-4, gt=0)
    "Learning rate of Adam, for all networks."
    beta_1: float = pydantic.Field(0.5, ge=0, lt=1)
    "Adam's memory of past gradients."
    decay: float = pydantic.Field(0.25, ge=0, le=1)
    "The last part of the training, over which the learning rate falls to zero."
    bfloat16: bool = False
    "Compute in bfloat16, which is faster on hardware made for it."


class CycleGan(StepModel):
    """Trains two generators, each named after what it makes, and their discriminators.

    Ready to `fit` batches {"micrographs": (n, height, width, 1), "masks": likewise}, unpaired, in -1..1, of one `size`
    (height, width); `steps` is their number in the whole training, over which the learning rate is scheduled.
    """

    reports = (
        "micrograph_generator",
        "mask_generator",
        "cycle",
        "identity",
        "micrograph_discriminator",
        "mask_discriminator",
    )

    def __init__(
        self,
        *,
        micrograph_generator: keras.Model,
        mask_generator: keras.Model,
        micrograph_discriminator: keras.Model,
        mask_discriminator: keras.Model,
        size: tuple[int, int],
        steps: int,
        options: CycleGanOptions = CycleGanOptions(),
        seed: int = 0,
    ):
        super().__init__(name="cyclegan")
        self.micrograph_generator, self.mask_generator = micrograph_generator, mask_generator
        self.micrograph_discriminator, self.mask_discriminator = micrograph_discriminator, mask_discriminator
        self.options, self.real_score = options, 1 - options.label_smoothing
        pool = partial(ImagePool, options.pool_size)
        self.past_micrographs = pool((*size, micrograph_generator.output_shape[-1]), seed=seed)
        self.past_masks = pool((*size, mask_generator.output_shape[-1]), seed=seed + 1)
        rate = partial(LateDecay, options.learning_rate, steps, options.decay)
        adam = keras.optimizers.Adam
        self.compile({name: adam(rate(), options.beta_1) for name in self.trains()})

    def trains(self) -> dict[str, list[keras.Layer]]:
        return {
            "generators": [self.micrograph_generator, self.mask_generator],
            "discriminators": [self.micrograph_discriminator, self.mask_discriminator],
        }

    def step(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """One update of the generators, then one of the discriminators, with present and past fakes."""
        micrographs, masks = batch["micrographs"], batch["masks"]
        _, (generators, fake_micrographs, fake_masks) = self.minimize(
            "generators", partial(self._generator_loss, micrographs, masks)
        )
        fake_micrographs, fake_masks = self.past_micrographs(fake_micrographs), self.past_masks(fake_masks)
        _, discriminators = self.minimize(
            "discriminators", partial(self._discriminator_loss, micrographs, masks, fake_micrographs, fake_masks)
        )
        return generators | discriminators

    def _generator_loss(self, micrographs: Tensor, masks: Tensor) -> tuple[Tensor, Any]:
        render, segment = partial(self.micrograph_generator, training=True), partial(self.mask_generator, training=True)
        fake_micrographs, fake_masks = render(masks), segment(micrographs)
        losses = {
            "micrograph_generator": self._deceived(self.micrograph_discriminator, fake_micrographs),
            "mask_generator": self._deceived(self.mask_discriminator, fake_masks),
            "cycle": absolute_difference(micrographs, render(fake_masks))
            + MASK_CYCLES[self.options.mask_cycle](masks, segment(fake_micrographs)),
            "identity": ops.zeros(()),
        }
        if self.options.identity_weight:
            losses["identity"] = absolute_difference(micrographs, render(micrographs))
            losses["identity"] += absolute_difference(masks, segment(masks))
        cycle = losses["cycle"] + self.options.identity_weight * losses["identity"]
        deception = losses["micrograph_generator"] + losses["mask_generator"]
        return deception + self.options.cycle_weight * cycle, (losses, fake_micrographs, fake_masks)

    def _discriminator_loss(
        self, micrographs: Tensor, masks: Tensor, fake_micrographs: Tensor, fake_masks: Tensor
    ) -> tuple[Tensor, Any]:
        losses = {
            "micrograph_discriminator": self._mistaken(self.micrograph_discriminator, micrographs, fake_micrographs),
            "mask_discriminator": self._mistaken(self.mask_discriminator, masks, fake_masks),
        }
        return losses["micrograph_discriminator"] + losses["mask_discriminator"], losses

    def _deceived(self, discriminator: keras.Model, fakes: Tensor) -> Tensor:
        """How far a discriminator is from taking fakes for real."""
        return squared_distance(discriminator(fakes, training=True), self.real_score)

    def _mistaken(self, discriminator: keras.Model, images: Tensor, fakes: Tensor) -> Tensor:
        """How far a discriminator is from telling real images and fakes apart."""
        for_real = squared_distance(discriminator(images, training=True), self.real_score)
        return (for_real + squared_distance(discriminator(fakes, training=True), 0.0)) / 2


def build_cyclegan(
    options: CycleGanOptions, *, size: tuple[int, int], steps: int, rng: np.random.Generator
) -> CycleGan:
    """A trainer with new networks for images of `size` (height, width); all seeds come from `rng`.

    `steps` is the number of batches in the whole training.
    """
    if min(size) < 40 or any(side % 8 for side in size):  # the generators halve 3 times; a score looks at 34 pixels
        raise OptionsError(f"images must be multiples of 8 and at least 40 pixels high and wide, not {size}")
    shape = options.model_dump(include={"filters", "blocks", "skip", "resize_convolution"})
    generator = partial(build, "resnet", **shape)
    discriminator = partial(build, "patchgan", filters=options.discriminator_filters, noise=options.noise)
    *seeds, seed = (int(seed) for seed in rng.integers(2**31, size=5))
    with mixed_precision(options.bfloat16):
        micrograph_generator, mask_generator = (generator(seed=seed) for seed in seeds[:2])
        micrograph_discriminator, mask_discriminator = (discriminator(seed=seed) for seed in seeds[2:])
    return CycleGan(
        micrograph_generator=micrograph_generator,
        mask_generator=mask_generator,
        micrograph_discriminator=micrograph_discriminator,
        mask_discriminator=mask_discriminator,
        size=size,
        steps=steps,
        options=options,
        seed=seed,
    )
