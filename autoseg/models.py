"""Trained models on disk: a folder with config.json (what it is), model.weights.h5 (numbers) and CARD.md (for people).

The network is rebuilt from config.json by autoseg's own code; files that can carry code are never loaded.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import h5py
import numpy as np
import pydantic

from autoseg import __version__, networks
from autoseg._backend import keras
from autoseg.errors import ModelError, OptionsError
from autoseg.files import shipped, shipped_models, written_whole
from autoseg.images.normalization import PUBLISHED, Percentiles
from autoseg.options import Options

CONFIG, WEIGHTS, CARD = "config.json", "model.weights.h5", "CARD.md"
FORMAT = 1  # raised when older releases could no longer understand a new config.json

# What people try to load instead of a model folder.
_CAN_HOLD_CODE = {".keras", ".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".onnx", ".pb"}


class Preprocessing(Options):
    """How pixels become the network's input."""

    percentiles: Percentiles = PUBLISHED
    "The intensities at these percentiles of an image become 0 and 1."
    clip: bool = True
    "Whether intensities outside are cut off at 0 and 1."


Share = Annotated[float, pydantic.Field(ge=0, le=1)]
ScoreName = Literal["f1", "average_precision", "mean_best_iou", "image_iou", "youden", "instance_iou_8"]


class ModelScore(Options):
    """How good a model was found to be on images of which the truth is known; names as in `autoseg.evaluation`."""

    images: str = pydantic.Field(min_length=1)
    "Which images, such as `SEM images of TiO2`; to be read after their number."
    count: int = pydantic.Field(ge=1)
    "How many images."
    seeds: int = pydantic.Field(1, ge=1)
    "How many trainings, which differ in their seeds, the scores are averages of."
    f1: Share
    average_precision: Share
    mean_best_iou: Share
    image_iou: Share
    youden: float = pydantic.Field(ge=-1, le=1)
    instance_iou_8: Share
    spread: dict[ScoreName, Annotated[float, pydantic.Field(ge=0)]] = {}
    "Standard deviations of scores over the seeds, where there are several."


class ModelConfig(Options):
    """What a trained model is, and how to use it."""

    format: int = pydantic.Field(FORMAT, ge=1, le=FORMAT)
    "Version of this file's layout."
    autoseg: str = __version__
    "Version of autoseg that wrote the model."
    architecture: dict[str, Any]
    "Name and parameters of the network, as `autoseg.networks.build` takes them."
    weights_sha256: str = ""
    "Checksum of the weights file, filled in when the model is saved."
    preprocessing: Preprocessing = Preprocessing()
    "How pixels become the network's input."
    pixel_size_range: tuple[float, float] | None = None
    "Pixel sizes in nm for which the model was made; unknown if not set."
    diameter_range: tuple[float, float] | None = None
    "Typical diameters of particles in pixels for which the model was made; unknown if not set."
    polarity: Literal["bright", "dark", "either"] = "bright"
    "Whether particles are brighter or darker than what lies around them."
    postprocessing: dict[str, bool | int | float | str] = {}
    "Defaults of the segmentation options for this model."
    scores: tuple[ModelScore, ...] = ()
    "How good it was found to be, on which images."


@dataclass(frozen=True)
class Model:
    """A trained network, with what is needed to use it."""

    name: str
    network: keras.Model
    config: ModelConfig
    card: str


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
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def load_model(name_or_folder: str | os.PathLike[str]) -> Model:
    """A shipped model by name, or any model folder, with its weights, on the backend in use."""
    folder = find_model(name_or_folder)
    config = _read_config(folder)
    weights = _checked_weights(folder, config)
    try:
        network = networks.build(**config.architecture)
    except (OptionsError, TypeError) as error:
        raise ModelError(f"describes no network that autoseg knows: {error}", file=folder / CONFIG) from None
    _load_weights(network, weights)
    card = folder / CARD
    return Model(folder.resolve().name, network, config, card.read_text(encoding="utf-8") if card.is_file() else "")


def find_model(name_or_folder: str | os.PathLike[str]) -> Path:
    """The folder of a shipped model by name, or of any other, of which it is not yet said that it is one."""
    path = Path(name_or_folder)
    if path.is_dir():
        return path
    if path.name.endswith(".weights.h5"):
        raise ModelError("holds numbers only, not which network they belong to", file=path, advice="Name its folder.")
    if path.suffix.lower() in _CAN_HOLD_CODE:
        raise ModelError(
            "may hold code that runs when it is loaded, so autoseg does not load it",
            file=path,
            advice=f"Use a model folder ({CONFIG} and {WEIGHTS}); autoseg.models.save_model writes one.",
        )
    name, names = str(name_or_folder), shipped_models()
    if name in names:
        return shipped("trained_models") / name
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f'Did you mean "{nearest[0]}"?' if nearest else f"Shipped models: {', '.join(names) or 'none'}."
    raise ModelError("is neither a model folder nor a shipped model", file=name, advice=hint)


def _read_config(folder: Path) -> ModelConfig:
    path = folder / CONFIG
    if not path.is_file():
        raise ModelError(f"is not a model folder: it has no {CONFIG}", file=folder)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["format"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError("is damaged", file=path, advice="Copy or download the model again.") from None
    if isinstance(version, int) and version > FORMAT:
        raise ModelError(
            f"has format {version}, but autoseg {__version__} reads formats up to {FORMAT}",
            file=path,
            advice="Update with pip install --upgrade autoseg.",
        )
    try:
        return ModelConfig(**content)
    except OptionsError as error:
        raise ModelError(f"is not a valid description of a model: {error}", file=path) from None


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
