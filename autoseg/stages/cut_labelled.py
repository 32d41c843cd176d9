"""Cut tiles out of micrographs of which somebody has labelled the particles."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from pydantic import Field
from skimage.measure import label as number_regions
from tqdm import tqdm

from autoseg.errors import ImageError
from autoseg.evaluation.files import ParticleKind
from autoseg.images.geometry import Factors, GeometryOptions, draw_factor, draw_geometry
from autoseg.images.micrograph import ReadOptions
from autoseg.images.normalization import PUBLISHED, Percentiles, normalize
from autoseg.images.polarity import Polarity, polarity_of
from autoseg.images.resizing import magnified, sampled
from autoseg.options import Options
from autoseg.segmentation.candidates import typical_diameter
from autoseg.stages.labelled_files import LabelledFile, find_labelled
from autoseg.stages.pairs import LabelledPairs
from autoseg.stages.stage import Stage

AROUND = 3
"So many pixels around a labelled particle are background, where all that is not labelled is ignored."
_SMALLEST = 48
"No side of a micrograph becomes shorter in a tile than so many pixels."
_UNTURNED = GeometryOptions(flip=False)


class CutLabelledOptions(Options):
    """How tiles are cut out of labelled micrographs."""

    labels: Path | None = None
    """Folder of the labels, masks or zips of ROIs, named as their micrographs. Not set: they lie beside these, with
    _labels, _mask or _rois behind the name."""
    kind: ParticleKind = "auto"
    "What they are; auto: an image with one value beside 0 is a mask, whose regions are the particles."
    only_labelled: bool = False
    "Pass over micrographs without labels, instead of refusing the folder."
    unlabelled: Literal["background", "ignored"] = "background"
    """What lies where there is no label; ignored: nobody knows, but for a seam around each particle. Where an image
    NAME_ignored is not black nobody knows either."""
    tile: int = Field(256, ge=32)
    "Height and width of a tile in pixels."
    tiles: int = Field(1000, ge=1)
    "How many there are, in equal shares of all micrographs."
    diameters: Factors = (12.0, 100.0)
    "In pixels: magnifications are drawn such that typical particles of a micrograph have one between these."
    largest_magnification: float = Field(2.0, ge=1)
    "No micrograph is magnified more than that."
    percentiles: Percentiles = PUBLISHED
    "The intensities at these percentiles of a micrograph become black and white."


class CutLabelled(Stage):
    """Random tiles at random magnifications; those of one micrograph are held out together."""

    options: CutLabelledOptions = CutLabelledOptions()
    labelled: Path
    polarity: Polarity = Polarity.BRIGHT
    read: ReadOptions = ReadOptions()

    def sources(self) -> list[Path]:
        """The micrographs, and their labels."""
        return [self.labelled, *([self.options.labels] if self.options.labels else [])]

    def run(self, folder: Path, rng: np.random.Generator) -> LabelledPairs:
        """Write the pairs; of more micrographs than tiles, a random choice."""
        options = self.options
        files = find_labelled(self.labelled, options.labels, options.only_labelled)
        pairs = LabelledPairs(images=Path("micrographs"), truth=Path("masks"))
        for part in (pairs.images, pairs.truth):
            shutil.rmtree(folder / part, ignore_errors=True)
        shares = np.bincount(rng.permutation(np.arange(options.tiles) % len(files)), minlength=len(files))
        origins: list[int] = []
        for origin, (file, share) in enumerate(zip(tqdm(files, unit="image", disable=None), shares, strict=True)):
            for image, labels, known in self._tiles(file, int(share), rng):
                pairs.write_known(folder, f"{len(origins):05}", image, labels, known)
                origins.append(origin)
        return pairs.changed(origins=tuple(origins))

    def _tiles(self, file: LabelledFile, count: int, rng: np.random.Generator) -> Iterator[Tile]:
        """Random tiles of a micrograph, with particles as they are told to be: bright, dark or either."""
        if not count:
            return
        found, ignored = file.read(self.read, self.options.kind)
        image = normalize(found.image, self.options.percentiles)
        image = polarity_of(image, found.labels).as_shown_to(self.polarity, image)
        diameter = typical_diameter(found.areas)
        if diameter is None and self.options.unlabelled == "ignored":
            raise ImageError("holds no particle, and nothing else is known", file=file.truth, advice="Remove it.")
        for _ in range(count):
            factor = self._draw_magnification(image.shape, diameter, rng)
            seen = magnified(image, factor)
            labels, unknown = sampled(found.labels, seen.shape), sampled(ignored, seen.shape)
            yield self._cut(seen, labels, ~unknown & self._is_known(labels), rng)

    def _draw_magnification(self, shape: tuple[int, ...], diameter: float | None, rng: np.random.Generator) -> float:
        """One with which typical particles are as large as asked for, as far as the micrograph allows that."""
        lowest, highest = _SMALLEST / min(shape), self.options.largest_magnification
        wanted = draw_factor(rng, self.options.diameters) / diameter if diameter else 1.0
        return float(np.clip(wanted, min(lowest, highest), highest))

    def _is_known(self, labels: np.ndarray) -> np.ndarray:
        if self.options.unlabelled == "background":
            return np.ones(labels.shape, bool)
        seam = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * AROUND + 1, 2 * AROUND + 1))
        return cv2.dilate((labels > 0).view(np.uint8), seam) > 0

    def _cut(self, image: np.ndarray, labels: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> Tile:
        """A tile, mirrored where it exceeds the image, each second one of a particle; what it parts becomes two."""
        particle = labels > 0 if rng.random() < 0.5 else None
        place = draw_geometry(rng, _UNTURNED, image.shape, self.options.tile, particle)
        return place.apply(image), number_regions(place.apply(labels), connectivity=1), place.apply(known)


Tile = tuple[np.ndarray, np.ndarray, np.ndarray]
"An image, labels, and where they are known (rows, columns)."
