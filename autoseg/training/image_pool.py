"""The pool of past fakes that steadies the discriminators of a cycleGAN (Shrivastava et al. 2017)."""

from __future__ import annotations

from typing import Any

from autoseg._backend import keras, ops

Tensor = Any


class ImagePool(keras.layers.Layer):
    """Exchanges fresh images for older ones: (n, height, width, channels) -> the same shape.

    Until `size` images are stored, each new one is stored and comes back as it is. Later, every image is swapped with
    a stored one with probability 1/2. Within a batch no two images share a place; of a batch larger than the pool,
    the images beyond its size pass through. With size 0 all do.

    The images are variables, of `shape` (height, width, channels), so that the pool works in compiled training steps
    (a Python list would be traced once and then stand still), and is saved and resumed with the model.
    """

    def __init__(self, size: int, shape: tuple[int, int, int], *, seed: int = 0):
        super().__init__(dtype="float32", trainable=False)
        self.size = size
        self.seeds = keras.random.SeedGenerator(seed)
        self.images = self.add_weight(name="images", shape=(size, *shape), initializer="zeros", trainable=False)
        self.count = self.add_weight(name="count", shape=(), dtype="int32", initializer="zeros", trainable=False)
        self.built = True  # before its first call, so that a resumed training finds it when it loads weights

    def call(self, images: Tensor) -> Tensor:
        if self.size == 0:
            return images
        new, beyond = images[: self.size], images[self.size :]
        places, swapped, filled = self._draw(ops.shape(new)[0])
        old = ops.take(self.images, places, axis=0)
        swapped, filled = (flag[:, None, None, None] for flag in (swapped, filled))
        self.images.assign(
            ops.scatter_update(self.images, places[:, None], ops.where(swapped | ~filled, new, old)),
        )
        self.count.assign(ops.minimum(self.count + ops.shape(new)[0], self.size))
        return ops.concatenate([ops.where(swapped, old, new), beyond])

    def _draw(self, count: Any) -> tuple[Tensor, Tensor, Tensor]:
        """A different place for each of `count` images, whether they are swapped, and whether the place is filled."""
        order, chance = ops.unstack(keras.random.uniform((2, self.size), seed=self.seeds))
        numbers = ops.arange(self.size)
        filled = numbers < self.count
        places = ops.argsort(ops.where(filled, order, numbers - self.size))[:count]  # empty ones first, as they follow
        filled = ops.take(filled, places)
        return places, filled & (chance[:count] < 0.5), filled

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape
