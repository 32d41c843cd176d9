"""Train the network that segments, on images of which it is known what they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pydantic

from autoseg._backend import keras
from autoseg._backend.parallel import is_first, train_on
from autoseg.errors import OptionsError
from autoseg.images.polarity import Polarity
from autoseg.models.config import ModelConfig, Preprocessing, find_model
from autoseg.models.folder import load_model, save_model
from autoseg.networks import build
from autoseg.options import Share
from autoseg.segmentation.candidates import typical_diameter
from autoseg.stages.calibration import choose_postprocessing
from autoseg.stages.grey import numbered_files, read_grey
from autoseg.stages.learning import LearningOptions
from autoseg.stages.pairs import Pair, Pairs, files_of, held_out_of, reader_of
from autoseg.stages.prepare import Tiles
from autoseg.stages.progress_pictures import draw_predictions
from autoseg.stages.scoring import choose_scoring
from autoseg.stages.stage import Outputs, Stage
from autoseg.training.batches import split
from autoseg.training.callbacks import CHECKPOINT
from autoseg.training.monitoring import watch
from autoseg.training.precision import mixed_precision
from autoseg.training.segmenter import SegmenterOptions, choosing, make_batches, train_segmenter

SHOWN = 3
"Images of each kind in a sample picture."
SAMPLED = 300
"About so many pairs tell how large particles are."
TYPICAL = 10, 90
"Percentiles, over pairs, of their typical diameters, between which the model counts as knowing particles."


class TrainedSegmenter(Outputs):
    """A trained model's folder, and which of the pairs were held out: nothing has been learned from these."""

    model: Path
    held_out: tuple[int, ...] = ()


class TrainSegmenterOptions(LearningOptions, SegmenterOptions):
    """Which network learns to segment, how, and what is written down of it."""

    network: dict[str, Any] = {"architecture": "multires_unet", "filters": 16}
    "Name and parameters of the network, as `autoseg.networks.build` takes them; the head sets its outputs."
    start: str = ""
    """Model that goes on learning, by name or folder; its network and percentiles count, and images are inverted if it
    knows only the other particles, bright or dark. Empty: a new network."""
    start_share: Share = 0.0
    """Share of the start in the weights that are kept: these are a mean of the start's and of the trained ones, which
    forgets less of what the start was good at."""

    @pydantic.model_validator(mode="after")
    def _one_network(self) -> TrainSegmenterOptions:
        if self.start_share and not self.start:
            raise ValueError('"start_share" needs a "start"')
        if self.start and self.network != type(self).model_fields["network"].default:
            raise ValueError('"network" does not count where there is a "start": for a new network, set start = ""')
        return self


