"""Example outlines and simulated masks as files.

A mask is 00000_mask.tif with dark rims, and 00000_labels.tif with a number for each particle.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from autoseg.files import written_whole
from autoseg.images.folders import images_in
from autoseg.images.labels import write_labels
from autoseg.images.micrograph import read
from autoseg.simulation.particles.masks import SimulatedMask
from autoseg.simulation.particles.outlines import outline_from_image
from autoseg.stages.pairs import LABELS, MASK


def read_outlines(folder: Path) -> list[np.ndarray]:
    """The outlines in a folder of images of one white particle on black each."""
    return [outline_from_image(read(path, info_bar="none").pixels, str(path)) for path in images_in(folder)]


def write_mask(folder: Path, number: int, simulated: SimulatedMask) -> None:
    """Write a mask and its labels; files of the same names are replaced."""
    with written_whole(folder / f"{number:05}{MASK}") as partial:
        tifffile.imwrite(partial, simulated.mask, compression="zlib")
    write_labels(folder / f"{number:05}{LABELS}", simulated.labels)
