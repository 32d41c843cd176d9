"""The two files of the published program, in its layout, but uncut: clusters are numbered from 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autoseg.ellipsometry.zones import Zones
from autoseg.files import written_whole


def write_clustershot(path: Path, zones: Zones) -> None:
    """Mean Delta and Psi over wavelengths: commas, despite the ending; a row for each wavelength, all Deltas first."""
    found = zones.centres
    delta, psi = (zones.spectra.delta, zones.spectra.psi) if found is None else (found[..., 0], found[..., 1])
    count = range(zones.count)
    header = ["", "WL_idx", "WL", *(f"delta_cluster_{n}" for n in count), *(f"psi_cluster_{n}" for n in count)]
    rows = [
        [str(place), str(place), str(float(wavelength)), *map(_number, delta[:, place]), *map(_number, psi[:, place])]
        for place, wavelength in enumerate(zones.maps.wavelengths)
    ]
    _write(path, [header, *rows])


def write_coordinates(path: Path, zones: Zones) -> None:
    """Row and column of every pixel of each zone, from 0; columns of smaller zones end in empty cells."""
    places = [np.nonzero(zones.labels == zone) for zone in range(1, zones.count + 1)]
    columns = [list(map(str, part.tolist())) for rows_columns in places for part in rows_columns]
    longest = max(map(len, columns))
    header = ["", "pixel_idx"]
    for number in range(zones.count):
        header += [f"Cys_cluster_{number}", f"Cxs_cluster_{number}"]
    numbers = list(map(str, range(longest)))
    padded = [numbers, numbers, *(column + [""] * (longest - len(column)) for column in columns)]
    _write(path, [header, *zip(*padded, strict=True)])


def _number(value: float) -> str:
    """As float32 printed in full."""
    return "" if np.isnan(value) else str(float(np.float32(value)))


def _write(path: Path, rows: list) -> None:
    with written_whole(path) as partial:
        partial.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8", newline="\n")
