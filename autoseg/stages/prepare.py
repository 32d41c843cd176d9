"""Cut micrographs into the tiles that the cycleGAN learns from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from autoseg.errors import ImageError, OptionsError
from autoseg.images.folders import images_in
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.normalization import PUBLISHED, Percentiles, normalize
from autoseg.images.polarity import Polarity
from autoseg.images.tiles import Tiling
from autoseg.options import Options
from autoseg.stages.grey import numbered_files, write_grey
from autoseg.stages.stage import Outputs, Stage

Edge = Annotated[int, Field(ge=16)]
TRIES = 50
"So many random tiles of a micrograph are looked at for each one that is wanted of it."


class Tiles(Outputs):
    """Tiles of real micrographs, uint8, 00000.tif and so on."""

    tiles: Path
    "Those to learn from."
    test: Path
    "Those to look at."
    count: int
    "How many there are to learn from."
    percentiles: Percentiles
    "The intensities at these percentiles of a micrograph are black and white in them."


class PrepareOptions(Options):
    """How micrographs are cut into tiles."""

    tile: Edge | tuple[Edge, Edge] = 384
    "Height and width of a tile in pixels, or one number for both."
    tiles: int = Field(1000, ge=1)
    "How many there shall be at least: where the micrographs give fewer side by side, random ones are added."
    most_tiles: int | None = Field(None, ge=1)
    "How many there shall be at most; a random choice of them stays. Not set: all."
    test_tiles: int = Field(5, ge=0)
    "So many more are held out, to be looked at."
    contrast: float = Field(0.1, ge=0, lt=1)
    "A tile stays if its mean is this fraction above its micrograph's, or below, for dark particles. 0: all stay."
    percentiles: Percentiles = PUBLISHED
    "The intensities at these percentiles of a micrograph become black and white."

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a tile."""
        return (self.tile, self.tile) if isinstance(self.tile, int) else self.tile


class Prepare(Stage):
    """Tiles side by side, and random ones where more are needed, flipped at random; none without particles."""

    options: PrepareOptions = PrepareOptions()
    images: Path
    polarity: Polarity = Polarity.BRIGHT
    read: ReadOptions = ReadOptions()

    def sources(self) -> list[Path]:
        """The micrographs."""
        return [self.images]

    def run(self, folder: Path, rng: np.random.Generator) -> Tiles:
        """Write the tiles, and hold some out."""
        outputs = Tiles(tiles=Path("tiles"), test=Path("test"), count=0, percentiles=self.options.percentiles)
        for part in (outputs.tiles, outputs.test):
            shutil.rmtree(folder / part, ignore_errors=True)
            (folder / part).mkdir()
        paths = images_in(self.images)
        for path in paths:
            self._write(self._side_by_side(self._load(path)), folder / outputs.tiles)
        self._add(paths, folder / outputs.tiles, rng)
        tiles = rng.permutation([path.name for path in numbered_files(folder / outputs.tiles)])
        test, rest = tiles[: self.options.test_tiles], tiles[self.options.test_tiles :]
        for name in test:
            (folder / outputs.tiles / name).rename(folder / outputs.test / name)
        for name in rest[self.options.most_tiles or len(rest) :]:
            (folder / outputs.tiles / name).unlink()
        return outputs.changed(count=len(numbered_files(folder / outputs.tiles)))

    def _add(self, paths: Sequence[Path], folder: Path, rng: np.random.Generator) -> None:
        """Random tiles, until there are enough: as many of each micrograph, as far as it has them."""
        wanted = self.options.tiles + self.options.test_tiles
        while missing := max(0, wanted - len(numbered_files(folder))):
            shares = np.diff(np.linspace(0, missing, len(paths) + 1).round().astype(int))
            added = sum(
                self._write(self._at_random(self._load(path), share, rng), folder)
                for path, share in zip(paths, shares, strict=True)
                if share
            )
            if not added:
                height, width = self.options.size
                side = "below" if self.polarity == "dark" else "above"
                raise OptionsError(
                    f"no tile of {height} x {width} pixels has a mean by a fraction of {self.options.contrast} "
                    f"{side} its micrograph's, and {missing} of {wanted} tiles are missing",
                    file=self.images,
                    advice='Set "polarity" to what your particles are, "contrast" lower, or "tile" smaller.',
                )

    def _load(self, path: Path) -> np.ndarray:
        """The field of view, 0..1."""
        field = read(path, self.read).field
        if any(np.less(field.shape, self.options.size)):
            found, wanted = (f"{height} x {width} pixels" for height, width in (field.shape, self.options.size))
            advice = 'Set "tile" to a smaller size, or leave the image out.'
            raise ImageError(f"has a field of view of {found}, less than a tile of {wanted}", file=path, advice=advice)
        return normalize(field, self.options.percentiles)

    def _side_by_side(self, image: np.ndarray) -> Iterator[np.ndarray]:
        """The tiles of a micrograph that do not overlap and lie in it whole, if there are particles in them."""
        whole = image[
            tuple(slice(side // edge * edge) for side, edge in zip(image.shape, self.options.size, strict=True))
        ]
        for tile in Tiling(whole.shape, self.options.size).stream(whole):
            if self._stays(tile, image):
                yield tile

    def _at_random(self, image: np.ndarray, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """At most so many random tiles of a micrograph, flipped at random, with particles in them."""
        height, width = self.options.size
        for _ in range(TRIES * count):
            top, left = rng.integers(np.subtract(image.shape, self.options.size), endpoint=True)
            rows, columns = rng.choice([-1, 1], size=2)
            tile = image[top : top + height, left : left + width][::rows, ::columns]
            if count and self._stays(tile, image):
                count -= 1
                yield tile

    def _stays(self, tile: np.ndarray, image: np.ndarray) -> bool:
        """Whether a tile differs from its micrograph as one with particles does."""
        if not self.options.contrast:
            return True
        if self.polarity == "dark":
            return tile.mean() <= (1 - self.options.contrast) * image.mean()
        return tile.mean() >= (1 + self.options.contrast) * image.mean()

    def _write(self, tiles: Iterator[np.ndarray], folder: Path) -> int:
        """Add tiles to a folder, and tell how many."""
        first = number = len(numbered_files(folder))
        for number, tile in enumerate(tiles, start=first + 1):
            write_grey(folder / f"{number - 1:05}.tif", tile)
        return number - first
