"""How a training is watched: a log, a progress bar, sample pictures, checkpoints, and TensorBoard for who wants it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from pydantic import Field

from autoseg._backend import keras, to_numpy
from autoseg._backend.graph import by_name
from autoseg._backend.parallel import device_count, is_first
from autoseg.errors import OptionsError
from autoseg.options import Options
from autoseg.training.callbacks import Checkpoint, Log, Progress, Resumable, SamplePictures

"What a training that was killed goes on from; it is of no use to a finished one."


class MonitoringOptions(Options):
    """What is written down while a network learns; none of it changes what it learns."""

    checkpoint_every: int = Field(1, ge=1)
    "Epochs between checkpoints, from which a training that was interrupted goes on."
    pictures_every: int = Field(1, ge=0)
    "Epochs between sample pictures; 0: none."
    tensorboard: bool = False
    "Write logs for TensorBoard as well; it has to be installed, and TensorFlow, whatever trains."


def watch(
    folder: Path, options: MonitoringOptions, draw: Callable[[], np.ndarray], parts: Sequence[Resumable] = ()
) -> list[keras.callbacks.Callback]:
    """Callbacks for a resumable training in `folder`; `draw()` makes a sample picture, `parts` are in the checkpoint.

    It writes log.csv, pictures/epoch_0001.png and so on, tensorboard/, and checkpoint.npz.
    """
    callbacks: list[keras.callbacks.Callback] = [Log(folder / "log.csv"), Progress()]
    if options.pictures_every:
        callbacks.append(SamplePictures(folder / "pictures", draw, options.pictures_every))
    if options.tensorboard and is_first():
        callbacks.append(_tensorboard(folder / "tensorboard"))
    return [*callbacks, Checkpoint(folder, options.checkpoint_every, parts)]


def predict_one(network: keras.Model, image: np.ndarray) -> dict[str, np.ndarray]:
    """Each output of a network for one image (height, width, channels), also while several devices train it."""
    images = np.repeat(image[np.newaxis], device_count(), axis=0)  # JAX takes no batch that it cannot share out
    outputs = by_name(network.predict_on_batch(images), network.prediction_channels)
    return {name: to_numpy(output)[0] for name, output in outputs.items()}


def _tensorboard(folder: Path) -> keras.callbacks.Callback:
    missing = [name for name in ("tensorboard", "tensorflow") if find_spec(name) is None]  # Keras writes with both
    if missing:
        problem = f"{' and '.join(missing)} must be installed to write for TensorBoard"
        raise OptionsError(problem, advice='Install what is missing with pip, or set "tensorboard" to false.')
    return keras.callbacks.TensorBoard(folder, write_graph=False)
