"""Volumes of pictures: folders of slices, and TIFF files of many pages."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tifffile import TiffFile, TiffFileError

from autoseg.errors import ImageError, enumerate_briefly
from autoseg.images.calibration import NANOMETRES, calibrate
from autoseg.images.decoding import decode
from autoseg.images.folders import images_in
from autoseg.images.volumes.volume import Volume, VolumeOptions, VoxelSize

LARGEST = 4_000_000_000
"Pixels of a slice."


def in_order(paths: list[Path]) -> list[Path]:
    """Slices by the numbers in their names: 9 goes before 10.

    >>> [path.name for path in in_order([Path("s10.tif"), Path("s9.tif")])]
    ['s9.tif', 's10.tif']
    """
    return sorted(paths, key=lambda path: [(int(part), "") if part.isdigit() else (0, part) for part in _parts(path)])


def last_number(path: Path) -> int | None:
    """The last number in a file's name, which counts slices; None where there is none.

    >>> last_number(Path("image_v2_07.tif"))
    7
    """
    numbers = re.findall(r"\d+", path.stem)
    return int(numbers[-1]) if numbers else None


def read_folder(path: Path, options: VolumeOptions) -> Volume:
    """A folder of slices, in the order of the numbers in their names."""
    files = in_order(images_in(path))
    first = _grey(files[0])
    notes = [f"{len(files)} files were taken for slices, {files[0].name} to {files[-1].name}."]
    if missing := _missing([last_number(file) for file in files]):
        notes.append(f"Between them, numbers are missing: {enumerate_briefly(missing)}. Grains there look thinner.")
    found = calibrate(files[0], first.shape)
    size = found.pixel_size
    if size:
        notes.append("The distance of slices was taken to be the size of their pixels.")
    shape = (len(files), first.shape[0], first.shape[1])
    voxel_size = (size, size, size) if size else None
    load = partial(_load_file, tuple(files))
    return Volume(path.name, shape, load, path, voxel_size, found.pixel_size_source, tuple(notes), tuple(files))


def read_tiff(path: Path, options: VolumeOptions) -> Volume:
    """A TIFF file of many pages, or an ImageJ stack."""
    first = decode(path, 1, LARGEST)
    if first.pages < 2:
        raise ImageError("holds one slice, and no volume", file=path, advice="Give the folder that its slices lie in.")
    try:
        with TiffFile(path) as file:
            voxel_size, source = _voxel_size(file, path, first.pixels.shape)
    except TiffFileError:  # decode() has read it; only its metadata are odd
        voxel_size, source = None, "no calibration found"
    rows, columns = first.pixels.shape
    load = partial(_load_page, path)
    return Volume(path.stem, (first.pages, rows, columns), load, path, voxel_size, source)


def _missing(numbers: list[int | None]) -> list[int]:
    """The numbers left out, where most slices follow upon each other: of every tenth slice that was kept, none is."""
    known = [number for number in numbers if number is not None]
    steps = np.diff(known).tolist()
    if len(known) < len(numbers) or steps.count(1) < len(steps) / 2:
        return []
    return sorted(set(range(known[0], known[-1])) - set(known))


def _parts(path: Path) -> list[str]:
    return re.split(r"(\d+)", path.name.casefold())


def _grey(path: Path, page: int | None = None) -> np.ndarray:
    return decode(path, page, LARGEST).pixels


def _load_file(files: tuple[Path, ...], number: int) -> np.ndarray:
    return _grey(files[number])


def _load_page(path: Path, number: int) -> np.ndarray:
    return _grey(path, number + 1)


def _voxel_size(file: TiffFile, path: Path, shape: tuple[int, int]) -> tuple[VoxelSize | None, str]:
    """Only where the distance of slices is known, too."""
    found = calibrate(path, shape)
    depth = _depth(file)
    if found.pixel_size is None or depth is None:
        return None, "no calibration found" if found.pixel_size is None else "refused: no distance of slices is known"
    return (found.pixel_size, found.pixel_size, depth), found.pixel_size_source


def _depth(file: TiffFile) -> float | None:
    """The distance of slices in nm."""
    if file.ome_metadata:
        from defusedxml.ElementTree import fromstring

        for pixels in fromstring(file.ome_metadata).iterfind(".//{*}Pixels[@PhysicalSizeZ]"):
            return _nanometres(pixels.get("PhysicalSizeZ"), pixels.get("PhysicalSizeZUnit", "µm"))
    metadata: dict[str, Any] = file.imagej_metadata or {}
    return _nanometres(metadata.get("spacing"), str(metadata.get("unit", "")).replace(r"\u00B5", "µ"))


def _nanometres(value: Any, unit: str) -> float | None:
    try:
        length = float(value) * NANOMETRES[unit.replace("µ", "μ").strip().lower()]
    except (TypeError, ValueError, KeyError):
        return None
    return length if np.isfinite(length) and length > 0 else None
