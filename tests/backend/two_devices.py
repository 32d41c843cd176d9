"""Trains on one and on two devices, for `test_parallel`: `python -m tests.backend.two_devices FOLDER`.

A module of its own, because logical devices must be there before a backend starts, and processes have to import it.
"""

import os
import shutil
import sys
from pathlib import Path

if __name__ == "__main__" and os.environ["KERAS_BACKEND"] == "jax":  # not in whoever merely looks for doctests here
    import jax

    jax.config.update("jax_num_cpu_devices", 2)
if __name__ == "__main__" and os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow

    two = [tensorflow.config.LogicalDeviceConfiguration() for _ in range(2)]
    tensorflow.config.set_logical_device_configuration(tensorflow.config.list_physical_devices("CPU")[0], two)

import numpy as np

from autoseg._backend import StepModel, keras, ops, to_numpy
from autoseg._backend.parallel import device_count, is_first, own_share, train_on
from autoseg.errors import ImageError, OptionsError
from autoseg.networks.layers import InstanceNormalization, heads, image_input, network
from autoseg.training.batches import Batches, fit
from autoseg.training.callbacks import BestWeights, Checkpoint, Log
from autoseg.training.segmenter import SegmenterOptions, make_batches, train_segmenter

from .toy_gan import FEATURES, LATENT, ToyGan

layers = keras.layers
EPOCHS = 3
PAIRS = [(np.random.default_rng(i).integers(0, 255, (16, 16)), np.eye(16, dtype=int) * (i % 3)) for i in range(15)]


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype("float32")


def outcome(model, history):
    """What is compared: the logs of all epochs, and the weights."""
    weights = {f"weight {i}": to_numpy(weight.value) for i, weight in enumerate(model.weights)}
    return {**history.history, **weights}


def initialized(model):
    model.set_weights([drawn(*weight.shape) for weight in model.get_weights()])
    return model


class UnmixedGan(ToyGan):
    """Without batch normalization no sample knows of the others."""

    def __init__(self):
        super().__init__()
        unmixed = [keras.Input((LATENT,)), layers.Dense(8, "tanh"), layers.Dense(FEATURES)]
        self.generator = initialized(keras.Sequential(unmixed))


def train_gan(size, held_out=8, epochs=EPOCHS):
    def sample(item, rng):
        return {"real": drawn(FEATURES, seed=item), "noise": drawn(LATENT, seed=item)}

    gan = UnmixedGan()
    gan.compile({name: keras.optimizers.SGD(0.05) for name in gan.trains()})  # Adam would not notice a wrong factor
    validation = Batches(range(held_out), sample, size=4, shuffle=False)
    return outcome(gan, fit(gan, Batches(range(24), sample, size=size), epochs=epochs, validation=validation))


def train_regression(size):
    model = initialized(keras.Sequential([keras.Input((5,)), layers.Dense(4, "tanh"), layers.Dense(1)]))
    model.compile(keras.optimizers.SGD(0.1), loss="mse")
    batches = Batches(range(24), lambda item, rng: (drawn(5, seed=item), drawn(1, seed=item)), size=size)
    return outcome(model, fit(model, batches, epochs=EPOCHS))


def make_segmenter(outputs):
    """One that compiles quickly: what devices share does not depend on the layers."""
    x = inputs = image_input(1)
    x = InstanceNormalization()(layers.Conv2D(4, 3, padding="same", activation="tanh")(x))
    made = heads(x, outputs, lambda x, channels, _: layers.Conv2D(channels, 3, padding="same")(x))
    segmenter = network(inputs, made, name="small", size_multiple=1)
    segmenter.architecture = {"outputs": outputs}
    return initialized(segmenter)


def train_on_pairs(size, callbacks=()):
    options = SegmenterOptions(batch_size=size, views_per_pair=1, validation=0.45, epochs=EPOCHS, averaging=0.5)
    segmenter = make_segmenter(options.head.network_outputs)
    return outcome(segmenter, train_segmenter(segmenter, *make_batches(PAIRS, options), options, callbacks))


class Dreamer(StepModel):
    """One whose losses are made of what devices do not share: dropout, statistics of batches, random numbers."""

    reports = ("noise", "loss")

    def __init__(self):
        super().__init__()
        mixed = [
            layers.Dense(4, use_bias=False),
            layers.BatchNormalization(),
            layers.Dropout(0.5, seed=3),
            layers.Dense(1),
        ]
        self.network = initialized(keras.Sequential([keras.Input((5,)), *mixed]))
        self.seeds = keras.random.SeedGenerator(1)
        self.compile({"network": keras.optimizers.Adam(1e-2)})

    def trains(self):
        return {"network": [self.network]}

    def step(self, batch):
        noise = keras.random.normal(ops.shape(batch), seed=self.seeds)
        loss, _ = self.minimize("network", lambda: (ops.mean(self.network(batch + noise, training=True) ** 2), None))
        return {"noise": noise[0, 0], "loss": loss}


def dream(size, callbacks=()):
    dreamer, batches = Dreamer(), Batches(range(8), lambda item, rng: drawn(5, seed=item), size=size)
    return outcome(dreamer, fit(dreamer, batches, epochs=EPOCHS, callbacks=callbacks))


def resumable(folder):
    best = BestWeights()
    return [best, Log(folder / "log.csv"), Checkpoint(folder, parts=[best])]


class Snapshot(keras.callbacks.Callback):
    """A copy of the folder as it was when the last epoch began, for a training that was killed therein."""

    def __init__(self, folder, copy):
        super().__init__()
        self.folder, self.copy = folder, copy

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == EPOCHS - 1 and is_first():
            shutil.copytree(self.folder, self.copy)


def validate_unevenly():
    """What is refused is printed."""
    try:
        train_gan(2, held_out=7, epochs=1)
    except OptionsError as error:
        print(error)


def train_all(folder, size):
    """Everything, with this many samples on each device; what two devices trained goes on after a kill, too."""
    devices, (process, processes) = device_count(), own_share()
    for train in (train_gan, train_regression):
        np.savez(folder / f"{train.__name__} {devices} {process}.npz", **train(size))
    for train in (train_on_pairs, dream):
        undisturbed, killed = (folder / f"{train.__name__} {devices} {part}" for part in ("undisturbed", "killed"))
        whole = train(size, [Snapshot(undisturbed, killed), *resumable(undisturbed)])
        np.savez(folder / f"{train.__name__} {devices} {process}.npz", **whole)
        if devices > 1:
            np.savez(folder / f"{train.__name__} resumed {process}.npz", **train(size, resumable(killed)))
    if devices > 1:
        validate_unevenly()
    if devices > 1 and process == processes - 1:
        raise ImageError("is empty", file="late.tif")


if __name__ == "__main__":
    train_on(None, train_all, Path(sys.argv[1]), 4)
    try:
        train_on(2, train_all, Path(sys.argv[1]), 2)
    except ImageError as error:
        print(error)