def suiting_start(profile: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a profile without its network, where those that are given name a model to start from.

    >>> suiting_start({"train_segmenter": {"network": {}, "epochs": 3}}, {"train_segmenter": {"start": "particles"}})
    {'train_segmenter': {'epochs': 3}}
    """
    training = given.get("train_segmenter", {})
    if not (isinstance(training, Mapping) and training.get("start")):
        return profile
    kept = {name: value for name, value in profile.get("train_segmenter", {}).items() if name != "network"}
    return {**profile, "train_segmenter": kept}


class TrainSegmenter(Stage):
    """A network that knows what it has to find from images that were made together with the truth."""

    options: TrainSegmenterOptions = TrainSegmenterOptions()
    polarity: Polarity = Polarity.BRIGHT

    cosmetic = frozenset({"monitoring", "from_disk"})
    scaffolding = (CHECKPOINT,)

    def sources(self) -> list[Path]:
        """The model that it starts from."""
        return [find_model(self.options.start)] if self.options.start else []

    def run(
        self,
        folder: Path,
        rng: np.random.Generator,
        *,
        pairs: tuple[Pairs, ...],
        prepare: Tiles | None = None,
    ) -> TrainedSegmenter:
        """Train, or go on with it, and save the model."""
        files = files_of(pairs)
        network_seed, seed = (self.options.seed + int(seed) for seed in rng.integers(2**30, size=2))
        held_out = held_out_of(pairs) or hold_out(files, self.options.validation, seed)
        options = self.options.changed(seed=seed, polarity=self.polarity)
        test = numbered_files(prepare.test) if prepare else []
        train_on(options.devices, _train, options, folder, network_seed, files, held_out, test)
        return TrainedSegmenter(model=Path("model"), held_out=tuple(held_out))


def hold_out(pairs: Sequence[Pair], fraction: float, seed: int) -> list[int]:
    """The numbers of pairs that are not learned from: about this fraction of them, and all or none of one origin."""
    origins = list(dict.fromkeys(pair.origin for pair in pairs))
    _, chosen = split(len(origins), fraction, seed)
    out = {origins[number] for number in chosen}
    return [number for number, pair in enumerate(pairs) if pair.origin in out]


def check_start(options: TrainSegmenterOptions) -> None:
    """Raise an error if there is a model to start from that cannot be loaded, or that the options do not suit."""
    if not options.start:
        return
    if options.shown_as:
        raise OptionsError('"shown_as" does not count where there is a "start": the particles that it knows decide')
    model = load_model(options.start)
    if model.config.head != options.head:
        known = model.config.head.describe() if model.config.head else "no segmentation"
        raise OptionsError(f'the model "{options.start}" predicts {known}, and the head is {options.head.describe()}')


def _begin(options: TrainSegmenterOptions, seed: int) -> tuple[keras.Model, TrainSegmenterOptions, ModelConfig | None]:
    """The network to be trained, the options with what follows from its start, and how that is described."""
    with mixed_precision(options.bfloat16):
        if not options.start:
            return build(seed=seed, **_architecture(options)), options, None
        model = load_model(options.start)
    known = model.config.polarity
    shown_as = None if known == Polarity.EITHER else known.value
    options = options.changed(percentiles=model.config.preprocessing.percentiles, shown_as=shown_as)
    return model.network, options, model.config


def _architecture(options: TrainSegmenterOptions) -> dict[str, Any]:
    parameters = {"architecture": "multires_unet", **options.network}
    if "outputs" in parameters:
        raise OptionsError("the outputs of the network are set by its head", advice='Set "head" instead.')
    return {**parameters, "outputs": options.head.network_outputs}


def _train(
    options: TrainSegmenterOptions,
    folder: Path,
    network_seed: int,
    pairs: Sequence[Pair],
    held_out: Sequence[int],
    test: Sequence[Path],
) -> None:
    network, options, start = _begin(options, network_seed)
    known = network.get_weights() if options.start_share else []
    load = reader_of(pairs, options.head)
    if options.from_disk:
        training, validation = make_batches(pairs, options, load, held_out=held_out)
    else:
        training, validation = make_batches([load(pair) for pair in pairs], options, held_out=held_out)
    shown = [*test[:SHOWN], *(pair.image for pair in (*pairs[:SHOWN], *pairs[-SHOWN:]))]
    draw, chooses = partial(draw_predictions, network, [read_grey(path) for path in shown], options), choosing(options)
    watching = watch(folder, options.monitoring, draw, chooses)
    train_segmenter(network, training, validation, options, [*chooses, *watching])
    if known:
        _mix(network, known, options.start_share)
    if is_first():
        calibrating = [pairs[i] for i in held_out if pairs[i].is_complete]
        chosen = choose_postprocessing(network, options, calibrating)
        if start and not calibrating:
            chosen = start.postprocessing
        sampled = pairs[:: 1 + len(pairs) // SAMPLED] if options.head.finds_particles else ()
        save_model(
            folder / "model",
            network,
            card=_card(options, max(1, round((len(pairs) - len(held_out)) * options.train_fraction))),
            half=options.half,
            head=options.head,
            polarity=_known(options),
            diameter_range=_diameter_range(load(pair).labels for pair in sampled),
            preprocessing=Preprocessing(percentiles=options.percentiles),
            postprocessing=chosen,
            scoring=choose_scoring(network, options, calibrating, chosen) or (start and start.scoring),
        )


def _mix(network: keras.Model, known: Sequence[np.ndarray], share: float) -> None:
    """Give a network the mean of its weights and of others, which count with this share."""
    pairs = zip(known, network.get_weights(), strict=True)
    network.set_weights([share * old + (1 - share) * new for old, new in pairs])


def _known(options: TrainSegmenterOptions) -> Polarity:
    """What particles are to the network."""
    if options.polarity == Polarity.EITHER:
        return options.polarity
    return Polarity(options.shown_as or options.polarity)


def _diameter_range(labels: Iterable[np.ndarray]) -> tuple[float, float] | None:
    """The typical diameters in pixels of most label images; None if there are no particles at all."""
    areas = (np.bincount(one.ravel())[1:] for one in labels)
    diameters = [found for found in map(typical_diameter, areas) if found is not None]
    if not diameters:
        return None
    low, high = np.percentile(diameters, TYPICAL).round(1).tolist()
    return low, high


def _card(options: TrainSegmenterOptions, pairs: int) -> str:
    name = f"The model {options.start}" if options.start else options.network.get("architecture", "multires_unet")
    particles = f", for {options.polarity} particles" if options.head.finds_particles else ""
    return (
        f"# Segmenter\n\n{name}, which predicts {options.head.describe()}, trained for {options.epochs} epochs on "
        f"{pairs} images of which it was known what they show{particles}.\n"
    )
