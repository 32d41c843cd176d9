"""Three sections through the middle of a volume, at right angles, gathered while its slices pass by."""

from __future__ import annotations

import cv2
import numpy as np

from autoseg.images.overlay import OverlayOptions, draw_overlay, to_grey
from autoseg.images.volumes.volume import VoxelSize

NAMES = ("Slice in the middle", "Section along rows, slices downwards", "Section along columns, slices downwards")
LONGEST, MOST = 900, 4.0
"Pixels of a picture's longer side at most, and by how much small ones are magnified."


class Sections:
    """The middle slice, and the middle row and column of every slice."""

    def __init__(self, shape: tuple[int, int, int], dtype: type[np.generic] | np.dtype):
        self.shape = shape
        slices, rows, columns = shape
        sizes = (rows, columns), (slices, columns), (slices, rows)
        self.planes = tuple(np.zeros(size, dtype) for size in sizes)

    def add(self, number: int, pixels: np.ndarray) -> None:
        """Take in a slice (rows, columns) by its number.

        >>> sections = Sections((3, 2, 4), np.uint8)
        >>> sections.add(1, np.arange(8).reshape(2, 4))
        >>> sections.planes[0].tolist(), sections.planes[1].tolist()[1]
        ([[0, 1, 2, 3], [4, 5, 6, 7]], [4, 5, 6, 7])
        """
        slices, rows, columns = self.shape
        if number == slices // 2:
            self.planes[0][:] = pixels
        self.planes[1][number], self.planes[2][number] = pixels[rows // 2], pixels[:, columns // 2]


def draw_sections(grey: Sections, labels: Sections, voxel_size: VoxelSize | None) -> list[tuple[str, np.ndarray]]:
    """Pictures (rows, columns, 3) of uint8 by their names: the grains' outlines on the sections, voxels as cubes."""
    x, y, z = voxel_size or (1.0, 1.0, 1.0)
    return [
        (name, draw_section(image, found, edges, in_nm=voxel_size is not None))
        for name, image, found, edges in zip(NAMES, grey.planes, labels.planes, ((y, x), (z, x), (z, y)), strict=True)
    ]


def draw_section(
    grey: np.ndarray, labels: np.ndarray, edges: tuple[float, float], *, in_nm: bool, longest: int = LONGEST
) -> np.ndarray:
    """A section, uint8 (rows, columns, 3), with the outlines of its grains; `edges` are a pixel's height and width."""
    height, width = grey.shape[0] * edges[0] / min(edges), grey.shape[1] * edges[1] / min(edges)
    factor = min(MOST, longest / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    shown = cv2.resize(to_grey(grey), size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST)
    outlined = cv2.resize(labels.astype(np.float64), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
    options = OverlayOptions(scale_bar=in_nm or factor == 1, line_width=2 if factor > 1 else 1)
    return draw_overlay(shown, outlined, min(edges) / factor if in_nm else None, options)
