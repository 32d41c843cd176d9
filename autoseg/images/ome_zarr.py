"""What Zarr folders of images and of volumes share: how they are known, and what OME says of their axes."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from autoseg.errors import ImageError
from autoseg.images.calibration import NANOMETRES

_MARKS = ("zarr.json", ".zgroup", ".zarray")
"Files by which a folder is known to be Zarr."
_UNITS = {"nanometer": 1.0, "micrometer": 1e3, "millimeter": 1e6, "angstrom": 0.1}


def is_zarr(path: Path) -> bool:
    """Whether a folder is Zarr's, rather than one of images or slices."""
    return any((path / mark).is_file() for mark in _MARKS)


def zarr_package(path: Path) -> Any:
    """Zarr, which not everybody needs; where it is missing, the command that installs it is told."""
    try:
        return importlib.import_module("zarr")
    except ImportError:
        advice = "Run: pip install 'autoseg[volumes]'"
        raise ImageError("is Zarr, which needs the package zarr", file=path, advice=advice) from None


def find_multiscales(attributes: dict[str, Any]) -> dict[str, Any] | None:
    """The first image that OME-Zarr (0.4 or 0.5) tells of, with its resolutions, if there is one."""
    several = attributes.get("ome", attributes).get("multiscales")
    return several[0] if several else None


def axis_lengths(scales: dict[str, Any], resolution: dict[str, Any], count: int) -> list[float | None]:
    """Distance of samples in nm along the last axes of a resolution; None where it is not told.

    >>> axes = [{"name": "y", "unit": "micrometer"}, {"name": "x"}]
    >>> axis_lengths({"axes": axes}, {"coordinateTransformations": [{"type": "scale", "scale": [0.5, 0.5]}]}, 2)
    [500.0, None]
    """
    told = resolution.get("coordinateTransformations", [])
    factors = [one["scale"] for one in told if one.get("type") == "scale"]
    units = [axis.get("unit") for axis in scales.get("axes", []) if isinstance(axis, dict)][-count:]
    if not factors or len(units) < count or len(factors[0]) < count:
        return [None] * count
    lengths = [_UNITS.get(unit, NANOMETRES.get(unit)) if unit else None for unit in units]
    sides = zip(factors[0][-count:], lengths, strict=True)
    return [float(factor) * length if length else None for factor, length in sides]
