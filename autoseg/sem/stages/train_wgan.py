"""Let a WGAN learn outlines of particles from examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import Field

from autoseg._backend.parallel import is_first, train_on
from autoseg.models.folder import save_model
from autoseg.sem.mask_files import read_outlines
from autoseg.simulation.particles.outlines import training_set
from autoseg.stages.grey import from_signed, sheet, to_bytes
from autoseg.stages.stage import Outputs, Stage
from autoseg.training.batches import Batches, fit
from autoseg.training.callbacks import CHECKPOINT
from autoseg.training.monitoring import MonitoringOptions, watch
from autoseg.training.wgan_gp import WganGpOptions, build_wgan_gp, sampler

SHOWN = 8, 8
"Rows and columns of outlines in a sample picture."


class OutlineGenerator(Outputs):
    """A network that makes outlines."""

    model: Path


class TrainWganOptions(WganGpOptions):
    """How the WGAN learns, on what, and what is written down of it."""

    devices: int = Field(1, ge=1)
    "GPUs, or other devices, that share each batch: this many times `batch_size` outlines per step."
    monitoring: MonitoringOptions = MonitoringOptions(pictures_every=10, checkpoint_every=10)
    "Checkpoints, sample pictures and logs."


class TrainWgan(Stage):
    """A generator of outlines that look like those in a folder of examples."""

    options: TrainWganOptions = TrainWganOptions()
    outlines: Path

    cosmetic = frozenset({"monitoring"})
    scaffolding = (CHECKPOINT,)

    def sources(self) -> list[Path]:
        """The example outlines."""
        return [self.outlines]

    def run(self, folder: Path, rng: np.random.Generator) -> OutlineGenerator:
        """Train, or go on with it, and save the generator."""
        train_on(self.options.devices, _train, self.options, self.outlines, folder, rng)
        return OutlineGenerator(model=Path("generator"))


def _train(options: TrainWganOptions, examples: Path, folder: Path, rng: np.random.Generator) -> None:
    outlines = training_set(read_outlines(examples))
    seed = int(rng.integers(2**31))
    trainer = build_wgan_gp(options, size=outlines.shape[1:3], rng=rng)
    batches = Batches(list(outlines), lambda outline, _: outline, size=options.batch_size, seed=seed)
    sample = sampler(trainer.generator)

    def draw() -> np.ndarray:
        rows, columns = SHOWN
        images = list(to_bytes(from_signed(sample(rows * columns, np.random.default_rng(seed)))))
        return sheet([images[row * columns :][:columns] for row in range(rows)])

    fit(trainer, batches, epochs=options.epochs, callbacks=watch(folder, options.monitoring, draw))
    card = (
        f"# Generator of outlines\n\nA WGAN's, trained for {options.epochs} epochs on {len(outlines) // 4} outlines.\n"
    )
    if is_first():
        save_model(folder / "generator", trainer.generator, card=card)
