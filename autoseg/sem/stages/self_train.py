"""Let the network that segments learn from the real micrographs, by what it finds in them itself."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg._parallel import is_first, train_on
from autoseg.errors import OptionsError
from autoseg.images.folders import images_in
from autoseg.images.geometry import GeometryOptions, draw_geometry
from autoseg.images.labels import read_labels, write_labels
from autoseg.images.micrograph import Micrograph, ReadOptions, read
from autoseg.images.names import names_for
from autoseg.images.overlay import OverlayOptions, draw_overlay, write_overlay
from autoseg.models import CONFIG, Model, load_model, save_model
from autoseg.segmentation.instances import InstanceOptions, find_instances
from autoseg.segmentation.predictor import PredictOptions
from autoseg.segmentation.segment import Segmenter
from autoseg.sem.mask_files import LABELS
from autoseg.sem.stages.filter import FilteredPairs
from autoseg.sem.stages.grey import read_grey, sheet, to_bytes, write_grey
from autoseg.sem.stages.learning import LearningOptions
from autoseg.sem.stages.pairs import PairFiles, Pairs, files_of, read_pair
from autoseg.sem.stages.train_segmenter import TrainedSegmenter, choose_postprocessing
from autoseg.stages import Stage
from autoseg.training.monitoring import CHECKPOINT, predict_one, watch
from autoseg.training.precision import mixed_precision
from autoseg.training.segmenter import SegmenterOptions, make_batches, train_segmenter
from autoseg.training.self_training import SelfTrainingOptions, mix, pseudo_labels

OVERLAY, WEIGHTS = "_overlay.png", "_weights.tif"
SHOWN = 6
"Micrographs in a sample picture."

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
"Image, labels and certainty, 0..255, all (height, width)."


class PseudoPair(NamedTuple):
    """A micrograph, and the names of its pseudo-labels and their weights without their endings."""

    micrograph: Path
    name: Path


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


class SelfTrain(Stage, SelfTrainOptions):
    """A network that knows the real micrographs; in everything else it is trained as the one that it was."""

    rounds: int = Field(2, ge=1)
    images: Path
    polarity: Literal["bright", "dark"] = "bright"
    read: ReadOptions = ReadOptions()
    training: SegmenterOptions = SegmenterOptions()
    "How the network was trained before."

    cosmetic = frozenset({"monitoring", "from_disk"})

    def sources(self) -> list[Path]:
        """The micrographs."""
        return [self.images]

    def run(
        self,
        folder: Path,
        rng: np.random.Generator,
        *,
        train_segmenter: TrainedSegmenter,
        filter: FilteredPairs | None = None,
        render: Pairs | None = None,
    ) -> TrainedSegmenter:
        """Label the micrographs and learn from that, in rounds, each in a folder of its own with a model at its end."""
        for leftover in list(folder.rglob(".partial-*")):  # of a process that was killed while it wrote
            shutil.rmtree(leftover)
        pairs, aside, model = files_of(filter, render), train_segmenter.laid_aside, train_segmenter.model
        known = [files for i, files in enumerate(pairs) if i not in aside]
        calibrating = [pairs[i] for i in aside]
        for number, seed in enumerate(rng.integers(2**30, size=self.rounds).tolist(), start=1):
            own = folder / f"round_{number}"
            if not (own / "model" / CONFIG).is_file():
                images = self._pseudo_pairs(own / "labels")
                mixed = mix(known, images, self, np.random.default_rng(seed))
                self._label(model, images, f"round {number}")
                train_on(self.devices, _train, self, own, model, self.training.seed + seed, mixed, calibrating)
            (own / CHECKPOINT).unlink(missing_ok=True)
            model = own / "model"
        return TrainedSegmenter(model=model.relative_to(folder))

    def _pseudo_pairs(self, folder: Path) -> list[PseudoPair]:
        """All micrographs, with names for what is found in them."""
        paths = images_in(self.images)
        return [PseudoPair(path, folder / name) for path, name in zip(paths, names_for(paths), strict=True)]

    def _label(self, model: Path, images: Sequence[PseudoPair], title: str) -> None:
        """Write pseudo-labels of the micrographs, except of those that have some."""
        segmenter = Segmenter(
            model,
            read=self.read,
            predict=self.predict,
            instances=self.instances,
            polarity=self.polarity,
            magnification=1.0,
        )
        for path, name in tqdm(images, desc=title, unit="image", disable=None):
            if Path(f"{name}{WEIGHTS}").is_file():  # which is written last
                continue
            micrograph = segmenter.read(path)
            predict = partial(_predict, segmenter, micrograph)
            labels, weights = pseudo_labels(predict, micrograph.field, segmenter.instances, self)
            write_labels(f"{name}{LABELS}", labels, micrograph.pixel_size)
            write_overlay(f"{name}{OVERLAY}", micrograph.field, labels, micrograph.pixel_size)
            write_grey(f"{name}{WEIGHTS}", weights)


def _predict(segmenter: Segmenter, micrograph: Micrograph, view: np.ndarray) -> np.ndarray:
    return segmenter.predict(dataclasses.replace(micrograph, pixels=view, info_bar=None))


def _train(
    stage: SelfTrain,
    folder: Path,
    model: Path,
    seed: int,
    mixed: Sequence[PairFiles | PseudoPair],
    calibrating: Sequence[PairFiles],
) -> None:
    """One round: go on from a model with a mix of true and pseudo-labelled pairs, and save what comes of it."""
    with mixed_precision(stage.bfloat16):
        teacher = load_model(model)
    images = [files for files in dict.fromkeys(mixed) if isinstance(files, PseudoPair)]
    options = _options(stage, teacher, seed, [files for files in mixed if not isinstance(files, PseudoPair)])
    get = partial(_read, read_options=stage.read, rims=options.head == "mask")
    shown = [get(files) for files in images[:SHOWN]]
    kept = {} if stage.from_disk else {files: get(files) for files in dict.fromkeys(mixed)}
    training, _ = make_batches(mixed, options, load=lambda files: _with_certainty(kept.get(files) or get(files)))
    draw = partial(_draw, teacher, shown, options)
    train_segmenter(teacher.network, training, None, options, watch(folder, stage.monitoring, draw))
    if is_first():
        config = teacher.config
        chosen = choose_postprocessing(teacher.network, options, calibrating) if calibrating else config.postprocessing
        save_model(
            folder / "model",
            teacher.network,
            card=f"{teacher.card}\nThen trained for {stage.epochs} epochs on its own particles in {len(images)} "
            f"micrographs, with a share of {stage.share:g} of true pairs.\n",
            half=stage.half,
            preprocessing=config.preprocessing,
            pixel_size_range=config.pixel_size_range,
            diameter_range=config.diameter_range,
            polarity=config.polarity,
            postprocessing=chosen,
        )


def _options(stage: SelfTrain, teacher: Model, seed: int, pairs: Sequence[PairFiles]) -> SegmenterOptions:
    """Those of the earlier training, with what is different now."""
    crop = stage.crop or stage.training.crop
    if crop is None:
        if not pairs:
            raise OptionsError("without true pairs, nothing tells the size of the views", advice='Set "crop".')
        multiple = teacher.network.size_multiple
        crop = min(read_grey(pairs[0][0]).shape) // multiple * multiple
    return stage.training.changed(
        crop=crop,
        views=1,
        validation=0.0,
        epochs=stage.epochs,
        learning_rate=stage.learning_rate,
        percentiles=teacher.config.preprocessing.percentiles,
        inverted=teacher.config.polarity not in (stage.polarity, "either"),
        seed=seed,
    )


def _read(files: PairFiles | PseudoPair, read_options: ReadOptions, rims: bool) -> Sample:
    if isinstance(files, PseudoPair):
        labels, weights = read_labels(f"{files.name}{LABELS}"), read_grey(f"{files.name}{WEIGHTS}")
        return read(files.micrograph, read_options).field, labels, weights
    image, labels = read_pair(files, rims)
    return image, labels, np.broadcast_to(np.uint8(255), image.shape)


def _with_certainty(sample: Sample) -> Sample:
    image, labels, weights = sample
    return image, labels, weights.astype(np.float32) / 255


def _draw(teacher: Model, samples: Sequence[Sample], options: SegmenterOptions) -> np.ndarray:
    """For each sample a row: a part of it, its labels, their weights; foreground and particles as seen now."""
    rows, plain = [], OverlayOptions(scale_bar=False)
    instances = InstanceOptions(method="contact" if options.head == "instances" else "distance")
    for image, labels, weights in samples:
        rng = np.random.default_rng(options.seed)
        geometry = draw_geometry(rng, GeometryOptions(flip=False), image.shape, options.crop, labels > 0)
        view = geometry.apply(options.shown(image))
        said, grey = predict_one(teacher.network, view[..., np.newaxis]), to_bytes(view)
        given, particles = geometry.apply(labels, order="nearest"), find_instances(said, instances)
        overlays = [draw_overlay(grey, found, options=plain) for found in (given, particles)]
        rows.append([grey, overlays[0], geometry.apply(weights), to_bytes(said[..., 0]), overlays[1]])
    return sheet(rows)
