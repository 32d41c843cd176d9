"""Train the network that segments, on micrographs of which it is known what they show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydantic

from autoseg._backend import keras
from autoseg._parallel import is_first, train_on
from autoseg.errors import OptionsError
from autoseg.images.overlay import OverlayOptions, draw_overlay
from autoseg.models import Preprocessing, find_model, load_model, save_model
from autoseg.networks import build
from autoseg.segmentation.choice import typical_diameter
from autoseg.segmentation.instances import InstanceOptions, find_instances
from autoseg.segmentation.predictor import Predictor
from autoseg.sem.stages.filter import FilteredPairs
from autoseg.sem.stages.grey import numbered_files, read_grey, sheet, to_bytes
from autoseg.sem.stages.learning import LearningOptions
from autoseg.sem.stages.pairs import PairFiles, Pairs, files_of, read_pair
from autoseg.sem.stages.prepare import Tiles
from autoseg.sem.stages.prominence import choose_prominence
from autoseg.stages import Outputs, Stage
from autoseg.training.batches import split
from autoseg.training.callbacks import BestWeights
from autoseg.training.monitoring import CHECKPOINT, predict_one, watch
from autoseg.training.precision import mixed_precision
from autoseg.training.segmenter import SegmenterOptions, check_outputs, make_batches, train_segmenter
from autoseg.training.targets import CHANNELS

SHOWN = 3
"Images of each kind in a sample picture."
SAMPLED = 300
"About so many pairs tell how large particles are."
TYPICAL = 5, 95
"Percentiles, over pairs, of their typical diameters, between which the model is said to know particles."
CALIBRATING = 200
"At most so many of the pairs laid aside for validation decide how deep valleys between particles must be."


class TrainedSegmenter(Outputs):
    """A trained model's folder, and which of the pairs were laid aside: nothing has been learned from these."""

    model: Path
    laid_aside: tuple[int, ...] = ()


class TrainSegmenterOptions(LearningOptions, SegmenterOptions):
    """Which network learns to segment, how, and what is written down of it."""

    network: dict[str, Any] = {"architecture": "multires_unet", "filters": 16}
    "Name and parameters of the network, as `autoseg.networks.build` takes them; the head sets its outputs."
    start: str = ""
    """Model that goes on learning, by name or folder; its network and percentiles count, and images are inverted if it
    knows only the other particles, bright or dark. Empty: a new network."""

    @pydantic.model_validator(mode="after")
    def _one_network(self) -> TrainSegmenterOptions:
        if self.start and self.network != type(self).model_fields["network"].default:
            raise ValueError('"network" does not count where there is a "start": for a new network, set start = ""')
        return self


class TrainSegmenter(Stage, TrainSegmenterOptions):
    """A network that knows particles from micrographs that were made of masks."""

    polarity: Literal["bright", "dark", "both"] = "bright"

    cosmetic = frozenset({"monitoring", "from_disk"})
    scaffolding = (CHECKPOINT,)

    def sources(self) -> list[Path]:
        """The model that it starts from."""
        return [find_model(self.start)] if self.start else []

    def run(
        self,
        folder: Path,
        rng: np.random.Generator,
        *,
        prepare: Tiles | None = None,
        filter: FilteredPairs | None = None,
        render: Pairs | None = None,
    ) -> TrainedSegmenter:
        """Train, or go on with it, and save the model."""
        pairs = files_of(filter, render)
        seeds = tuple(self.seed + int(seed) for seed in rng.integers(2**30, size=2))
        _, aside = split(len(pairs), self.validation, seeds[1])
        calibrating, test = [pairs[i] for i in aside], numbered_files(prepare.test) if prepare else []
        train_on(self.devices, _train, self, folder, seeds, pairs, calibrating, test)
        return TrainedSegmenter(model=Path("model"), laid_aside=tuple(aside))


def check_start(options: TrainSegmenterOptions) -> None:
    """Raise an error if there is a model to start from that cannot be loaded, or that the options do not suit."""
    if not options.start:
        return
    if options.inverted:
        raise OptionsError('"inverted" does not count where there is a "start": the particles that it knows decide')
    check_outputs(load_model(options.start).network, options.head)


def _begin(stage: TrainSegmenter, seed: int) -> tuple[keras.Model, TrainSegmenter]:
    """The network to be trained, which has the channels of the head, and the stage with what follows from its start."""
    with mixed_precision(stage.bfloat16):
        if not stage.start:
            return build(seed=seed, **_architecture(stage)), stage
        model = load_model(stage.start)
    known, shown = model.config.polarity, stage.polarity
    return model.network, stage.changed(
        percentiles=model.config.preprocessing.percentiles, inverted={known, shown} == {"bright", "dark"}
    )


