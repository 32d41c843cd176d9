"""Let the network that segments learn from real micrographs, by what it finds in them itself."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg._backend.parallel import is_first, train_on
from autoseg.errors import OptionsError
from autoseg.heads import Head
from autoseg.images.folders import images_in
from autoseg.images.geometry import GeometryOptions, draw_geometry
from autoseg.images.labels import read_labels, write_labels
from autoseg.images.micrograph import Micrograph, ReadOptions, read
from autoseg.images.names import names_for
from autoseg.images.overlay import OverlayOptions, draw_overlay, write_overlay
from autoseg.images.polarity import Polarity
from autoseg.models.config import CONFIG
from autoseg.models.folder import Model, load_model, save_model
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.predictor import PredictOptions
from autoseg.segmentation.segment import Segmenter
from autoseg.stages.calibration import choose_postprocessing
from autoseg.stages.grey import read_grey, sheet, to_bytes, write_grey
from autoseg.stages.learning import LearningOptions
from autoseg.stages.pairs import LABELS, Pair, Pairs, files_of
from autoseg.stages.progress_pictures import draw_prediction
from autoseg.stages.scoring import choose_scoring
from autoseg.stages.stage import Stage
from autoseg.stages.train_segmenter import TrainedSegmenter
from autoseg.training.callbacks import CHECKPOINT
from autoseg.training.labelled_views import LabelledImage
from autoseg.training.monitoring import watch
from autoseg.training.precision import mixed_precision
from autoseg.training.segmenter import SegmenterOptions, make_batches, train_segmenter
from autoseg.training.self_training import SelfTrainingOptions, mix, pseudo_labels

OVERLAY, WEIGHTS = "_overlay.png", "_weights.tif"
SHOWN = 6
"Micrographs in a sample picture."


@dataclass(frozen=True)
class PseudoPair:
    """The files of a micrograph, and of the pseudo-labels of it, their weights and an overlay."""

    micrograph: Path
    labels: Path
    weights: Path
    overlay: Path

    @classmethod
    def called(cls, micrograph: Path, name: Path) -> PseudoPair:
        """With what is found in the micrograph in files that are called so."""
        return cls(micrograph, *(Path(f"{name}{ending}") for ending in (LABELS, WEIGHTS, OVERLAY)))

    def read(self, options: ReadOptions) -> LabelledImage:
        """The micrograph, its pseudo-labels, and how certain they are, in 0..255."""
        return LabelledImage(read(self.micrograph, options).field, read_labels(self.labels), read_grey(self.weights))


class SelfTrainOptions(LearningOptions, SelfTrainingOptions):
    """How the network learns from micrographs, and what is written down of it."""

    rounds: int = Field(0, ge=0)
    "How often pseudo-labels are made, by the network as it is then, and learned from; 0: no self-training."
    crop: int | None = Field(None, ge=16)
    "Height and width of the views in pixels. Not set: as it was trained before, or, if on whole images, their size."
    predict: PredictOptions = PredictOptions()
    "How the network is run for the pseudo-labels."
    instances: InstanceOptions = InstanceOptions()
    "How particles are found for them. What is not set here is as the model recommends."


class SelfTrain(Stage):
    """A network that knows the real micrographs; in everything else it is trained as the one that it was."""

    options: SelfTrainOptions = SelfTrainOptions(rounds=2)
    images: Path
    polarity: Polarity = Polarity.BRIGHT
    read: ReadOptions = ReadOptions()
    training: SegmenterOptions = SegmenterOptions()
    "How the network was trained before."

    cosmetic = frozenset({"monitoring", "from_disk"})

    def sources(self) -> list[Path]:
        """The micrographs."""
        return [self.images]

    def run(
        self, folder: Path, rng: np.random.Generator, *, train_segmenter: TrainedSegmenter, pairs: tuple[Pairs, ...]
    ) -> TrainedSegmenter:
        """Label the micrographs and learn from that, in rounds, each in a folder of its own with a model at its end."""
        for leftover in list(folder.rglob(".partial-*")):  # of a process that was killed while it wrote
            shutil.rmtree(leftover)
        files, held_out, model = files_of(pairs), train_segmenter.held_out, train_segmenter.model
        known = [pair for i, pair in enumerate(files) if i not in held_out]
        calibrating = [files[i] for i in held_out if files[i].is_complete]
        for number, seed in enumerate(rng.integers(2**30, size=self.options.rounds).tolist(), start=1):
            round_folder = folder / f"round_{number}"
            if not (round_folder / "model" / CONFIG).is_file():
                images = self._pseudo_pairs(round_folder / "labels")
                mixed = mix(known, images, self.options, np.random.default_rng(seed))
                self._label(model, images, f"round {number}")
                seed += self.training.seed
                train_on(self.options.devices, _train, self, round_folder, model, seed, mixed, calibrating)
            (round_folder / CHECKPOINT).unlink(missing_ok=True)
            model = round_folder / "model"
        return TrainedSegmenter(model=model.relative_to(folder))

    def _pseudo_pairs(self, folder: Path) -> list[PseudoPair]:
        """All micrographs, with names for what is found in them."""
        paths = images_in(self.images)
        return [PseudoPair.called(path, folder / name) for path, name in zip(paths, names_for(paths), strict=True)]

    def _label(self, model: Path, images: Sequence[PseudoPair], title: str) -> None:
        """Write pseudo-labels of the micrographs, except of those that have some."""
        segmenter = Segmenter(
            model,
            read=self.read,
            predict=self.options.predict,
            instances=self.options.instances,
            polarity=self.polarity.value,
            magnification=1.0,
        )
        for pair in tqdm(images, desc=title, unit="image", disable=None):
            if pair.weights.is_file():  # which is written last
                continue
            micrograph = segmenter.read(pair.micrograph)
            predict = partial(_predict, segmenter, micrograph)
            labels, weights = pseudo_labels(
                predict, micrograph.field, segmenter.head, segmenter.instances, self.options
            )
            write_labels(pair.labels, labels, micrograph.pixel_size)
            write_overlay(pair.overlay, micrograph.field, labels, micrograph.pixel_size)
            write_grey(pair.weights, weights)


def check_self_training(options: SegmenterOptions) -> None:
    """Raise an error for a head of which there are no pseudo-labels."""
    if not options.head.finds_particles or options.head.also:
        raise OptionsError(f"self-training finds particles alone, and the head predicts {options.head.describe()}")


def _predict(segmenter: Segmenter, micrograph: Micrograph, scaled: np.ndarray) -> np.ndarray:
    return segmenter.predict(dataclasses.replace(micrograph, pixels=scaled, info_bar=None))[segmenter.head.main.name]


def _train(
    stage: SelfTrain,
    folder: Path,
    model: Path,
    seed: int,
    mixed: Sequence[Pair | PseudoPair],
    calibrating: Sequence[Pair],
) -> None:
    """One round: go on from a model with a mix of true and pseudo-labelled pairs, and save what comes of it."""
    with mixed_precision(stage.options.bfloat16):
        teacher = load_model(model)
    images = [pair for pair in dict.fromkeys(mixed) if isinstance(pair, PseudoPair)]
    options = _options(stage, teacher, seed, [pair for pair in mixed if isinstance(pair, Pair)])
    get = partial(_read, read_options=stage.read, head=options.head)
    shown = [get(pair) for pair in images[:SHOWN]]
    kept = {} if stage.options.from_disk else {pair: get(pair) for pair in dict.fromkeys(mixed)}
    training, _ = make_batches(mixed, options, load=lambda pair: _with_certainty(kept.get(pair) or get(pair)))
    draw = partial(_draw, teacher, shown, options)
    train_segmenter(teacher.network, training, None, options, watch(folder, stage.options.monitoring, draw))
    if is_first():
        _save(stage, folder / "model", teacher, len(images), options, calibrating)


def _save(
    stage: SelfTrain,
    folder: Path,
    teacher: Model,
    images: int,
    options: SegmenterOptions,
    calibrating: Sequence[Pair],
) -> None:
    """Write what the teacher has become, described as before but for its weights and how it parts particles."""
    config = teacher.config
    chosen = choose_postprocessing(teacher.network, options, calibrating) if calibrating else config.postprocessing
    save_model(
        folder,
        teacher.network,
        card=f"{teacher.card}\nThen trained for {stage.options.epochs} epochs on its own particles in {images} "
        f"micrographs, with a share of {stage.options.share:g} of true pairs.\n",
        half=stage.options.half,
        head=config.head,
        preprocessing=config.preprocessing,
        diameter_range=config.diameter_range,
        polarity=config.polarity,
        postprocessing=chosen,
        scoring=choose_scoring(teacher.network, options, calibrating, chosen) or config.scoring,
    )


def _options(stage: SelfTrain, teacher: Model, seed: int, pairs: Sequence[Pair]) -> SegmenterOptions:
    """Those of the earlier training, with what is different now."""
    crop = stage.options.crop or stage.training.crop
    if crop is None:
        if not pairs:
            raise OptionsError("without true pairs, nothing tells the size of the views", advice='Set "crop".')
        multiple = teacher.network.size_multiple
        crop = min(read_grey(pairs[0].image).shape) // multiple * multiple
    known = teacher.config.polarity
    return stage.training.changed(
        crop=crop,
        views_per_pair=1,
        validation=0.0,
        epochs=stage.options.epochs,
        learning_rate=stage.options.learning_rate,
        percentiles=teacher.config.preprocessing.percentiles,
        polarity=stage.polarity,
        shown_as=None if known == Polarity.EITHER else known.value,
        seed=seed,
    )


def _read(pair: Pair | PseudoPair, read_options: ReadOptions, head: Head) -> LabelledImage:
    if isinstance(pair, PseudoPair):
        return pair.read(read_options)
    known = pair.read(head)
    if known.certainty is None:
        return known._replace(certainty=np.broadcast_to(np.uint8(255), known.image.shape))
    return known._replace(certainty=np.rint(255 * known.certainty).astype(np.uint8))


def _with_certainty(pair: LabelledImage) -> LabelledImage:
    assert pair.certainty is not None  # see _read
    return pair._replace(certainty=pair.certainty.astype(np.float32) / 255)


def _draw(teacher: Model, pairs: Sequence[LabelledImage], options: SegmenterOptions) -> np.ndarray:
    """For each pair a row: a part of it, its labels, their weights; foreground and particles as predicted now."""
    rows = []
    for image, labels, weights, _ in pairs:
        assert weights is not None  # see _read
        rng = np.random.default_rng(options.seed)
        geometry = draw_geometry(rng, GeometryOptions(flip=False), image.shape, options.crop, labels > 0)
        view = geometry.apply(options.shown(image))
        grey, given = to_bytes(view), geometry.apply(labels, order="nearest")
        overlay = draw_overlay(grey, given, options=OverlayOptions(scale_bar=False))
        predicted = draw_prediction(teacher.network, view, grey, options.head)
        rows.append([grey, overlay, geometry.apply(weights), *predicted])
    return sheet(rows)
