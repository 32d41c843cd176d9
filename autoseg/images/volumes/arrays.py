"""Volumes of numbers: .npy and raw files, HDF5, and Zarr with the scales of OME."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError
from typing import Any

import h5py
import numpy as np

from autoseg.errors import ImageError
from autoseg.images.ome_zarr import axis_lengths, find_multiscales, zarr_package
from autoseg.images.volumes.volume import Volume, VolumeOptions, VoxelSize


def read_npy(path: Path, options: VolumeOptions) -> Volume:
    """An array that NumPy saved; it is mapped, not loaded."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, TokenError):
        raise ImageError("is no array that NumPy saved", file=path, advice="Save it with numpy.save.") from None
    return _volume(path, array)


def read_raw(path: Path, options: VolumeOptions) -> Volume:
    """Numbers without a header; their shape and type have to be told."""
    if options.shape is None or options.dtype is None:
        problem = "is a raw file, which does not tell its shape and type"
        advice = 'Give both, such as shape = [512, 1024, 1024] (slices, rows, columns) and dtype = "uint16".'
        raise ImageError(problem, file=path, advice=advice)
    try:
        dtype = np.dtype(options.dtype)
    except TypeError:
        raise ImageError(f'cannot hold values of type "{options.dtype}"', file=path, advice="Try uint16.") from None
    wanted, there = options.offset + int(np.prod(options.shape)) * dtype.itemsize, path.stat().st_size
    if wanted != there:
        problem = f"has {there} bytes, and {' x '.join(map(str, options.shape))} values of {dtype} are {wanted}"
        raise ImageError(problem, file=path, advice="Check shape, dtype and offset.")
    return _volume(path, np.memmap(path, dtype, "r", options.offset, options.shape))


def read_hdf5(path: Path, options: VolumeOptions) -> Volume:
    """A dataset of an HDF5 file; it stays open while the volume is in use."""
    try:
        file = h5py.File(path)
    except OSError:
        raise ImageError("is no HDF5 file, or damaged", file=path, advice="Copy or export it again.") from None
    found: dict[str, Any] = {}
    file.visititems(lambda name, item: _collect(found, name, item))
    dataset = _chosen(path, found, options.dataset)
    edges = dataset.attrs.get("element_size_um")  # z, y, x, as Fiji and ilastik write it
    if edges is None or np.shape(edges) != (3,):
        return _volume(path, dataset)
    z, y, x = (float(edge) * 1e3 for edge in edges)
    return _volume(path, dataset, (x, y, z), "HDF5 attribute element_size_um")


def read_zarr(path: Path, options: VolumeOptions) -> Volume:
    """An array of a Zarr folder; of OME-Zarr, that of full resolution."""
    zarr = zarr_package(path)
    root = zarr.open(str(path), mode="r")
    if not hasattr(root, "members"):
        return _volume(path, root)
    found: dict[str, Any] = {}
    for name, item in root.members(max_depth=None):
        _collect(found, name, item)
    scales = find_multiscales(dict(root.attrs))
    finest = scales["datasets"][0] if scales else {}
    array = _chosen(path, found, options.dataset or finest.get("path"))
    size = _edges(scales or {}, finest) if finest and options.dataset in (None, finest.get("path")) else None
    return _volume(path, array, size, "OME-Zarr coordinate transformation")


def _collect(found: dict[str, Any], name: str, item: Any) -> None:
    """Remember what has three dimensions, those of length 1 left out."""
    if hasattr(item, "shape") and len(_long(item.shape)) == 3 and 1 not in item.shape[-3:]:
        found[name.strip("/")] = item


def _long(shape: tuple[int, ...]) -> list[int]:
    return [length for length in shape if length > 1]


def _chosen(path: Path, found: dict[str, Any], wanted: str | None) -> Any:
    if wanted is not None and wanted.strip("/") in found:
        return found[wanted.strip("/")]
    there = f"Choose with dataset one of {', '.join(sorted(found))}." if found else "Export one with three dimensions."
    if wanted is not None:
        raise ImageError(f'has no volume "{wanted}"', file=path, advice=there)
    if len(found) != 1:
        raise ImageError(f"holds {len(found)} volumes" if found else "holds no volume", file=path, advice=there)
    return next(iter(found.values()))


def _edges(scales: dict[str, Any], resolution: dict[str, Any]) -> VoxelSize | None:
    """Of a voxel, if all are known."""
    z, y, x = axis_lengths(scales, resolution, 3)
    return None if z is None or y is None or x is None else (x, y, z)


def _volume(path: Path, array: Any, voxel_size: VoxelSize | None = None, source: str = "") -> Volume:
    shape = tuple(array.shape)
    if len(shape) < 3 or any(length != 1 for length in shape[:-3]):
        advice = "Save it with slices, rows and columns."
        raise ImageError(f"has the shape {shape}, and a volume three dimensions", file=path, advice=advice)
    depth, rows, columns = shape[-3:]
    about = source if voxel_size else "no calibration found"
    return Volume(path.stem, (depth, rows, columns), _slices_of(array, len(shape) - 3), path, voxel_size, about)


def _slices_of(array: Any, before: int) -> Callable[[int], np.ndarray]:
    return lambda number: np.asarray(array[(*[0] * before, number)])
