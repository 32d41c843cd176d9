"""Let a trained network learn from unlabelled images, too, as a student of its own average; and a control of that."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from autoseg._backend import keras
from autoseg._backend.parallel import is_first, train_on
from autoseg.errors import OptionsError
from autoseg.models.folder import Model, load_model, save_model
from autoseg.stages.grey import numbered_files, read_grey
from autoseg.stages.learning import LearningOptions
from autoseg.stages.pairs import Pair, Pairs, Unlabelled, files_of, held_out_of, reader_of
from autoseg.stages.progress_pictures import draw_predictions
from autoseg.stages.stage import Stage
from autoseg.stages.train_segmenter import TrainedSegmenter, hold_out
from autoseg.training.batches import Batches
from autoseg.training.callbacks import CHECKPOINT
from autoseg.training.consistency_views import ConsistencyViews
from autoseg.training.labelled_views import LabelledViews
from autoseg.training.mean_teacher import MeanTeacherOptions, judges_of, train_mean_teacher
from autoseg.training.monitoring import watch
from autoseg.training.segmenter import make_views, share_out

SHOWN = 3
"Images of each kind in a sample picture."


class TeachOptions(LearningOptions, MeanTeacherOptions):
    """How a student and its teacher learn, and what is written down of it."""


class Taught(TrainedSegmenter):
    """Two trained models; `model` is the teacher."""

    student: Path


class Teach(Stage):
    """A network that goes on learning from labelled images, and from unlabelled ones by its own average."""

    options: TeachOptions = TeachOptions()

    cosmetic = frozenset({"monitoring", "from_disk"})
    scaffolding = (CHECKPOINT,)

    def run(
        self,
        folder: Path,
        rng: np.random.Generator,
        *,
        train_segmenter: TrainedSegmenter,
        pairs: tuple[Pairs, ...],
        unlabelled: tuple[Unlabelled, ...],
    ) -> Taught:
        """Train, or go on with it, and save both."""
        files = files_of(pairs)
        seed = self.options.seed + int(rng.integers(2**30))
        held_out = held_out_of(pairs) or hold_out(files, self.options.validation, seed)
        images = [path for source in unlabelled for path in numbered_files(source.unlabelled)]
        if not images:
            raise OptionsError("there is no unlabelled image to learn from", advice="Give a folder of them.")
        options = self._options().changed(seed=seed)
        train_on(options.devices, _train, options, folder, train_segmenter.model, files, held_out, images)
        return Taught(model=Path("teacher"), student=Path("student"), held_out=tuple(held_out))

    def _options(self) -> TeachOptions:
        return self.options


class Control(Teach):
    """The same training, in which unlabelled images teach nothing: whatever is gained by them is gained over this."""

    def _options(self) -> TeachOptions:
        return self.options.changed(weight=0.0)


def _train(
    options: TeachOptions,
    folder: Path,
    start: Path,
    pairs: Sequence[Pair],
    held_out: Sequence[int],
    unlabelled: Sequence[Path],
) -> None:
    model = load_model(start)
    if options.crop is None:
        raise OptionsError('views of unlabelled images need the size of a "crop"')
    options = options.changed(percentiles=model.config.preprocessing.percentiles)
    images = [read_grey(path) for path in unlabelled]
    training, validation = _make_batches(pairs, held_out, images, options)
    shown = [*unlabelled[:SHOWN], *(pair.image for pair in pairs[:SHOWN])]
    draw = partial(draw_predictions, model.network, [read_grey(path) for path in shown], options)
    judges = judges_of(options, validation is not None)
    callbacks = [*judges, *watch(folder, options.monitoring, draw, judges)]
    teacher = train_mean_teacher(model.network, training, validation, options, callbacks)
    if is_first():
        for name, network in (("student", model.network), ("teacher", teacher)):
            _save(folder / name, network, model, options, len(images))


def _make_batches(
    pairs: Sequence[Pair], held_out: Sequence[int], images: Sequence[np.ndarray], options: TeachOptions
) -> tuple[Batches, Batches | None]:
    """For training, with a view of an unlabelled image beside each pair, and for validation."""
    read = reader_of(pairs, options.head)
    load = read if options.from_disk else None
    ours, others = share_out(pairs if load else [read(pair) for pair in pairs], held_out, options)
    varied, fixed = make_views(ours, options, load)
    assert options.crop is not None  # see _train
    views = ConsistencyViews(
        varied, images, options.shown, options.crop, options.geometry, weak=options.weak, strong=options.intensity
    )
    make = partial(Batches, size=options.batch_size, seed=options.seed, load=load)
    validation = make(others, partial(_as_named, fixed), shuffle=False) if others else None
    return make(ours * options.views_per_pair, views), validation


def _as_named(views: LabelledViews, pair: tuple, rng: np.random.Generator) -> dict[str, np.ndarray]:
    images, targets = views(pair, rng)
    return {"images": images, "targets": targets}


def _save(folder: Path, network: keras.Model, start: Model, options: TeachOptions, images: int) -> None:
    """What it has become, described as before."""
    config = start.config
    way = f"with a consistency of weight {options.weight:g}" if options.weight else "as a control, without"
    story = f"Then trained for {options.epochs} epochs {way} on {images} unlabelled images."
    save_model(
        folder,
        network,
        card=f"{start.card}\n{story}\n",
        half=options.half,
        head=config.head,
        preprocessing=config.preprocessing,
        diameter_range=config.diameter_range,
        polarity=config.polarity,
        postprocessing=config.postprocessing,
        scoring=config.scoring,
    )
