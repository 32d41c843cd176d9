"""What a trained model is and how to use it: `config.json` in its folder, read without Keras."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from autoseg import __version__
from autoseg.errors import ModelError, OptionsError
from autoseg.files import shipped, shipped_models
from autoseg.heads import Head
from autoseg.images.normalization import PUBLISHED, Percentiles
from autoseg.images.polarity import Polarity
from autoseg.models.scoring import Scoring
from autoseg.options import Options, Share

CONFIG, WEIGHTS, CARD = "config.json", "model.weights.h5", "CARD.md"
FORMAT = 2  # raised when older releases could no longer understand a new config.json

# What people try to load instead of a model folder.
_CAN_HOLD_CODE = {".keras", ".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".onnx", ".pb"}


class Preprocessing(Options):
    """How pixels become the network's input."""

    percentiles: Percentiles = PUBLISHED
    "The intensities at these percentiles of an image become 0 and 1."
    clip: bool = True
    "Whether intensities outside are cut off at 0 and 1."


ScoreName = Literal["f1", "average_precision", "mean_best_iou", "image_iou", "youden", "instance_iou_8"]


class _Scored(Options):
    """What a model was scored on: images of which the truth is known."""

    images: str = pydantic.Field(min_length=1)
    "Which images, such as `SEM images of TiO2`; to be read after their number."
    count: int = pydantic.Field(ge=1)
    "How many images."
    seeds: int = pydantic.Field(1, ge=1)
    "How many trainings, which differ in their seeds, the scores are averages of."


class ModelScore(_Scored):
    """How good a model of particles was found to be; names as in `autoseg.evaluation`."""

    f1: Share
    average_precision: Share
    mean_best_iou: Share
    image_iou: Share
    youden: float = pydantic.Field(ge=-1, le=1)
    instance_iou_8: Share
    spread: dict[ScoreName, Annotated[float, pydantic.Field(ge=0)]] = {}
    "Standard deviations of scores over the seeds, where there are several."


class ClassModelScore(_Scored):
    """How good a model of classes was found to be, over all pixels together; names as in `autoseg.evaluation`."""

    mean_iou: Share
    "IoU, averaged over all classes."
    mean_iou_without_background: Share
    "IoU, averaged over the classes but the background."
    iou: dict[str, Share] = {}
    "IoU of each class by its name."
    f1: dict[str, Share] = {}
    "F1 over the pixels of each class by its name."


class MaskModelScore(_Scored):
    """How good a model of a foreground was found to be."""

    dice: Share
    "Of the foreground, averaged over images."


class ModelConfig(Options):
    """What a trained model is, and how to use it."""

    format: int = pydantic.Field(FORMAT, ge=1, le=FORMAT)
    "Version of this file's layout."
    autoseg: str = __version__
    "Version of autoseg that wrote the model."
    architecture: dict[str, Any]
    "Name and parameters of the network, as `autoseg.networks.build` takes them."
    head: Head | None = None
    "What the network predicts for each pixel, if it segments."
    weights_sha256: str = ""
    "Checksum of the weights file, filled in when the model is saved."
    preprocessing: Preprocessing = Preprocessing()
    "How pixels become the network's input."
    diameter_range: tuple[float, float] | None = None
    "Typical diameters of particles in pixels for which the model was made; unknown if not set."
    polarity: Polarity = Polarity.BRIGHT
    "Whether particles are brighter or darker than what lies around them."
    postprocessing: dict[str, bool | int | float | str] = {}
    "Defaults of the segmentation options for this model."
    scoring: Scoring | None = None
    "How probable it is that a particle which it finds is one. Not set: as for the shipped model `particles`."
    scores: tuple[ModelScore | ClassModelScore | MaskModelScore, ...] = ()
    "How good it was found to be, on which images."

    @pydantic.model_validator(mode="after")
    def _head_fits_network(self) -> ModelConfig:
        if self.head is not None:
            self.head.check_network(self.architecture.get("outputs"))
        return self


def find_model(name_or_folder: str | os.PathLike[str]) -> Path:
    """The folder of a shipped model by name, or of any other, unchecked."""
    path = Path(name_or_folder)
    if path.is_dir():
        return path
    if path.name.endswith(".weights.h5"):
        raise ModelError("holds numbers only, not which network they belong to", file=path, advice="Name its folder.")
    if path.suffix.lower() in _CAN_HOLD_CODE:
        raise ModelError(
            "may hold code that runs when it is loaded, so autoseg does not load it",
            file=path,
            advice=f"Use a model folder ({CONFIG} and {WEIGHTS}); autoseg.save_model writes one.",
        )
    name, names = str(name_or_folder), shipped_models()
    if name in names:
        return shipped("trained_models") / name
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f'Did you mean "{nearest[0]}"?' if nearest else f"Shipped models: {', '.join(names) or 'none'}."
    raise ModelError("is neither a model folder nor a shipped model", file=name, advice=hint)


def read_config(folder: Path) -> ModelConfig:
    """The description in a model's folder; its weights are not looked at."""
    path = folder / CONFIG
    if not path.is_file():
        raise ModelError(f"is not a model folder: it has no {CONFIG}", file=folder)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["format"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError("is damaged", file=path, advice="Copy or download the model again.") from None
    if version == 1:
        raise ModelError(
            "is of format 1, which does not tell what the network predicts",
            file=path,
            advice='Train it anew; or add "head" ("mask": the foreground alone, "instances": foreground, contact and '
            f'distance), remove "pixel_size_range", and set "format" to {FORMAT}; in a multires_unet, put "outputs": '
            f'{json.dumps(Head(kind="mask").network_outputs)} in the place of "channels" and "activation".',
        )
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
