"""The spectrum of one zone as a file that a program for fitting reads. Unmeasured wavelengths are left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from autoseg.ellipsometry.errors import MapError
from autoseg.ellipsometry.zones import Zones
from autoseg.files import written_whole


class Spectrum(NamedTuple):
    """What was measured of one zone; wavelengths in nm, all else in degrees."""

    title: str
    angle: float
    wavelengths: np.ndarray
    delta: np.ndarray
    psi: np.ndarray
    delta_error: np.ndarray
    psi_error: np.ndarray


def spectrum_of(zones: Zones, zone: int) -> Spectrum:
    """The spectrum of a zone, where it was measured."""
    zones.refuse_unknown(zone)
    found = zones.spectra
    if found.angle is None:
        advice = "Give it: dataclasses.replace(maps, angle=50.0)."
        raise MapError("does not tell the angle of incidence", file=zones.maps.path, advice=advice)
    kept = np.isfinite(found.delta[zone - 1])
    values = (part[zone - 1][kept] for part in (found.delta, found.psi, found.delta_spread, found.psi_spread))
    return Spectrum(f"{zones.maps.name} zone {zone}", found.angle, found.wavelengths[kept], *values)


def write_accurion(path: Path, spectrum: Spectrum) -> None:
    """As the instrument itself writes spectra (.ds.dat): pyElli and refellips read it."""
    rows = zip(spectrum.wavelengths, spectrum.delta, spectrum.psi, strict=True)
    lines = ["#Lambda\tLambda\tAOI\tDelta\tPsi", "#nm\tnm\tdeg\tdeg\tdeg"]
    lines += [f"{w:.4f}\t{w:.4f}\t{spectrum.angle:.4f}\t{delta:.6f}\t{psi:.6f}" for w, delta, psi in rows]
    _write(path, lines)


def write_wvase(path: Path, spectrum: Spectrum) -> None:
    """For WVASE; pyElli reads it, too."""
    _write(path, [spectrum.title, "VASEmethod[EllipsometerType=4]", "Original", "nm", *_woollam_rows(spectrum, "")])


def write_completeease(path: Path, spectrum: Spectrum) -> None:
    """For CompleteEASE; pyElli reads it, too."""
    _write(path, [spectrum.title, "VASEmethod[EllipsometerType=4]", "Original", "nm", *_woollam_rows(spectrum, "E\t")])


def write_refellips(path: Path, spectrum: Spectrum) -> None:
    """Four columns, for refellips."""
    rows = zip(spectrum.wavelengths, spectrum.psi, spectrum.delta, strict=True)
    lines = [f"{w:.4f}\t{spectrum.angle:.4f}\t{psi:.6f}\t{delta:.6f}" for w, psi, delta in rows]
    _write(path, ["wavelength_nm\tAOI\tPsi\tDelta", *lines])


def write_nexus(path: Path, spectrum: Spectrum) -> None:
    """HDF5 after the NeXus definition NXellipsometry: pyElli reads it. Wavelengths are in Angstrom."""
    with written_whole(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXellipsometry"
        entry["title"] = spectrum.title
        instrument = entry.create_group("instrument")
        instrument.attrs["NX_class"] = "NXinstrument"
        angle = instrument.create_dataset("angle_of_incidence", data=np.array([spectrum.angle]))
        angle.attrs["units"] = "degree"
        collection = entry.create_group("data_collection")
        collection.attrs["NX_class"] = "NXprocess"
        collection["data_type"] = "Psi/Delta"
        wavelengths = collection.create_dataset("wavelength_spectrum", data=10 * spectrum.wavelengths)
        wavelengths.attrs["units"] = "angstrom"
        measured = collection.create_dataset("measured_data", data=np.stack([spectrum.psi, spectrum.delta])[None])
        measured.attrs["units"] = "degree"
        errors = np.stack([spectrum.psi_error, spectrum.delta_error])[None]
        collection.create_dataset("data_error", data=errors).attrs["units"] = "degree"


PROGRAMS: dict[str, tuple[str, Callable[[Path, Spectrum], None]]] = {
    "accurion": (".ds.dat", write_accurion),
    "wvase": ("_wvase.dat", write_wvase),
    "completeease": ("_completeease.dat", write_completeease),
    "refellips": ("_refellips.txt", write_refellips),
    "nexus": (".nxs", write_nexus),
}
"How the file for each program ends, and what writes it."


def _woollam_rows(spectrum: Spectrum, begin: str) -> list[str]:
    """Errors of 0 would be infinite weights: they are at least 0.001 degrees."""
    columns = (
        spectrum.wavelengths,
        np.full(len(spectrum.psi), spectrum.angle),
        spectrum.psi,
        spectrum.delta,
        np.maximum(spectrum.psi_error, 1e-3),
        np.maximum(spectrum.delta_error, 1e-3),
    )
    return [begin + "\t".join(f"{value:.6f}" for value in row) for row in zip(*columns, strict=True)]


def _write(path: Path, lines: list[str]) -> None:
    with written_whole(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="ascii", errors="replace", newline="\n")
