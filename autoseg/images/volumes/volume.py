"""Volume: a stack of grey slices that stays on disk, and of which one slice at a time is read."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from autoseg.errors import AutosegError, ImageError
from autoseg.images.ome_zarr import is_zarr
from autoseg.options import Options

Length = Annotated[float, Field(gt=0, le=1e9)]
VoxelSize = tuple[float, float, float]
"Edge lengths of a voxel in nm along columns, rows and slices: x, y, z."


class VolumeOptions(Options):
    """How a volume is read from a file or a folder."""

    voxel_size: Length | tuple[Length, Length, Length] | None = None
    "Edge of a voxel in nm, or x, y and z. Not set: what the file's metadata say, if anything."
    dataset: str | None = None
    "Path of the volume within an HDF5 or Zarr file. Not set: the only volume there is."
    shape: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    "For raw files: how many slices, rows and columns."
    dtype: str | None = None
    "For raw files: type of the values, such as uint16, >u2 (big-endian) or float32."
    offset: int = Field(0, ge=0)
    "For raw files: bytes before the first value."


@dataclasses.dataclass(frozen=True, eq=False)
class Volume:
    """A stack of slices (slices, rows, columns) in the depth it was recorded with; nothing is kept in memory.

    >>> volume = Volume.of_array(np.arange(24.0).reshape(2, 3, 4), voxel_size=(22, 22, 22))
    >>> volume.shape, volume.slice(1).tolist()[0]
    ((2, 3, 4), [12.0, 13.0, 14.0, 15.0])
    """

    name: str
    shape: tuple[int, int, int]
    load: Callable[[int], np.ndarray] = dataclasses.field(repr=False)
    "Gives a slice (rows, columns) by its number, counted from 0."
    path: Path | None = None
    voxel_size: VoxelSize | None = None
    "None where it is not known: it is never guessed."
    voxel_size_source: str = "no calibration found"
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    "Where each slice lies, if each is a file of its own."

    @classmethod
    def of_array(cls, array: np.ndarray, name: str = "volume", voxel_size: VoxelSize | None = None) -> Volume:
        """The volume in an array (slices, rows, columns)."""
        if array.ndim != 3 or 0 in array.shape:
            raise ImageError(f"a volume has slices, rows and columns, and this array has the shape {array.shape}")
        source = "no calibration found" if voxel_size is None else "given"
        depth, rows, columns = array.shape
        return cls(name, (depth, rows, columns), array.__getitem__, None, voxel_size, source)

    def __len__(self) -> int:
        """How many slices there are."""
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        """One slice after the other."""
        return map(self.slice, range(len(self)))

    def slice(self, number: int) -> np.ndarray:
        """A slice (rows, columns), counted from 0: finite numbers, or an error that names it."""
        try:
            pixels = np.asarray(self.load(number))
        except AutosegError:
            raise
        except Exception:  # decoders fail in countless ways on damaged files
            raise self._error(number, "cannot be read", "Copy or export it again.") from None
        if pixels.shape != self.shape[1:]:
            found = f"has {pixels.shape[1]} x {pixels.shape[0]} pixels" if pixels.ndim == 2 else "is no grey image"
            wanted = f"{self.shape[2]} x {self.shape[1]}"
            raise self._error(number, f"{found}, and the others have {wanted}", "All slices have one size.")
        if pixels.dtype.kind not in "biuf":
            raise self._error(number, f"holds values of type {pixels.dtype}", "Export it with real numbers.")
        if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
            count = np.count_nonzero(~np.isfinite(pixels))
            raise self._error(number, f"holds {count} values that are not finite (NaN or infinite)", "Repair it.")
        return pixels

    @property
    def pixel_size(self) -> float | None:
        """Edge of a pixel of a slice in nm, where pixels are square."""
        if self.voxel_size is None or self.voxel_size[0] != self.voxel_size[1]:
            return None
        return self.voxel_size[0]

    def _error(self, number: int, problem: str, advice: str) -> ImageError:
        if self.files:
            return ImageError(problem, file=self.files[number], advice=advice)
        return ImageError(f"slice {number + 1} {problem}", file=self.path or self.name, advice=advice)


def open_volume(path: str | os.PathLike[str], options: VolumeOptions | None = None, **changes: object) -> Volume:
    """A volume that is a folder of slices, or a file; options are given as an object, by name, or both.

    >>> import tempfile, tifffile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tifffile.imwrite(f"{folder}/a.tif", np.zeros((5, 30, 40), np.uint16))
    ...     open_volume(f"{folder}/a.tif", voxel_size=22).shape
    (5, 30, 40)
    """
    options = (options or VolumeOptions()).changed(**changes)
    path = Path(path)
    volume = _reader(path)(path, options)
    if 0 in volume.shape:
        raise ImageError("holds no voxels", file=path, advice="Export it again.")
    if options.voxel_size is None:
        return volume
    size = options.voxel_size
    edges = size if isinstance(size, tuple) else (size, size, size)
    return dataclasses.replace(volume, voxel_size=edges, voxel_size_source="given")


def _reader(path: Path) -> Callable[[Path, VolumeOptions], Volume]:
    from autoseg.images.volumes import arrays, stacks

    ending = path.suffix.lower()
    if not path.exists():
        raise ImageError("does not exist", file=path, advice="Check the name and the folder.")
    if path.is_dir():
        return arrays.read_zarr if is_zarr(path) else stacks.read_folder
    readers = {".npy": arrays.read_npy, **dict.fromkeys((".h5", ".hdf5", ".nxs", ".hdf"), arrays.read_hdf5)}
    readers |= dict.fromkeys((".raw", ".vol", ".bin", ".dat"), arrays.read_raw)
    readers |= dict.fromkeys((".tif", ".tiff", ".btf"), stacks.read_tiff)
    if ending not in readers:
        known = ", ".join(sorted(readers))
        advice = f"Give a folder of slices, a .zarr folder, or a file that ends in {known}."
        raise ImageError("is no volume that autoseg reads", file=path, advice=advice)
    return readers[ending]
