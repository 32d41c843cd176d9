"""Trained models on disk: a folder with config.json (what it is), model.weights.h5 (numbers) and CARD.md (for people).

The network is rebuilt from config.json by autoseg's own code; files that can carry code are never loaded.
"""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from autoseg import networks
from autoseg._backend.plain import PlainNetwork
from autoseg.backends import settled_backend
from autoseg.errors import ModelError, OptionsError
from autoseg.files import written_whole
from autoseg.models.config import CARD, CONFIG, WEIGHTS, ModelConfig, find_model, read_config
from autoseg.networks.plain_unet import read_plain_unet
from autoseg.networks.unet_plan import UNetPlan

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Model:
    """A trained network, with what is needed to use it."""

    name: str
    runnable: keras.Model | PlainNetwork = field(repr=False)
    "The network as far as a `Predictor` needs it: where that is enough, it was read without Keras."
    config: ModelConfig
    card: str

    @cached_property
    def network(self) -> keras.Model:
        """The network in Keras, on the backend in use."""
        return self.runnable.in_keras() if isinstance(self.runnable, PlainNetwork) else self.runnable


def save_model(
    folder: str | os.PathLike[str], network: keras.Model, *, card: str, half: bool = False, **description: Any
) -> ModelConfig:
    """Write a network made by `autoseg.networks.build` as a model folder; `description` are fields of `ModelConfig`.

    `half` rounds the weights to 16 bits, which halves the file; loaded, they compute with 32 bits all the same.
    """
    folder = Path(folder)
    with _numbers_of("float16" if half else "float32"):
        alone = networks.build(**network.architecture)  # a trained network would save its optimizer with it
    alone.set_weights(network.get_weights())
    if half and not all(np.isfinite(weights).all() for weights in alone.get_weights()):
        raise ModelError("has weights that 16 bits cannot hold", file=folder, advice="Save it without half.")
    with written_whole(folder / WEIGHTS) as partial:
        alone.save_weights(partial)
        checksum = _sha256(partial)
    config = ModelConfig(architecture=network.architecture, weights_sha256=checksum, **description)
    with written_whole(folder / CARD) as partial:
        partial.write_text(card, encoding="utf-8")
    config.to_file(folder / CONFIG)  # last: a folder without it is not a model
    return config


@contextmanager
def _numbers_of(dtype: str) -> Iterator[None]:
    """Networks built in this block hold weights of this type."""
    from autoseg._backend import keras

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def load_model(name_or_folder: str | os.PathLike[str]) -> Model:
    """A shipped model by name, or any model folder, with its weights, on the backend in use."""
    folder = find_model(name_or_folder)
    config = read_config(folder)
    in_keras = partial(_in_keras, folder, config)
    weights = _checked_weights(folder, config)
    runnable = _without_keras(config, weights, in_keras) or in_keras()
    card = folder / CARD
    return Model(folder.resolve().name, runnable, config, card.read_text(encoding="utf-8") if card.is_file() else "")


def _in_keras(folder: Path, config: ModelConfig) -> keras.Model:
    weights = _checked_weights(folder, config)
    try:
        network = networks.build(**config.architecture)
    except (OptionsError, TypeError) as error:
        raise ModelError(f"describes no network that autoseg knows: {error}", file=folder / CONFIG) from None
    _load_weights(network, weights)
    return network


def _without_keras(config: ModelConfig, weights: Path, in_keras: Callable[[], keras.Model]) -> PlainNetwork | None:
    """The network for OpenVINO, if this process runs no other backend; None where Keras has to see to it.

    So it is with other architectures, and with whatever does not fit: Keras tells what is wrong.
    """
    architecture = dict(config.architecture)
    if architecture.pop("architecture", None) != "unet" or settled_backend() != "openvino" or "keras" in sys.modules:
        return None
    try:
        return read_plain_unet(UNetPlan(**architecture), weights, in_keras)
    except (OptionsError, TypeError, ValueError, OSError, KeyError):
        return None


def _checked_weights(folder: Path, config: ModelConfig) -> Path:
    path = folder / WEIGHTS
    if not path.is_file():
        raise ModelError(f"is incomplete: it has no {WEIGHTS}", file=folder, advice="Copy or download the model again.")
    if _sha256(path) != config.weights_sha256:
        raise ModelError(
            f"is damaged, or not the file that {CONFIG} was written for (its checksum differs)",
            file=path,
            advice="Copy or download the model again.",
        )
    return path


def _load_weights(network: keras.Model, path: Path) -> None:
    """All of the weights or none: Keras only warns of what the file lacks, and passes over what it has too much."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            network.load_weights(path)
        found = _count_arrays(path)
        if found != len(network.weights):
            raise ValueError(f"{found} arrays for {len(network.weights)} weights")
    except (ValueError, KeyError, UserWarning) as error:
        first_line = str(error).strip().splitlines()[0]
        raise ModelError(
            f"does not fit the architecture in {CONFIG} ({first_line})",
            file=path,
            advice=f"Restore the original {CONFIG}.",
        ) from None


def _count_arrays(path: Path) -> int:
    names: list[str] = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return len(names)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
