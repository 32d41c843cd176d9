"""Everything that is reported of maps in zones: tables, labels, files for other programs, run.json and a page."""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydantic

from autoseg.ellipsometry.estimators import Estimates
from autoseg.ellipsometry.exports.label_image import write_zone_labels
from autoseg.ellipsometry.exports.programs import PROGRAMS, spectrum_of
from autoseg.ellipsometry.exports.published import write_clustershot, write_coordinates
from autoseg.ellipsometry.exports.tables import spectra_table, zones_table
from autoseg.ellipsometry.layers import Layers
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.page import render_zones
from autoseg.ellipsometry.zones import Zones
from autoseg.files import written_whole
from autoseg.images.names import names_for, refuse_inputs
from autoseg.images.tables import write_csv
from autoseg.measurement.intake import writing_to
from autoseg.measurement.run_record import plain, versions, write_json
from autoseg.options import Options

_PROGRAMS = "programs"  # folder of the files for other programs


class ZoneReportOptions(Options):
    """What is written about zones."""

    pixel_size: float | None = pydantic.Field(None, gt=0)
    "Width of a column in um: no file tells it, and it is never guessed."
    programs: bool = True
    "Whether the spectrum of each zone is written for pyElli, refellips, WVASE, CompleteEASE and as NXellipsometry."
    title: str = "Ellipsometric zones"
    "Of the report."


@dataclass(frozen=True, eq=False)
class ZoneReport:
    """Where the results are, and what to be careful about."""

    folder: Path
    files: Mapping[str, Path]
    "By what they hold: page, run, spectra, zones, labels, clustershot, coordinates, and the program for each zone."
    zones: Zones
    warnings: tuple[str, ...]


def report_zones(
    zones: Zones,
    folder: str | os.PathLike[str],
    options: ZoneReportOptions | None = None,
    *,
    estimates: Estimates | None = None,
    layers: Layers | None = None,
    settings: Mapping[str, Any] | None = None,
) -> ZoneReport:
    """Write all results into a folder; `settings` are recorded in run.json beside what the zones know themselves."""
    options, folder, started = options or ZoneReportOptions(), Path(folder), datetime.now().astimezone()
    settings = plain(settings or {})  # whatever cannot be written is refused before anything is removed
    files = _names(zones, folder, options)
    _prepare(folder, files.values(), zones.maps)
    write_csv(files["spectra"], spectra_table(zones))
    write_csv(files["zones"], zones_table(zones, options.pixel_size))
    write_zone_labels(files["labels"], zones, options.pixel_size)
    write_clustershot(files["clustershot"], zones)
    write_coordinates(files["coordinates"], zones)
    for zone in _written(zones, options):
        for program, (_, write) in PROGRAMS.items():
            write(files[f"{program}_{zone}"], spectrum_of(zones, zone))
    warnings = (*find_warnings(zones), *(layers.warnings() if layers else ()))
    run = _describe_run(zones, files, folder, options, estimates, layers, started, warnings, settings)
    write_json(files["run"], run)
    page = render_zones(zones, run, warnings, options.pixel_size, estimates, layers)
    with written_whole(files["page"]) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
    return ZoneReport(folder, files, zones, warnings)


def find_warnings(zones: Zones) -> list[str]:
    """What to be careful about."""
    maps, found = zones.maps, list(zones.maps.notes)
    worst = float(maps.unmeasured_shares.max())
    if worst > 0 and zones.options.features == "published":
        found.append(
            f"Up to {100 * worst:.1f} % of the values at a wavelength were not measured, and the zones rest on values "
            "filled as published, which draws streaks."
        )
    elif worst > 0:
        share = f"{100 * worst:.1f} %"
        found.append(
            f"Up to {share} of the values at a wavelength were not measured; zones and means rest on the others."
        )
    sparse = (zones.spectra.count < 0.5 * zones.pixels[:, None]) & (zones.pixels[:, None] > 0)
    for zone in np.flatnonzero(sparse.any(axis=1)):
        places = ", ".join(f"{nm:g}" for nm in maps.wavelengths[sparse[zone]])
        found.append(
            f"Less than half of zone {zone + 1} was measured at {places} nm: its means there are those of a part."
        )
    if (zones.pixels == 0).any():
        found.append("Some zones are empty: there are fewer kinds of pixels than zones were asked for.")
    return found


