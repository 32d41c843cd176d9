"""Where the particles of a batch come from, as far as the particles themselves cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import SerializeAsAny, SerializerFunctionWrapHandler, model_serializer

from autoseg.evaluation.files import ParticleKind
from autoseg.heads import Head
from autoseg.images.micrograph import ReadOptions
from autoseg.images.polarity import Asked
from autoseg.options import Options
from autoseg.segmentation.instances.finding import InstanceOptions


class Architecture(Options):
    """A network by its name and its parameters, as `autoseg.networks.build` takes them."""

    name: str
    parameters: dict[str, Any] = {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Architecture | None:
        """Read it as a model's config.json has it, the name among the parameters; None where there is no name.

        >>> Architecture.from_config({"architecture": "unet", "filters": [4, 8]})
        Architecture(name='unet', parameters={'filters': [4, 8]})
        """
        name = config.get("architecture")
        parameters = {key: value for key, value in config.items() if key != "architecture"}
        return None if name is None else cls(name=name, parameters=parameters)


class TrainedModel(Options):
    """Which trained model predicted, so that it can be found again."""

    name: str
    architecture: Architecture | None = None
    head: Head | None = None
    "What it predicts."
    weights_sha256: str | None = None
    recommends: dict[str, bool | int | float | str] = {}
    "Options for finding particles that the model recommends."


class Provenance(Options):
    """How the particles of a batch were found or read; only what was set is written to run.json."""

    model: TrainedModel | None = None
    "The model that predicted them."
    engine: str | None = None
    "What ran the model, such as openvino or torch."
    device: str | None = None
    "Where it ran. Not set: where the engine likes."
    precision: Literal["float32", "bfloat16"] | None = None
    "Numbers that it was run with."
    segmentation: InstanceOptions | None = None
    "How particles were found in the prediction."
    polarity: Asked | None = None
    "Whether particles are brighter or darker than their surroundings, as it was asked for."
    magnification: Literal["auto"] | float | None = None
    "By how much images were magnified before the prediction, as it was asked for."
    minimum_score: float | None = None
    "Which score particles had to have, at least, from 0 to 1."
    leave_out_letters: bool | None = None
    "Whether what is drawn into images, such as letters and scale bars, was left out."
    plausibility: float | None = None
    "How plausible the particles of an image had to be, at least, from 0 to 1."
    decided_per_image: tuple[Literal["polarity", "magnification"], ...] = ()
    "What was left to each image, and could be: a model that cannot judge either takes images as they are."
    diameter_range: tuple[float, float] | None = None
    "Typical diameters of particles, in pixels, that the model was trained on."
    read: ReadOptions | None = None
    "How files were read."
    predict: SerializeAsAny[Options] | None = None
    "How the network was run, in full."
    labels: tuple[Path, ...] = ()
    "Files that the particles were read from, if no model predicted them."
    kind: ParticleKind | None = None
    "What these files were taken for."
    evaluation: dict[str, str] = {}
    "How the scores in the report were measured."
    seconds: dict[str, float] = {}
    "Durations by name."

    @model_serializer(mode="wrap")
    def _only_what_is_set(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if name in self.model_fields_set}
