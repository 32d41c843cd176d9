"""Make micrographs of the simulated masks, and masks of the real micrographs, by the cycleGAN's generators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from autoseg.images.folders import images_in
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.names import names_for
from autoseg.images.normalization import normalize
from autoseg.images.polarity import Polarity
from autoseg.models.folder import load_model
from autoseg.options import Options
from autoseg.segmentation.predictor import PredictOptions, Predictor
from autoseg.sem.stages.simulate import Masks
from autoseg.sem.stages.train_cyclegan import Generators
from autoseg.stages.grey import from_signed, numbered_files, read_grey, to_signed, write_grey
from autoseg.stages.pairs import MASK
from autoseg.stages.prepare import Tiles
from autoseg.stages.stage import Outputs, Stage


class Fakes(Outputs):
    """Images made by generators, uint8."""

    micrographs: Path
    "Of the simulated masks: 00000.tif and so on."
    masks: Path
    "Of the real micrographs, by their names."


class GenerateOptions(Options):
    """How generators are applied to whole images."""

    predict: PredictOptions = PredictOptions()
    "Whole images or tiles, and where."


class Generate(Stage):
    """A micrograph for each simulated mask, and a mask for each real micrograph."""

    options: GenerateOptions = GenerateOptions()
    images: Path
    polarity: Polarity = Polarity.BRIGHT
    read: ReadOptions = ReadOptions()

    def sources(self) -> list[Path]:
        """The real micrographs."""
        return [self.images]

    def run(
        self, folder: Path, rng: np.random.Generator, *, prepare: Tiles, simulate: Masks, train_cyclegan: Generators
    ) -> Fakes:
        """Write both kinds of fakes."""
        outputs = Fakes(micrographs=Path("micrographs"), masks=Path("masks"))
        known = train_cyclegan.polarity
        render = Predictor(load_model(train_cyclegan.micrograph_generator).network, self.options.predict)
        for path in tqdm(numbered_files(simulate.masks, MASK), desc="micrographs", unit="image", disable=None):
            rendered = known.as_shown_to(self.polarity, render(to_signed(read_grey(path))[..., 0])["image"], black=-1)
            write_grey(folder / outputs.micrographs / f"{path.name.removesuffix(MASK)}.tif", from_signed(rendered))
        segment = Predictor(load_model(train_cyclegan.mask_generator).network, self.options.predict)
        paths = images_in(self.images)
        for path, name in zip(tqdm(paths, desc="masks", unit="image", disable=None), names_for(paths), strict=True):
            signed = 2 * normalize(read(path, self.read).field, prepare.percentiles) - 1
            seen = self.polarity.as_shown_to(known, signed, black=-1)
            write_grey(folder / outputs.masks / f"{name}.tif", from_signed(segment(seen)["image"]))
        return outputs
