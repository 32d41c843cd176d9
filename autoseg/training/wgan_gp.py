"""WGAN-GP: outlines of particles that were never drawn, from a few dozen that were.

A Wasserstein GAN with gradient penalty after Gulrajani et al. (2017): the critic estimates how far the generator's
outlines are from the real ones, and is kept honest by a penalty on slopes other than 1; the generator reduces it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pydantic

from autoseg._backend import StepModel, inference, input_gradient, keras, ops, to_numpy
from autoseg.networks import build
from autoseg.options import Options
from autoseg.training.precision import mixed_precision

Tensor = Any
Sampler = Callable[[int, np.random.Generator], np.ndarray]


class WganGpOptions(Options):
    """How the WGAN learns outlines."""

    latent: int = pydantic.Field(128, ge=1)
    "Random numbers from which the generator makes an outline."
    filters: int = pydantic.Field(64, ge=1)
    "Width of the generator's and the critic's thinnest layers."
    epochs: int = pydantic.Field(1000, ge=1)
    "How often the training passes through all outlines."
    batch_size: int = pydantic.Field(64, ge=1)
    "Outlines per training step."
    critic_steps: int = pydantic.Field(3, ge=1)
    "Updates of the critic for each of the generator."
    penalty_weight: float = pydantic.Field(10.0, ge=0)
    "Weight of the gradient penalty."
    learning_rate: float = pydantic.Field(2e-4, gt=0)
    "Learning rate of Adam, for both networks."
    beta_1: float = pydantic.Field(0.5, ge=0, lt=1)
    "Adam's memory of past gradients."
    beta_2: float = pydantic.Field(0.9, ge=0, lt=1)
    "Adam's memory of past squared gradients."
    bfloat16: bool = False
    "Compute in bfloat16, which is faster on hardware made for it."


class WganGp(StepModel):
    """Trains `generator` and `critic`, ready to `fit` batches of real outlines (n, height, width, 1) in -1..1.

    `distance` is the critic's estimate of the Wasserstein distance between real and generated outlines.
    """

    reports = ("critic", "generator", "penalty", "distance")

    def __init__(
        self, generator: keras.Model, critic: keras.Model, options: WganGpOptions = WganGpOptions(), *, seed: int = 0
    ):
        super().__init__(name="wgan_gp")
        self.generator, self.critic, self.options = generator, critic, options
        self.seeds = keras.random.SeedGenerator(seed)
        adam = partial(keras.optimizers.Adam, options.learning_rate, options.beta_1, options.beta_2)
        self.compile({"critic": adam(), "generator": adam()})

    def trains(self) -> dict[str, list[keras.Layer]]:
        return {"critic": [self.critic], "generator": [self.generator]}

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """Several updates of the critic, then one of the generator."""
        count = ops.shape(batch)[0]
        for _ in range(self.options.critic_steps):
            with inference():  # the generator learns nothing from these
                fakes = self._generate(count)
            critic, (penalty, distance) = self.minimize("critic", partial(self._critic_loss, batch, fakes))
        generator, _ = self.minimize("generator", partial(self._generator_loss, count))
        return {"critic": critic, "generator": generator, "penalty": penalty, "distance": distance}

    def _critic_loss(self, outlines: Tensor, fakes: Tensor) -> tuple[Tensor, Any]:
        distance = ops.mean(self._judge(outlines)) - ops.mean(self._judge(fakes))
        penalty = self._gradient_penalty(outlines, fakes)
        return self.options.penalty_weight * penalty - distance, (penalty, distance)

    def _generator_loss(self, count: Any) -> tuple[Tensor, Any]:
        return -ops.mean(self._judge(self._generate(count))), None

    def _gradient_penalty(self, outlines: Tensor, fakes: Tensor) -> Tensor:
        """The mean square of what separates the critic's slope from 1, at random points between reals and fakes."""
        share = keras.random.uniform((ops.shape(outlines)[0], 1, 1, 1), seed=self.seeds)
        slopes = input_gradient(self._judge, fakes + share * (outlines - fakes))
        steepness = ops.sqrt(ops.sum(ops.square(slopes), axis=(1, 2, 3)) + 1e-12)  # the root has no slope at 0
        return ops.mean(ops.square(steepness - 1))

    def _generate(self, count: Any) -> Tensor:
        latent = keras.random.normal((count, self.generator.input_shape[-1]), seed=self.seeds)
        return self.generator(latent, training=True)

    def _judge(self, outlines: Tensor) -> Tensor:
        return self.critic(outlines, training=True)


def build_wgan_gp(options: WganGpOptions, *, size: tuple[int, int], rng: np.random.Generator) -> WganGp:
    """A trainer with new networks for outlines of `size` (height, width), multiples of 16; all seeds from `rng`."""
    seeds = [int(seed) for seed in rng.integers(2**31, size=3)]
    with mixed_precision(options.bfloat16):
        generator = build("generator", size=size, latent=options.latent, filters=options.filters, seed=seeds[0])
        critic = build("critic", size=size, filters=options.filters, seed=seeds[1])
    return WganGp(generator, critic, options, seed=seeds[2])


def sampler(generator: keras.Model, *, batch_size: int = 64) -> Sampler:
    """A function that makes `count` images of outlines (count, height, width, 1) in -1..1, from its `rng` alone.

    >>> sample = sampler(build("generator", size=(16, 24), latent=4, filters=4))
    >>> sample(3, np.random.default_rng(0)).shape
    (3, 16, 24, 1)
    """

    def sample(count: int, rng: np.random.Generator) -> np.ndarray:
        latent = rng.standard_normal((count, generator.input_shape[-1]), dtype="float32")
        outlines = [np.empty((0, *generator.output_shape[1:]), "float32")]
        for start in range(0, count, batch_size):
            part = latent[start : start + batch_size]
            whole = np.pad(part, ((0, batch_size - len(part)), (0, 0)))  # one shape of batches is compiled only once
            outlines.append(to_numpy(generator.predict_on_batch(whole))[: len(part)])
        return np.concatenate(outlines)

    return sample
