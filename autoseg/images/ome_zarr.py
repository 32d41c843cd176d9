"""What Zarr folders of images and of volumes share: how they are known, and what OME says of their axes."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from autoseg.errors import ImageError
from autoseg.images.calibration import NANOMETRES

_MARKS = ("zarr.json", ".zgroup", ".zarray")
"Files by which a folder is known to be Zarr."
_UNITS = {
    "picometer": 1e-3,
    "angstrom": 0.1,
    "nanometer": 1.0,
    "micrometer": 1e3,
    "millimeter": 1e6,
    "centimeter": 1e7,
    "meter": 1e9,
}


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
    factors = _factors(resolution, count)
    units = [axis.get("unit") for axis in scales.get("axes", []) if isinstance(axis, dict)][-count:]
    if factors is None or len(units) < count:
        return [None] * count
    of_all = _factors(scales, count) or [1.0] * count
    lengths = [_UNITS.get(unit, NANOMETRES.get(unit)) if unit else None for unit in units]
    sides = zip(factors, of_all, lengths, strict=True)
    return [factor * further * length if length else None for factor, further, length in sides]


def _factors(told: dict[str, Any], count: int) -> list[float] | None:
    """By which the last axes are scaled: those of one resolution, or, on top of these, of all of them."""
    for one in told.get("coordinateTransformations", []):
        if one.get("type") == "scale" and len(one["scale"]) >= count:
            return [float(factor) for factor in one["scale"][-count:]]
    return None
