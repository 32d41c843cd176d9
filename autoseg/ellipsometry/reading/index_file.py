"""The index of a measurement, `*.ds.dat`: which files hold Delta and Psi at which wavelength."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath, PureWindowsPath

from autoseg.ellipsometry.errors import MapError, SpectraError
from autoseg.ellipsometry.reading.content import content_of
from autoseg.errors import enumerate_briefly

ENDING = ".ds.dat"
_SAME_ANGLE, _SAME_WAVELENGTH = 0.005, 1e-3  # degrees, nm


@dataclass(frozen=True)
class IndexRow:
    """One wavelength. `delta` and `psi` are names of files in the folder of the index."""

    wavelength: float
    delta: str
    psi: str
    angle: float | None = None
    "Of incidence, in degrees."
    zone: str | None = None
    position: tuple[float, float] | None = None
    "Of the stage, in mm."


@dataclass(frozen=True)
class Index:
    """All wavelengths, rising."""

    path: Path
    rows: tuple[IndexRow, ...]

    @property
    def name(self) -> str:
        """The file's name up to its first dot: what begins the names of results."""
        return self.path.name.partition(".")[0]

    @property
    def angle(self) -> float | None:
        """Of incidence, in degrees."""
        return self.rows[0].angle


def find_index(folder: Path) -> Path:
    """The one index in a folder."""
    if not folder.is_dir():
        raise MapError("is not a folder", file=folder, advice="Give the folder with the .ds.dat file and the maps.")
    files = sorted(path for path in folder.iterdir() if path.name.lower().endswith(ENDING))
    files = [path for path in files if path.is_file() and not path.name.startswith(".")]
    if not files:
        advice = "Give the folder that the instrument wrote, with one .ds.dat file and its PNG maps."
        raise MapError(f"holds no {ENDING} file", file=folder, advice=advice)
    if len(files) > 1:
        problem = f"holds {len(files)} {ENDING} files: {enumerate_briefly(path.name for path in files)}"
        raise MapError(problem, file=folder, advice="Put each measurement into a folder of its own.")
    return files[0]


def read_index(path: Path) -> Index:
    """Read an index of any version: names and order of its columns differ, and so do line ends."""
    lines = [line for line in content_of(path).decode("latin-1").splitlines() if line.strip()]
    if len(lines) < 3 or not lines[0].startswith("#") or not lines[1].startswith("#"):
        advice = "It must begin with a line of names and one of units, both after #, and a row for each wavelength."
        raise MapError("is no index of maps", file=path, advice=advice)
    names, units = ([cell.strip() for cell in line[1:].split("\t")] for line in lines[:2])
    columns = {name.lower(): place for place, name in enumerate(names)}
    missing = [name for name in ("lambda", "delta", "psi") if name not in columns]
    if missing:
        problem = f"has no column {' and no column '.join(missing)}"
        raise MapError(problem, file=path, advice=f"Its columns are {', '.join(names)}.")
    _check_units(dict(zip((name.lower() for name in names), units, strict=False)), path)
    rows = [_row(line.split("\t"), columns, path) for line in lines[2:]]
    _check(rows, path)
    return Index(path, tuple(sorted(rows, key=lambda row: row.wavelength)))


def _check_units(units: Mapping[str, str], path: Path) -> None:
    for name, wanted in {"lambda": "nm", "delta": "deg", "psi": "deg"}.items():
        if units.get(name, wanted).lower() not in (wanted, "", "-", "°", "path"):
            problem = f"has {name} in {units[name]}"
            raise MapError(problem, file=path, advice=f"Export it in {wanted}.")


def _row(cells: Sequence[str], columns: Mapping[str, int], path: Path) -> IndexRow:
    found = {name: cells[place].strip() for name, place in columns.items() if place < len(cells)}
    if not {"lambda", "delta", "psi"} <= found.keys():
        problem = f'has a row with {len(cells)} of {len(columns)} cells: "{" ".join(cells)[:60]}"'
        raise MapError(problem, file=path, advice="The file seems cut off; copy it anew.")
    if _number(found["delta"]) is not None or _number(found["psi"]) is not None:
        problem = "holds plain spectra, numbers for Delta and Psi, not names of map files"
        raise SpectraError(problem, file=path, advice="Give the folder of a measurement of maps.")
    wavelength = _number(found["lambda"])
    if wavelength is None or wavelength <= 0:
        raise MapError(f'has "{found["lambda"]}" as a wavelength', file=path, advice="Write it as a number in nm.")
    position = _number(found.get("x_pos", "")), _number(found.get("y_pos", ""))
    return IndexRow(
        wavelength,
        _file_name(found["delta"], path),
        _file_name(found["psi"], path),
        _number(found.get("aoi", "")),
        found.get("zone"),
        None if position[0] is None or position[1] is None else (position[0], position[1]),
    )


def _number(text: str) -> float | None:
    """None where there is no number, or one that is not finite."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _file_name(name: str, path: Path) -> str:
    """A file beside the index: names that lead elsewhere are refused."""
    plain = PurePosixPath(name).name == name and PureWindowsPath(name).name == name and name not in ("", ".", "..")
    if not plain or not name.isprintable():
        problem = f"names {name!r}, which is no plain file name"
        raise MapError(problem, file=path, advice="All maps must lie in the folder of the index.")
    return name


def _check(rows: Sequence[IndexRow], path: Path) -> None:
    """One angle of incidence, every wavelength once, every file once."""
    angles = [row.angle for row in rows if row.angle is not None]
    if angles and (max(angles) - min(angles) > _SAME_ANGLE or len(angles) < len(rows)):
        problem = f"has several angles of incidence: {enumerate_briefly(sorted(set(angles)))}"
        raise MapError(problem, file=path, advice="Put each angle into a folder and an index of its own.")
    rising = sorted(row.wavelength for row in rows)
    repeated = [one for one, other in pairwise(rising) if other - one < _SAME_WAVELENGTH]
    if repeated:
        problem = f"has {enumerate_briefly(repeated)} nm more than once"
        raise MapError(problem, file=path, advice="Keep one row for each wavelength: one zone, position and time.")
    files = [name for row in rows for name in (row.delta, row.psi)]
    twice = sorted({name for name in files if files.count(name) > 1})
    if twice:
        raise MapError(f"names {enumerate_briefly(twice)} more than once", file=path, advice="Correct the index.")