def _architecture(options: TrainSegmenterOptions) -> dict[str, Any]:
    channels, parameters = len(CHANNELS[options.head]), {"architecture": "multires_unet", **options.network}
    if {"channels", "outputs", "activation"} & parameters.keys():
        raise OptionsError("the outputs of the network are set by its head", advice='Set "head" instead.')
    if parameters["architecture"] == "unet":
        return {**parameters, "outputs": (("particles", channels, "sigmoid"),)}
    return {**parameters, "channels": channels, "activation": "sigmoid"}


def _train(
    stage: TrainSegmenter,
    folder: Path,
    seeds: tuple[int, int],
    pairs: Sequence[PairFiles],
    calibrating: Sequence[PairFiles],
    test: Sequence[Path],
) -> None:
    network_seed, seed = seeds
    network, stage = _begin(stage, network_seed)
    load, options = partial(read_pair, rims=stage.head == "mask"), stage.changed(seed=seed)
    if stage.from_disk:
        training, validation = make_batches(pairs, options, load)
    else:
        training, validation = make_batches([load(pair) for pair in pairs], options)
    shown = [*test[:SHOWN], *(micrograph for micrograph, _ in (*pairs[:SHOWN], *pairs[-SHOWN:]))]
    images = [read_grey(path) for path in shown]
    instances = InstanceOptions(method="contact" if stage.head == "instances" else "distance")
    draw, best = partial(_draw, network, images, stage, instances), BestWeights()
    train_segmenter(network, training, validation, options, [best, *watch(folder, stage.monitoring, draw, [best])])
    if is_first():
        save_model(
            folder / "model",
            network,
            card=_card(stage, len(pairs)),
            half=stage.half,
            polarity=_seen(stage),
            diameter_range=_diameter_range(load(pair)[1] for pair in pairs[:: 1 + len(pairs) // SAMPLED]),
            preprocessing=Preprocessing(percentiles=stage.percentiles),
            postprocessing=choose_postprocessing(network, stage, calibrating),
        )


def _seen(stage: TrainSegmenter) -> Literal["bright", "dark", "either"]:
    """What particles are to the network."""
    if stage.polarity == "both":
        return "either"
    return "bright" if (stage.polarity == "bright") != stage.inverted else "dark"


def choose_postprocessing(
    network: keras.Model, options: SegmenterOptions, laid_aside: Sequence[PairFiles]
) -> dict[str, bool | int | float | str]:
    """How particles are best found in what a network says, by pairs that it has not learned from."""
    if options.head == "mask":
        return {"method": "distance"}
    if not laid_aside:
        return {"method": "contact"}
    predictor, pairs = Predictor(network), (read_pair(files, rims=False) for files in laid_aside[:CALIBRATING])
    best = choose_prominence(lambda image: predictor(options.shown(image)), pairs)
    return {"method": "contact", "prominence": best}


def _diameter_range(labels: Iterable[np.ndarray]) -> tuple[float, float] | None:
    """The typical diameters in pixels of most label images; None if there are no particles at all."""
    diameters = [found for found in map(typical_diameter, labels) if found is not None]
    if not diameters:
        return None
    low, high = np.percentile(diameters, TYPICAL).round(1).tolist()
    return low, high


def _draw(
    network: keras.Model, images: Sequence[np.ndarray], stage: TrainSegmenter, instances: InstanceOptions
) -> np.ndarray:
    """For each image a row: itself, the foreground that the network sees in it, and the particles."""
    rows = []
    for image in images:
        said = predict_one(network, stage.shown(image)[..., np.newaxis])
        particles = find_instances(said[..., 0] if stage.head == "mask" else said, instances)
        overlay = draw_overlay(image, particles, options=OverlayOptions(scale_bar=False))
        rows.append([image, to_bytes(said[..., 0]), overlay])
    return sheet(rows)


def _card(stage: TrainSegmenter, pairs: int) -> str:
    name = f"The model {stage.start}" if stage.start else stage.network.get("architecture", "multires_unet")
    return (
        f"# Segmenter\n\n{name}, head {stage.head}, trained for {stage.epochs} epochs on {pairs} micrographs that were "
        f"made of simulated masks, for {stage.polarity} particles.\n"
    )
