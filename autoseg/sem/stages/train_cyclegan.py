"""Let a cycleGAN learn to make micrographs of masks, and masks of micrographs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from autoseg._parallel import is_first, train_on
from autoseg.images.geometry import GeometryOptions, draw_geometry
from autoseg.models import save_model
from autoseg.sem.mask_files import MASK
from autoseg.sem.stages.grey import from_signed, numbered_files, read_grey, sheet, to_bytes, to_signed
from autoseg.sem.stages.prepare import Tiles
from autoseg.sem.stages.simulate import Masks
from autoseg.stages import Outputs, Stage
from autoseg.training.batches import Batches, fit
from autoseg.training.cyclegan import CycleGan, CycleGanOptions, build_cyclegan
from autoseg.training.monitoring import CHECKPOINT, MonitoringOptions, predict_one, watch

NAMES = "micrograph_generator", "mask_generator"
SHOWN = 4
"Images of each kind in a sample picture."


class Generators(Outputs):
    """Two networks, each a model folder named after what it makes."""

    micrograph_generator: Path
    mask_generator: Path
    inverted: bool
    "Whether they know dark particles only as bright ones: micrographs are to be inverted before and after."


class TrainCycleganOptions(CycleGanOptions):
    """How the cycleGAN learns, on what, and what is written down of it."""

    crop: int | None = Field(None, ge=40)
    "Height and width in pixels of the random parts of tiles and masks that it sees. Not set: all of them."
    geometry: GeometryOptions = GeometryOptions(flip=False)
    "Flips and turns of what it sees."
    from_disk: bool = False
    "Read images each time they are needed, instead of keeping them in memory."
    devices: int = Field(1, ge=1)
    "GPUs, or other devices, that share each batch: this many times `batch_size` images per step."
    monitoring: MonitoringOptions = MonitoringOptions()
    "Checkpoints, sample pictures and logs."


class TrainCyclegan(Stage, TrainCycleganOptions):
    """Generators of micrographs and of masks, learned from unpaired images."""

    cosmetic = frozenset({"monitoring", "from_disk"})
    scaffolding = (CHECKPOINT,)

    def run(self, folder: Path, rng: np.random.Generator, *, prepare: Tiles, simulate: Masks) -> Generators:
        """Train, or go on with it, and save both generators."""
        tiles, masks = numbered_files(prepare.tiles), numbered_files(simulate.masks, MASK)
        train_on(self.devices, _train, self, folder, rng, tiles, masks, numbered_files(prepare.test))
        return Generators(micrograph_generator=Path(NAMES[0]), mask_generator=Path(NAMES[1]), inverted=self.inverted)


def _train(
    stage: TrainCyclegan,
    folder: Path,
    rng: np.random.Generator,
    tiles: Sequence[Path],
    masks: Sequence[Path],
    test: Sequence[Path],
) -> None:
    micrographs: Sequence[Any] = tiles if stage.from_disk else [read_grey(path) for path in tiles]
    partners: Sequence[Any] = masks if stage.from_disk else [read_grey(path) for path in masks]
    views, seed = partial(_views, stage, partners), int(rng.integers(2**31))
    batches = Batches(micrographs, views, size=stage.batch_size, seed=seed)
    shape = batches.batch(0, 0)["masks"].shape[1:3]
    trainer = build_cyclegan(stage, size=shape, steps=stage.epochs * len(batches), rng=rng)
    shown = [[to_signed(read_grey(path)) for path in paths[:SHOWN]] for paths in (masks, test)]
    draw = partial(_draw, trainer, *shown, sign=-1 if stage.inverted else 1)
    fit(trainer, batches, epochs=stage.epochs, callbacks=watch(folder, stage.monitoring, draw))
    for name in NAMES if is_first() else ():
        card = f"# {name}\n\nOf a cycleGAN that was trained for {stage.epochs} epochs on {len(tiles)} tiles.\n"
        save_model(folder / name, getattr(trainer, name), card=card)


def _views(
    stage: TrainCyclegan, masks: Sequence[Any], micrograph: Any, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """A micrograph and any one of the masks, each in a view of its own: they are not a pair."""
    images = {"micrographs": micrograph, "masks": masks[int(rng.integers(len(masks)))]}
    views = {}
    for name, image in images.items():
        image = read_grey(image) if stage.from_disk else image
        views[name] = to_signed(draw_geometry(rng, stage.geometry, image.shape, stage.crop).apply(image))
    return views


def _draw(
    trainer: CycleGan, masks: Sequence[np.ndarray], micrographs: Sequence[np.ndarray], *, sign: int
) -> np.ndarray:
    """A row for each mask, the micrograph made of it, and the mask made of that; then for each micrograph likewise."""
    rows = []
    for mask in masks:
        rendered = predict_one(trainer.micrograph_generator, mask)
        rows.append([mask, sign * rendered, predict_one(trainer.mask_generator, rendered)])
    for micrograph in micrographs:
        found = predict_one(trainer.mask_generator, sign * micrograph)
        rows.append([micrograph, found, sign * predict_one(trainer.micrograph_generator, found)])
    return sheet([[to_bytes(from_signed(image)) for image in row] for row in rows])
