"""Volumes on their way to disk, slice by slice: TIFF stacks that ImageJ opens, or Zarr."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from tifffile import TiffWriter

from autoseg.files import written_whole
from autoseg.images.ome_zarr import zarr_package
from autoseg.images.volumes.volume import VoxelSize

Format = Literal["tiff", "zarr"]
ENDINGS: dict[Format, str] = {"tiff": ".tif", "zarr": ".zarr"}
LARGE = 2**31
"Bytes from which on a stack is a BigTIFF."


class TakesSlices(Protocol):
    """Takes the slices of a volume, from the first to the last."""

    def __call__(self, pixels: np.ndarray) -> None:
        """Take the next slice (rows, columns)."""


@contextmanager
def written_slices(
    path: Path, shape: tuple[int, int, int], dtype: np.dtype, voxel_size: VoxelSize | None, brightest: float = 1
) -> Iterator[TakesSlices]:
    """Something to call with each slice of a volume; the file is there when the block ends, whole, or not at all.

    The ending of `path` tells the format; `voxel_size` in nm is kept in it (a depth of 0 is none, as of a time series);
    ImageJ shows 0 to `brightest`.

    >>> import tempfile
    >>> from autoseg.images.volumes.volume import open_volume
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.tif"
    ...     with written_slices(path, (2, 3, 4), np.dtype("uint16"), (22, 22, 30)) as write:
    ...         for number in range(2):
    ...             write(np.full((3, 4), number, np.uint16))
    ...     open_volume(path).voxel_size
    (22.0, 22.0, 30.0)
    """
    with written_whole(path) as partial:
        if path.suffix == ENDINGS["zarr"]:
            yield _zarr(partial, shape, dtype, voxel_size)
            shutil.rmtree(path, ignore_errors=True)  # a folder cannot be replaced as a file is
            return
        edges = voxel_size or (1.0, 1.0, 1.0)
        depth = f"spacing={edges[2]:.9g}\n" if edges[2] else ""
        unit = "" if voxel_size is None else f"unit=nm\n{depth}"
        counts = f"images={shape[0]}\nslices={shape[0]}\n"
        about = f"ImageJ=1.11a\n{counts}{unit}min=0.0\nmax={brightest:g}\n"
        large = int(np.prod(shape, dtype=float)) * dtype.itemsize >= LARGE
        with TiffWriter(partial, bigtiff=large) as file:
            yield _tiff(file, about, (1 / edges[0], 1 / edges[1]))


def _tiff(file: TiffWriter, about: str, per_nm: tuple[float, float]) -> TakesSlices:
    descriptions = iter([about])

    def write(pixels: np.ndarray) -> None:
        file.write(
            pixels,
            photometric="minisblack",
            compression="zlib",
            description=next(descriptions, None),  # ImageJ reads that of the first page
            metadata=None,
            resolution=per_nm,
            resolutionunit="NONE",
            software="autoseg",
        )

    return write


def _zarr(path: Path, shape: tuple[int, int, int], dtype: np.dtype, voxel_size: VoxelSize | None) -> TakesSlices:
    """A group as OME-Zarr 0.4 has it, of one resolution."""
    root = zarr_package(path).open_group(str(path), mode="w", zarr_format=2)
    chunks = tuple(min(length, most) for length, most in zip(shape, (1, 1024, 1024), strict=True))
    array = root.create_array("0", shape=shape, chunks=chunks, dtype=dtype)
    unit = {} if voxel_size is None else {"unit": "nanometer"}
    scale = list(reversed(voxel_size)) if voxel_size else [1.0, 1.0, 1.0]
    root.attrs["multiscales"] = [
        {
            "version": "0.4",
            "axes": [{"name": name, "type": "space", **unit} for name in "zyx"],
            "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}],
        }
    ]
    numbers = iter(range(shape[0]))

    def write(pixels: np.ndarray) -> None:
        array[next(numbers)] = pixels

    return write
