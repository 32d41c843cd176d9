"""Pictures and masks of another program, in the folders and under the names of the published data, as pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field
from tqdm import tqdm

from autoseg.errors import ImageError, enumerate_briefly
from autoseg.images.class_files import check_numbers, read_classes
from autoseg.images.labels import read_labels
from autoseg.images.micrograph import read
from autoseg.images.readers import ENDINGS
from autoseg.options import Options
from autoseg.stages.grey import to_bytes
from autoseg.stages.stage import Stage
from autoseg.stm.classes import LEGEND
from autoseg.stm.stages.surfaces import Surface, Surfaces
from autoseg.training.batches import split

IMAGES, MASKS, ROWS, INSTANCES = "images", "masks", "masks_row", "masks_instance"
_ENDINGS = {
    MASKS: re.compile(r"_mask.*$"),
    ROWS: re.compile(r"_(mask_row|rowmask|rows|row).*$"),
    INSTANCES: re.compile(r"_mask_instance.*$"),
}
"What of a mask's name its picture does not have, by the folder."


class CollectOptions(Options):
    """Which of the pairs are kept for the test."""

    test: float = Field(0.2, gt=0, lt=1)
    "Share of the pairs that nothing is learned from, and which score the network in the end."


class Files(NamedTuple):
    """A picture and its masks; None where there is no such folder."""

    image: Path
    classes: Path
    rows: Path | None
    instances: Path | None


class Collect(Stage):
    """Pairs out of folders of images, masks and row masks, and in subfolders of these."""

    options: CollectOptions = CollectOptions()
    data: Path
    rows: bool = True
    "Whether row masks are needed."

    def sources(self) -> list[Path]:
        """The data."""
        return [self.data]

    def run(self, folder: Path, rng: np.random.Generator) -> Surfaces:
        """Copy the pairs, and a part of them, chosen at random, for the test."""
        files = find_files(self.data, self.rows)
        _, tested = split(len(files), self.options.test, int(rng.integers(2**30)))
        pairs = Surfaces(
            images=Path("images"), truth=Path("masks"), test_images=Path("test/images"), test_truth=Path("test/masks")
        )
        for number, one in enumerate(tqdm(files, unit="picture", disable=None)):
            pairs.write_surface(folder, number, read_surface(one), test=number in set(tested))
        return pairs


def find_files(data: Path, rows: bool) -> list[Files]:
    """The pictures below `data`/images, each with its masks; a picture or a mask that is alone is refused."""
    images = _by_stem(data / IMAGES, None)
    several = {
        kind: _by_stem(data / kind, _ENDINGS[kind]) for kind in (MASKS, ROWS, INSTANCES) if _wanted(data, kind, rows)
    }
    for kind, masks in several.items():
        for have, lack, what in ((images, masks, f"no mask in {kind}"), (masks, images, f"no picture in {IMAGES}")):
            if alone := [str(have[stem]) for stem in have if stem not in lack]:
                advice = f"A mask is called as its picture, and then {'_mask_row' if kind == ROWS else '_mask'}."
                raise ImageError(f"there is {what} for {enumerate_briefly(alone)}", file=data, advice=advice)
    return [
        Files(path, several[MASKS][stem], *(several.get(kind, {}).get(stem) for kind in (ROWS, INSTANCES)))
        for stem, path in sorted(images.items())
    ]


def find_spare_masks(data: Path) -> list[Path]:
    """The masks of all kinds whose picture is missing."""
    images = _by_stem(data / IMAGES, None)
    masks = {kind: _by_stem(data / kind, ending) for kind, ending in _ENDINGS.items() if (data / kind).is_dir()}
    return sorted(path for found in masks.values() for stem, path in found.items() if stem not in images)


def read_surface(files: Files) -> Surface:
    """A picture and what its masks say; its grey values are brought to 8 bits."""
    pixels = read(files.image, info_bar="none").pixels
    if pixels.dtype != np.uint8:
        values = pixels.astype(np.float64)
        pixels = to_bytes((values - values.min()) / max(float(np.ptp(values)), 1e-12))
    classes = read_classes(files.classes).classes
    check_numbers(classes, len(LEGEND), files.classes)
    rows = None if files.rows is None else read_labels(files.rows) > 0
    instances = None if files.instances is None else read_labels(files.instances)
    for path, mask in ((files.classes, classes), (files.rows, rows), (files.instances, instances)):
        if mask is not None and mask.shape != pixels.shape:
            problem = f"is a mask of {mask.shape} pixels, and its picture has {pixels.shape}"
            raise ImageError(problem, file=path, advice="Masks and pictures have one size.")
    return Surface(pixels, classes, rows, instances)


def _wanted(data: Path, kind: str, rows: bool) -> bool:
    return kind == MASKS or (rows if kind == ROWS else (data / kind).is_dir())


def _by_stem(folder: Path, ending: re.Pattern[str] | None) -> dict[str, Path]:
    """The images below a folder by their names, or by what is left of these without the ending of masks."""
    found: dict[str, Path] = {}
    for path in _images_below(folder):
        stem = path.stem if ending is None else ending.sub("", path.stem)
        if stem in found:
            raise ImageError(f"and {found[stem]} have one name", file=path, advice="Give each picture its own.")
        found[stem] = path
    if not found:
        raise ImageError("holds no images", file=folder, advice="Check the folder of the data.")
    return found


def _images_below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in ENDINGS and path.name[0] != ".")