def summary_lines(report: ZoneReport) -> list[str]:
    """The results in a few lines for a terminal."""
    zones = report.zones
    lines = [repr(zones.maps)]
    for zone in range(1, zones.count + 1):
        delta, psi = zones.spectra.delta[zone - 1, 0], zones.spectra.psi[zone - 1, 0]
        lines.append(
            f"zone {zone}: {zones.pixels[zone - 1]} pixels, {100 * zones.shares[zone - 1]:.1f} %, "
            f"Delta {delta:.2f}, Psi {psi:.2f} degrees at {zones.maps.wavelengths[0]:g} nm"
        )
    return [*lines, *(f"Warning: {warning}" for warning in report.warnings), f"Report: {report.files['page']}"]


def _prepare(folder: Path, files: Iterable[Path], maps: MapSet) -> None:
    """Refuse to overwrite inputs, and remove the results of an earlier report, which could be mistaken for new ones."""
    earlier = {*files, *_earlier_programs(folder, maps)}
    if maps.path is not None:
        refuse_inputs(earlier, [maps.path.parent / name for name in maps.hashes])
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in earlier:
            path.unlink(missing_ok=True)


def _earlier_programs(folder: Path, maps: MapSet) -> list[Path]:
    """Files for programs about any zone of these maps: an earlier report may have had more zones than this one."""
    endings = "|".join(re.escape(ending) for ending, _ in PROGRAMS.values())
    known = re.compile(rf"{re.escape(_base_name(maps))}_zone[1-9]\d*({endings})")
    return [path for path in (folder / _PROGRAMS).glob("*") if known.fullmatch(path.name)]


def _written(zones: Zones, options: ZoneReportOptions) -> list[int]:
    """Zones whose spectra are written for other programs."""
    if not options.programs or zones.maps.angle is None:
        return []
    return [zone for zone in range(1, zones.count + 1) if zones.spectra.count[zone - 1].any()]


def _names(zones: Zones, folder: Path, options: ZoneReportOptions) -> dict[str, Path]:
    name = _base_name(zones.maps)
    files = {
        "page": folder / "report.html",
        "run": folder / "run.json",
        "spectra": folder / "spectra.csv",
        "zones": folder / "zones.csv",
        "labels": folder / f"{name}_zones.tif",
        "clustershot": folder / f"{name}_clustershot.dat",
        "coordinates": folder / f"{name}_coordinates.dat",
    }
    for zone in _written(zones, options):
        for program, (ending, _) in PROGRAMS.items():
            files[f"{program}_{zone}"] = folder / _PROGRAMS / f"{name}_zone{zone}{ending}"
    return files


def _base_name(maps: MapSet) -> str:
    """What the names of all files about these maps begin with."""
    return names_for([maps.name + ".dat"])[0]


def _describe_run(
    zones: Zones,
    files: Mapping[str, Path],
    folder: Path,
    options: ZoneReportOptions,
    estimates: Estimates | None,
    layers: Layers | None,
    started: datetime,
    warnings: tuple[str, ...],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of run.json."""
    known = {**versions(), "scikit-learn": importlib.metadata.version("scikit-learn")}
    return {
        "autoseg": known["autoseg"],
        "date": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now().astimezone() - started).total_seconds(), 3),
        "seed": zones.options.seed,
        "versions": known,
        "settings": plain(
            {
                "cluster": zones.options,
                "refined": list(zones.refined),
                **({"estimate": estimates.options} if estimates else {}),
                **settings,
            }
        ),
        "report": plain(options),
        "inputs": _describe_maps(zones.maps),
        "zones": plain(zones_table(zones, options.pixel_size).to_dict("records")),
        "suggested": dict(estimates.suggested) if estimates else None,
        "layers": plain(layers.described()) if layers else None,
        "results": {kind: path.relative_to(folder).as_posix() for kind, path in files.items()},
        "failures": [],
        "warnings": list(warnings),
    }


def _describe_maps(maps: MapSet) -> list[dict[str, Any]]:
    about = {
        "path": str(maps.path) if maps.path else None,
        "rows": maps.shape[0],
        "columns": maps.shape[1],
        "row_step": maps.row_step,
        "wavelengths_nm": maps.wavelengths.tolist(),
        "angle_of_incidence_deg": maps.angle,
        "bandwidth_nm": maps.bandwidth,
        "delta_wrapping": maps.wrapping,
        "unmeasured_shares": maps.unmeasured_shares.round(6).tolist(),
        "comment": maps.comment,
        "measurement": dict(maps.info.values) if maps.info else {},
        "sha256": dict(maps.hashes),
        "notes": list(maps.notes),
    }
    return [plain(about)]
