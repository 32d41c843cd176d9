"""Take out of masks what cannot be seen in their micrographs: those simulated, and those the cycleGAN found."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg.images.folders import images_in
from autoseg.images.labels import read_labels, write_labels
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.names import names_for
from autoseg.images.polarity import Polarity
from autoseg.images.segmentation import numbered
from autoseg.options import Options
from autoseg.segmentation.instances.filters import keep_contrasting
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.sem.stages.generate import Fakes
from autoseg.sem.stages.simulate import Masks
from autoseg.stages.grey import numbered_files, read_grey
from autoseg.stages.pairs import LABELS, MASK, ParticlePairs
from autoseg.stages.stage import Stage


class FilteredPairs(ParticlePairs):
    """Pairs of which what cannot be seen was taken out."""

    kept: int
    "Particles that stayed."
    removed: int
    "Particles that were taken out."
    segmented: Path
    "Labels of the particles that the cycleGAN found in the real micrographs, by their names."


class FilterOptions(Options):
    """Which particles of a mask stay, and how the fake micrographs are changed."""

    li_factor: float | None = Field(1.0, gt=0)
    "A particle stays if its mean grey value is above this times Li's threshold of the image. Not set: all stay."
    blur: float = Field(0.0, ge=0)
    "Standard deviation in pixels of a Gaussian that blurs the fake micrographs; 0: they stay as they are."
    instances: InstanceOptions = InstanceOptions(method="distance", lines=True)
    "How particles are parted in the masks that the cycleGAN made of real micrographs."


class Filter(Stage):
    """Particles that the generator did not render as such would teach a network what is not so."""

    options: FilterOptions = FilterOptions()
    images: Path
    polarity: Polarity = Polarity.BRIGHT
    read: ReadOptions = ReadOptions()

    def sources(self) -> list[Path]:
        """The real micrographs."""
        return [self.images]

    def run(self, folder: Path, rng: np.random.Generator, *, simulate: Masks, generate: Fakes) -> FilteredPairs:
        """Write the pairs, and the labels of real micrographs."""
        pairs = Path("micrographs"), Path("masks"), Path("segmented")
        outputs = FilteredPairs(images=pairs[0], truth=pairs[1], segmented=pairs[2], kept=0, removed=0)
        before = after = 0
        for path in tqdm(numbered_files(generate.micrographs), desc="pairs", unit="pair", disable=None):
            micrograph, labels = read_grey(path), read_labels(simulate.masks / f"{path.stem}{LABELS}")
            mask, kept = read_grey(simulate.masks / f"{path.stem}{MASK}"), self._visible(labels, micrograph)
            before, after = before + int(labels.max()), after + int(kept.max())
            outputs.write(folder, path.stem, self._blurred(micrograph) / 255, (mask > 0) & (kept > 0), kept)
        self._segment(generate.masks, folder / outputs.segmented)
        return outputs.changed(kept=after, removed=before - after)

    def _segment(self, masks: Path, folder: Path) -> None:
        """Part the particles in the masks of real micrographs, and keep those that are seen there."""
        paths = images_in(self.images)
        for path, name in zip(tqdm(paths, desc="masks", unit="image", disable=None), names_for(paths), strict=True):
            micrograph = read(path, self.read)
            found = find_instances(read_grey(masks / f"{name}.tif").astype(np.float32) / 255, self.options.instances)
            labels = self._visible(found, micrograph.field)
            write_labels(folder / f"{name}{LABELS}", labels, micrograph.pixel_size)

    def _visible(self, labels: np.ndarray, micrograph: np.ndarray) -> np.ndarray:
        if self.options.li_factor is None:
            return labels
        return numbered(keep_contrasting(labels, micrograph, self.options.li_factor, self.polarity))

    def _blurred(self, micrograph: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(micrograph, (0, 0), self.options.blur) if self.options.blur else micrograph
