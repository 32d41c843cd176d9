"""Read labelled and unlabelled slices, share them out, and bring them to 8 bits."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from autoseg.errors import ImageError
from autoseg.images.folders import images_in
from autoseg.images.normalization import Percentiles, normalize
from autoseg.images.volumes.stacks import in_order
from autoseg.microct.slices.masks import MaskOptions, read_mask, read_values
from autoseg.microct.slices.pairing import PairedSlices, WithoutMask, names_of, pair_slices
from autoseg.microct.slices.splits import LEAK, Split, SplitOptions, copied_neighbour, find_leak, split_slices
from autoseg.options import Options
from autoseg.stages.grey import write_grey
from autoseg.stages.pairs import ParticlePairs, Unlabelled
from autoseg.stages.stage import Stage

_log = logging.getLogger("autoseg")
SPLIT = "split.json"
Edge = Annotated[int, Field(ge=0)]


class SlicesOptions(Options):
    """How slices are read and shared out."""

    masks: MaskOptions = MaskOptions()
    "What masks say."
    split: SplitOptions = SplitOptions()
    "Which slices train, validate and test."
    without_mask: WithoutMask = "refuse"
    "What becomes of images without a mask: an error; unlabelled: they are learned from as such; pass_over: nothing."
    damaged: Literal["refuse", "pass_over"] = "refuse"
    "Unlabelled slices that cannot be read, or hold NaN: an error; or passed over, and listed."
    region: tuple[Edge, Edge, Edge, Edge] | None = None
    "First row, last row, first column, last column, the last ones excluded, of unlabelled slices. Not set: all of it."
    percentiles: Percentiles = (1.0, 99.5)
    "The intensities at these percentiles of a slice become black and white."


class Slices(ParticlePairs, Unlabelled):
    """Slices of 8 bits: those that train and validate, as pairs; those that test; and unlabelled ones."""

    test_images: Path
    test_truth: Path
    split: Path
    copied: float | None = None
    "Mean Dice on the test slices of the mask of the nearest training slice: a baseline without a look at the image."

    @property
    def test(self) -> ParticlePairs:
        """The test slices, which no training sees."""
        return ParticlePairs(images=self.test_images, truth=self.test_truth)


class PrepareSlices(Stage):
    """Slices as all later stages need them."""

    options: SlicesOptions = SlicesOptions()
    images: Path | None = None
    masks: Path | None = None
    unlabelled: Path | None = None

    def sources(self) -> list[Path]:
        """All folders of slices."""
        return [folder for folder in (self.images, self.masks, self.unlabelled) if folder]

    def run(self, folder: Path, rng: np.random.Generator) -> Slices:
        """Write pairs, test slices and unlabelled slices."""
        pairs = self._pairs()
        names, masks = names_of(pairs.labelled), [self._mask(mask) for _, mask in pairs.labelled]
        split = split_slices(names, self.options.split) if names else Split(training=())
        self._warn_of_leaks(masks, split)
        shown = (*split.training, *split.validation)
        _write(ParticlePairs(images=Path("images"), truth=Path("truth")), folder, pairs, masks, shown, self.options)
        test = ParticlePairs(images=Path("test_images"), truth=Path("test_truth"))
        _write(test, folder, pairs, masks, split.test, self.options)
        used = {*shown, *split.test}
        others = [*(image for i, (image, _) in enumerate(pairs.labelled) if i not in used), *pairs.others]
        if not others and self.unlabelled is None:  # then consistency is learned on what is labelled
            others = [pairs.labelled[i][0] for i in split.training]
        self._write_unlabelled(folder / "unlabelled", others)
        parts = {part: [names[i] for i in getattr(split, part)] for part in ("training", "validation", "test")}
        (folder / SPLIT).write_text(json.dumps(parts, indent=2), encoding="utf-8")
        return Slices(
            images=Path("images"),
            truth=Path("truth"),
            held_out=tuple(range(len(split.training), len(shown))),
            test_images=test.images,
            test_truth=test.truth,
            unlabelled=Path("unlabelled"),
            split=Path(SPLIT),
            copied=copied_neighbour(masks, split),
        )

    def _pairs(self) -> PairedSlices:
        if self.images is None or self.masks is None:
            return PairedSlices((), tuple(in_order(images_in(self.images))) if self.images else (), ())
        pairs = pair_slices(self.images, self.masks, self.options.without_mask)
        if pairs.spare:
            _log.warning("%d masks have no image, such as %s", len(pairs.spare), pairs.spare[0])
        return pairs

    def _mask(self, path: Path) -> np.ndarray:
        return read_mask(path, self.options.masks)

    def _warn_of_leaks(self, masks: Sequence[np.ndarray], split: Split) -> None:
        found = find_leak(masks, split)
        if found is not None and found > LEAK:
            _log.warning(
                "The split leaks: masks of training slices, copied, would score a Dice of %.2f in validation and test, "
                'as neighbouring slices show the same grains. Choose the split "blocks".',
                found,
            )

    def _write_unlabelled(self, folder: Path, others: Sequence[Path]) -> None:
        folder.mkdir(exist_ok=True)
        more = in_order(images_in(self.unlabelled)) if self.unlabelled else []
        passed_over = []
        for number, path in enumerate([*others, *more]):
            region = None if number < len(others) else self.options.region
            try:
                write_grey(folder / f"{number:05}.tif", _shown(path, self.options, region))
            except ImageError as error:
                if self.options.damaged == "refuse":
                    raise
                passed_over.append(str(error))
                _log.warning("passed over: %s", error)
        if passed_over:
            (folder.parent / "passed_over.txt").write_text("\n".join(passed_over) + "\n", encoding="utf-8")


def _write(
    written: ParticlePairs,
    folder: Path,
    pairs: PairedSlices,
    masks: Sequence[np.ndarray],
    chosen: Sequence[int],
    options: SlicesOptions,
) -> None:
    for part in (written.images, written.truth):
        (folder / part).mkdir(exist_ok=True)
    for number, place in enumerate(chosen):
        image, mask = pairs.labelled[place]
        shown = _shown(image, options)
        if shown.shape != masks[place].shape:
            problem = f"has {_size(masks[place].shape)} pixels, and its slice {image.name} has {_size(shown.shape)}"
            raise ImageError(problem, file=mask, advice="Export both alike.")
        _, labels = cv2.connectedComponents(masks[place].view(np.uint8), connectivity=8)
        written.write(folder, f"{number:05}", shown, masks[place], labels)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"


def _shown(path: Path, options: SlicesOptions, region: tuple[int, int, int, int] | None = None) -> np.ndarray:
    """A slice in 0..1; attenuation is not scaled by its type, but by its own percentiles."""
    values = read_values(path)
    if region is not None:
        top, bottom, left, right = region
        if not (top < bottom <= values.shape[0] and left < right <= values.shape[1]):
            problem = f"has {_size(values.shape)} pixels, and the region {region} does not lie inside"
            raise ImageError(problem, file=path, advice="Give first row, last row, first column and last column.")
        values = values[top:bottom, left:right]
    return normalize(values, options.percentiles)
