"""Let a cycleGAN learn to make micrographs of masks, and masks of micrographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from autoseg._backend import keras
from autoseg._backend.parallel import is_first, train_on
from autoseg.images.geometry import GeometryOptions, draw_geometry
from autoseg.images.polarity import Polarity, Side
from autoseg.models.folder import save_model
from autoseg.sem.stages.simulate import Masks
from autoseg.stages.grey import from_signed, numbered_files, read_grey, sheet, to_bytes, to_signed
from autoseg.stages.pairs import MASK
from autoseg.stages.prepare import Tiles
from autoseg.stages.stage import Outputs, Stage
from autoseg.training.batches import Batches, fit
from autoseg.training.callbacks import CHECKPOINT
from autoseg.training.cyclegan import CycleGan, CycleGanOptions, build_cyclegan
from autoseg.training.monitoring import MonitoringOptions, predict_one, watch

NAMES = "micrograph_generator", "mask_generator"
Show = Callable[[np.ndarray], np.ndarray]
"Shows a micrograph to the generators, or one of theirs to people."
SHOWN = 4
"Images of each kind in a sample picture."


class Generators(Outputs):
    """Two networks, each a model folder named after what it makes."""

    micrograph_generator: Path
    mask_generator: Path
    polarity: Polarity
    "What particles are in the micrographs that they know and make."


class TrainCycleganOptions(CycleGanOptions):
    """How the cycleGAN learns, on what, and what is written down of it."""

    crop: int | None = Field(None, ge=40)
    "Height and width in pixels of the random parts of tiles and masks that it sees. Not set: all of them."
    shown_as: Side | None = None
    """Show it micrographs with such particles: they are inverted if theirs are the opposite, and so are those that it
    makes. Particles in masks are bright. Not set: as they are."""
    geometry: GeometryOptions = GeometryOptions(flip=False)
    "Flips and turns of what it sees."
    from_disk: bool = False
    "Read images each time they are needed, instead of keeping them in memory."
    devices: int = Field(1, ge=1)
    "GPUs, or other devices, that share each batch: this many times `batch_size` images per step."
    monitoring: MonitoringOptions = MonitoringOptions()
    "Checkpoints, sample pictures and logs."


class TrainCyclegan(Stage):
    """Generators of micrographs and of masks, learned from unpaired images."""

    options: TrainCycleganOptions = TrainCycleganOptions()
    polarity: Polarity = Polarity.BRIGHT

    cosmetic = frozenset({"monitoring", "from_disk"})
    scaffolding = (CHECKPOINT,)

    def run(self, folder: Path, rng: np.random.Generator, *, prepare: Tiles, simulate: Masks) -> Generators:
        """Train, or go on with it, and save both generators."""
        tiles, masks = numbered_files(prepare.tiles), numbered_files(simulate.masks, MASK)
        known = Polarity(self.options.shown_as or self.polarity)
        shown = partial(self.polarity.as_shown_to, known, black=-1)
        train_on(
            self.options.devices, _train, self.options, folder, rng, tiles, masks, numbered_files(prepare.test), shown
        )
        return Generators(micrograph_generator=Path(NAMES[0]), mask_generator=Path(NAMES[1]), polarity=known)


def _train(
    options: TrainCycleganOptions,
    folder: Path,
    rng: np.random.Generator,
    tiles: Sequence[Path],
    masks: Sequence[Path],
    test: Sequence[Path],
    shown: Show,
) -> None:
    micrographs: Sequence[Any] = tiles if options.from_disk else [read_grey(path) for path in tiles]
    partners: Sequence[Any] = masks if options.from_disk else [read_grey(path) for path in masks]
    views, seed = partial(_views, options, partners, shown), int(rng.integers(2**31))
    batches = Batches(micrographs, views, size=options.batch_size, seed=seed)
    shape = batches.batch(0, 0)["masks"].shape[1:3]
    trainer = build_cyclegan(options, size=shape, steps=options.epochs * len(batches), rng=rng)
    of_masks, of_micrographs = ([to_signed(read_grey(path)) for path in paths[:SHOWN]] for paths in (masks, test))
    draw = partial(_draw, trainer, of_masks, of_micrographs, shown)
    fit(trainer, batches, epochs=options.epochs, callbacks=watch(folder, options.monitoring, draw))
    for name in NAMES if is_first() else ():
        card = f"# {name}\n\nOf a cycleGAN that was trained for {options.epochs} epochs on {len(tiles)} tiles.\n"
        save_model(folder / name, getattr(trainer, name), card=card)


def _views(
    options: TrainCycleganOptions, masks: Sequence[Any], shown: Show, micrograph: Any, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """A micrograph and any one of the masks, each in a view of its own: they are not a pair."""
    images = {"micrographs": micrograph, "masks": masks[int(rng.integers(len(masks)))]}
    views = {}
    for name, image in images.items():
        image = read_grey(image) if options.from_disk else image
        views[name] = to_signed(draw_geometry(rng, options.geometry, image.shape, options.crop).apply(image))
    return {**views, "micrographs": shown(views["micrographs"])}


def _draw(trainer: CycleGan, masks: Sequence[np.ndarray], micrographs: Sequence[np.ndarray], shown: Show) -> np.ndarray:
    """A row for each mask, the micrograph made of it, and the mask made of that; then for each micrograph likewise."""
    render, segment = (
        partial(_generate, network) for network in (trainer.micrograph_generator, trainer.mask_generator)
    )
    rows = []
    for mask in masks:
        rendered = render(mask)
        rows.append([mask, shown(rendered), segment(rendered)])  # what inverts once, inverts back
    for micrograph in micrographs:
        found = segment(shown(micrograph))
        rows.append([micrograph, found, shown(render(found))])
    return sheet([[to_bytes(from_signed(image)) for image in row] for row in rows])


def _generate(network: keras.Model, image: np.ndarray) -> np.ndarray:
    return predict_one(network, image)["image"]
