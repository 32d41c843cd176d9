"""A folder of maps, read whole: index, information and maps, everything checked against everything."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autoseg.ellipsometry.errors import MapError
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.reading.content import content_of
from autoseg.ellipsometry.reading.index_file import ENDING as INDEX_ENDING
from autoseg.ellipsometry.reading.index_file import Index, IndexRow, find_index, read_index
from autoseg.ellipsometry.reading.info_file import ENDING as INFO_ENDING
from autoseg.ellipsometry.reading.info_file import Info, read_info
from autoseg.ellipsometry.reading.map_file import MapFile, read_map
from autoseg.errors import enumerate_briefly

_SAME_WAVELENGTH, _SAME_ANGLE, _SAME_STEP = 0.1, 0.1, 1e-3  # nm, degrees, share


def read_maps(folder: str | os.PathLike[str]) -> MapSet:
    """All maps of a folder. What is missing, swapped, foreign, damaged or cut off is named.

    >>> import tempfile
    >>> from autoseg.ellipsometry.simulation import SimulationOptions, simulate_maps
    >>> from autoseg.ellipsometry.writing import write_maps
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = simulate_maps(SimulationOptions(rows=8, columns=12), np.random.default_rng(0))
    ...     _ = write_maps(made.maps, folder)
    ...     read_maps(folder)
    MapSet(sample: 11 wavelengths from 550 to 800 nm, 8 x 12 pixels)
    """
    index = read_index(find_index(Path(folder)))
    info = _find_info(index)
    _refuse_missing(index)
    files = _Hashed()
    stack, first, unsure = _read_stack(index, files)
    files.note(index.path)
    return MapSet(
        delta=stack[0],
        psi=stack[1],
        wavelengths=np.array([row.wavelength for row in index.rows]),
        angle=index.angle if index.angle is not None else first.angle,
        row_step=first.row_step or 1.0,
        wrapping=_wrapping(info, stack[0]),
        name=index.name,
        path=index.path,
        info=info,
        bandwidth=first.bandwidth,
        hashes=files.hashes,
        notes=tuple(_notes(index, info, first, unsure)),
    )


class _Hashed:
    """Reads each file once, and keeps its SHA-256."""

    def __init__(self) -> None:
        self.hashes: dict[str, str] = {}

    def read(self, path: Path) -> MapFile:
        content = content_of(path)
        self.hashes[path.name] = hashlib.sha256(content).hexdigest()
        return read_map(path, content)

    def note(self, path: Path) -> None:
        self.hashes[path.name] = hashlib.sha256(content_of(path)).hexdigest()


def _read_stack(index: Index, files: _Hashed) -> tuple[np.ndarray, MapFile, list[str]]:
    """Delta and Psi, shape (2, wavelengths, rows, columns), the first file, and those without measured values."""
    first = files.read(index.path.parent / index.rows[0].delta)
    stack = np.empty((2, len(index.rows), *first.values.shape), np.float32)
    unsure: list[str] = []
    for place, row in enumerate(index.rows):
        for channel, (kind, name) in enumerate((("Delta", row.delta), ("Psi", row.psi))):
            found = first if place == channel == 0 else files.read(index.path.parent / name)
            _check_against_index(found, row, kind)
            _check_against_first(found, first)
            stack[channel, place] = found.values
            unsure += [] if found.raw else [name]
    return stack, first, unsure


def _find_info(index: Index) -> Info | None:
    """The information beside the index, if there is any."""
    name = index.path.name[: -len(INDEX_ENDING)]
    path = index.path.with_name(name + INFO_ENDING)
    if not path.is_file():
        others = [one for one in index.path.parent.iterdir() if one.name.lower().endswith(INFO_ENDING)]
        others = [one for one in others if not one.name.startswith(".")]
        if len(others) != 1:
            return None
        path = others[0]
    return read_info(path)


def _refuse_missing(index: Index) -> None:
    names = [name for row in index.rows for name in (row.delta, row.psi)]
    missing = [name for name in names if not (index.path.parent / name).is_file()]
    if missing:
        problem = f"names {len(missing)} files that are not there: {enumerate_briefly(missing)}"
        raise MapError(problem, file=index.path, advice="Copy all maps into its folder.")


def _check_against_index(found: MapFile, row: IndexRow, kind: str) -> None:
    """A swapped or foreign file tells another kind, wavelength or angle than the index."""
    told = f"{found.kind or 'map'} at {found.wavelength or row.wavelength:g} nm"
    wrong_kind = found.kind is not None and found.kind != kind
    wrong_wavelength = found.wavelength is not None and abs(found.wavelength - row.wavelength) > _SAME_WAVELENGTH
    if wrong_kind or wrong_wavelength:
        problem = f"is {told}, but the index takes it for {kind} at {row.wavelength:g} nm"
        advice = "Files were swapped, or come from another measurement: copy the folder anew."
        raise MapError(problem, file=found.path, advice=advice)
    if found.angle is not None and row.angle is not None and abs(found.angle - row.angle) > _SAME_ANGLE:
        problem = f"was measured at {found.angle:g} degrees, but the index says {row.angle:g}"
        raise MapError(problem, file=found.path, advice="It comes from another measurement: copy the folder anew.")


def _check_against_first(found: MapFile, first: MapFile) -> None:
    if found.values.shape != first.values.shape:
        shapes = [" x ".join(map(str, one.values.shape)) for one in (found, first)]
        problem = f"has {shapes[0]} pixels, but {first.path.name} has {shapes[1]}"
        raise MapError(problem, file=found.path, advice="It comes from another measurement: copy the folder anew.")
    angles = [one.angle for one in (found, first) if one.angle is not None]
    if len(angles) == 2 and abs(angles[0] - angles[1]) > _SAME_ANGLE:
        problem = f"was measured at {angles[0]:g} degrees, but {first.path.name} at {angles[1]:g}"
        raise MapError(problem, file=found.path, advice="Put each angle into a folder and an index of its own.")
    steps = [one.row_step or 1.0 for one in (found, first)]
    if abs(steps[0] - steps[1]) > _SAME_STEP * steps[1] or found.binning != first.binning:
        problem = f"has other pixels than {first.path.name}"
        raise MapError(problem, file=found.path, advice="It comes from another measurement: copy the folder anew.")


def _wrapping(info: Info | None, delta: np.ndarray) -> str:
    told = info.wrapping if info else None
    if told is not None:
        return told
    return "-180-180" if np.nanmin(delta, initial=0) < 0 else "0-360"


def _notes(index: Index, info: Info | None, first: MapFile, unsure: list[str]) -> Iterator[str]:
    if info is None:
        yield "There is no .dsinfo.xml beside the index: nothing is known about the measurement's settings."
    elif info.tag and info.tag != index.path.name[: -len(INDEX_ENDING)]:
        yield f'{info.path.name} belongs to "{info.tag}", not to this index.'
    if info and info.crop and first.binning == 1 and (info.crop.height, info.crop.width) != first.values.shape:
        yield f"{info.path.name} tells of {info.crop.height} x {info.crop.width} pixels, the maps have others."
    if first.row_step is None:
        yield "The maps do not tell the shape of their pixels, which are taken for squares."
    if unsure:
        yield f"{len(unsure)} files hold whole degrees only, no measured values: {enumerate_briefly(unsure)}."
