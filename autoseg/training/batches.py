"""Batches from memory or disk that follow from a seed alone, and the one way to train on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import numpy as np

from autoseg._backend import StepModel, keras
from autoseg._backend.fitting import stream
from autoseg._backend.parallel import device_count, in_step, own_share
from autoseg.errors import AutosegError, ImageError, OptionsError

Item = Any
Arrays = Any  # an array, or a tuple or dictionary of arrays, of one sample or of a batch


class Batches(keras.utils.PyDataset):
    """Batches made of `items`: what is in batch i of epoch e depends on the seed, e and i, and on nothing else.

    An item is whatever `make(load(item), rng)` turns into one sample, a tuple or dictionary of arrays: arrays in
    memory, or a path or number that `load` reads each time it is needed. `rng` is the sample's own.

    Shuffled batches, for training, are all of one size: where items are missing in the last one, the first of the
    epoch are used again. Unshuffled ones, for validation, hold each item once, and the same in every epoch.
    Where several devices train (`train_on`), a shuffled batch holds `size` samples for each of them.
    While a batch is in use, `ahead` more are prepared, each by a thread of its own.

    >>> batches = Batches(range(5), lambda item, rng: {"x": np.array(item)}, size=2, shuffle=False)
    >>> [batch["x"].tolist() for batch in batches]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        items: Sequence[Item],
        make: Callable[[Any, np.random.Generator], Arrays],
        *,
        size: int,
        seed: int = 0,
        load: Callable[[Item], Any] | None = None,
        shuffle: bool = True,
        ahead: int = 2,
    ):
        super().__init__()
        if not len(items) or size < 1:
            raise OptionsError(f"no batches can be made of {len(items)} items, {size} each")
        self.items, self.seed, self.shuffle = items, seed, shuffle
        self.size = size * device_count() if shuffle else size
        self.epoch = 0
        "The epoch whose batches are handed out."
        self.share = (0, 1)
        "Which part of each batch is made, and of how many equal ones."
        self.failure: AutosegError | None = None
        "Why a batch could not be made."
        self._make, self._load = make, load
        # Keras' own queue, at work with `workers` > 1, begins a training with what was left of the batch that it
        # built the model with, whatever the epoch is.
        self._ahead, self._threads = ahead, ThreadPoolExecutor(max(ahead, 1))
        self._coming: dict[tuple[int, int], Future[Arrays]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.items) // self.size)

    def __getitem__(self, index: int) -> Arrays:
        """The batch of this index in the present epoch."""
        try:
            return self._prepared(self.epoch, index)
        except AutosegError as error:
            self.failure = error
            raise

    def batch(self, epoch: int, index: int) -> Arrays:
        """The batch of this index in any epoch."""
        order = np.arange(len(self.items))
        if self.shuffle:
            order = np.resize(self._rng(epoch).permutation(order), len(self) * self.size)
        part, parts = self.share
        first, size = index * self.size + part * self.size // parts, self.size // parts
        samples = [
            self._sample(self.items[chosen], self._rng(epoch, position))
            for position, chosen in enumerate(order[first : first + size].tolist(), start=first)
        ]
        return keras.tree.map_structure(_stack, *samples)

    def _rng(self, *place: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=place))

    def _sample(self, item: Item, rng: np.random.Generator) -> Arrays:
        return self._make(self._load(item) if self._load else item, rng)

    def _prepared(self, epoch: int, index: int) -> Arrays:
        """This batch, from the threads, while they go on with the next ones."""
        wanted = [(epoch, i) for i in range(index, min(index + 1 + self._ahead, len(self)))]
        with self._lock:  # TensorFlow asks from a thread of its own
            self._coming = {key: self._coming.get(key) or self._threads.submit(self.batch, *key) for key in wanted}
            batch = self._coming[epoch, index]
        return batch.result()


class _Even(keras.utils.PyDataset):
    """Batches (x, y) for validation, filled up such that devices can share them, with samples that do not count."""

    def __init__(self, batches: Batches, devices: int):
        super().__init__()
        self.batches, self.devices, sizes = batches, devices, _sizes(batches)
        # Losses are divided by the number of all samples, metrics by the sum of weights: both come out right.
        self.weight = float((sizes + -sizes % devices).sum() / sizes.sum())

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[Arrays, Arrays, np.ndarray]:
        x, y = self.batches[index]
        weights = np.full(len(x), self.weight, np.float32)
        missing = -len(x) % self.devices

        def filled(array: np.ndarray) -> np.ndarray:
            return np.concatenate([array, array[:1].repeat(missing, axis=0)])

        return filled(x), keras.tree.map_structure(filled, y), np.pad(weights, (0, missing))


def split(count: int, fraction: float, seed: int = 0) -> tuple[list[int], list[int]]:
    """Which of `count` items are for training and which for validation, at random, but the same for one seed.

    Of two items and more, each side gets at least one, unless the fraction is 0.

    >>> split(5, 0.2)
    ([0, 1, 3, 4], [2])
    """
    held_out = min(max(round(count * fraction), 1), count - 1) if fraction else 0
    order = np.random.default_rng(seed).permutation(count).tolist()
    return sorted(order[held_out:]), sorted(order[:held_out])


def fit(
    model: keras.Model,
    training: Batches,
    *,
    epochs: int,
    validation: Batches | None = None,
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Train a compiled model, or go on with it, such that each epoch gets its own batches on every backend.

    On several devices, validated metrics have to be weighted ones (see `_Even`), and the batches that a `StepModel`
    validates have to be such that the devices can share each of them evenly.
    """
    tell = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(training, "epoch", epoch))
    if device_count() > 1 and not training.shuffle:
        raise OptionsError("several devices train on shuffled batches only, which are all of one size")
    training.share = own_share()
    # Keras would shuffle the batches with a seed of its own.
    settings: dict[str, Any] = {"epochs": epochs, "shuffle": False, "verbose": 0}
    try:
        if validation is not None:
            together = training.share == (0, 1) and device_count() > 1  # else each process validates all
            settings["validation_data"] = stream(_shared(model, validation) if together else validation)
        with in_step(model) as first:
            return model.fit(stream(training), callbacks=[tell, *first, *callbacks], **settings)
    except Exception:
        # TensorFlow covers what went wrong in a batch with an error of its own.
        for batches in (training, validation):
            if batches is not None and batches.failure is not None:
                raise batches.failure from None
        raise
    finally:
        training.share = (0, 1)


def _shared(model: keras.Model, validation: Batches) -> keras.utils.PyDataset:
    """Batches for validation that the devices of one process can share."""
    devices = device_count()
    if not isinstance(model, StepModel):
        return _Even(validation, devices)
    if (_sizes(validation) % devices).any():
        sizes = " and ".join(map(str, sorted(set(_sizes(validation).tolist()))))
        raise OptionsError(
            f"{devices} devices cannot share batches of {sizes} in the validation of a {type(model).__name__}",
            advice=f"Validate a multiple of {devices} items, in batches of a multiple of {devices}; or use one device.",
        )
    return validation


def _sizes(batches: Batches) -> np.ndarray:
    """Of unshuffled batches."""
    sizes = np.full(len(batches), batches.size)
    sizes[-1] = len(batches.items) - sizes[:-1].sum()
    return sizes


def _stack(*arrays: np.ndarray) -> np.ndarray:
    shapes = sorted({np.shape(array) for array in arrays})
    if len(shapes) > 1:
        raise ImageError(
            f"images of {' and '.join(map(str, shapes))} pixels cannot share a batch",
            advice='Set "crop" to show the network views of one size.',
        )
    return np.stack(arrays)
