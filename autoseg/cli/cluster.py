"""autoseg cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from autoseg.cli.messages import fail
from autoseg.cli.parameters import AsJson
from autoseg.cli.verbs import FITTING, REPORT, ZONES
from autoseg.ellipsometry.estimators import EstimateOptions, estimate_clusters
from autoseg.ellipsometry.fitting.materials import MATERIALS
from autoseg.ellipsometry.layers import LayerOptions, find_layers
from autoseg.ellipsometry.reading.folder import read_maps
from autoseg.ellipsometry.report import ZoneReportOptions, report_zones, summary_lines
from autoseg.ellipsometry.zones import ClusterOptions, refine
from autoseg.ellipsometry.zones import cluster as cluster_maps
from autoseg.errors import OptionsError

_Clustering = Annotated[ClusterOptions, Parameter(name="*", group=ZONES)]
_Reporting = Annotated[ZoneReportOptions, Parameter(name="*", group=REPORT)]
_Layering = Annotated[LayerOptions, Parameter(name="*", group=FITTING)]


def cluster(
    folder: Path,
    /,
    *,
    output: Path,
    options: _Clustering = ClusterOptions(),
    refine_zones: Annotated[list[int], Parameter(name="--refine", group=ZONES, consume_multiple=True)] = [],  # noqa: B006
    estimate: Annotated[bool, Parameter(negative=(), group=ZONES)] = False,
    layers: _Layering = LayerOptions(),
    reporting: _Reporting = ZoneReportOptions(),
    as_json: AsJson = False,
) -> int:
    """Write zones and their spectra into a folder, and print a summary.

    Parameters
    ----------
    folder
        Folder with one .ds.dat file and its maps.
    output
        Folder for the results.
    refine_zones
        Zones of the result that are clustered once more, into two each.
    estimate
        Also score 2 to 10 zones, to see how many there might be.
    """
    _refuse_without_film(layers)
    maps = read_maps(folder)
    zones = cluster_maps(maps, options)
    for zone in refine_zones:
        zones = refine(zones, zone)
    estimates = None
    if estimate:
        estimates = estimate_clusters(maps, EstimateOptions(features=options.features, seed=options.seed))
    fitted = find_layers(zones, layers) if layers.film is not None else None
    settings = {"layers": layers} if fitted else {}
    report = report_zones(zones, output, reporting, estimates=estimates, layers=fitted, settings=settings)
    if as_json:
        print(report.files["run"].read_text(encoding="utf-8"), end="")
    else:
        print("\n".join(summary_lines(report)))
    return 0 if zones.pixels.all() else fail("a zone is empty: ask for fewer clusters")


def _refuse_without_film(layers: LayerOptions) -> None:
    """Raise an error where options tell how layers are fitted, but nothing says that they are."""
    given = [f"--{name.replace('_', '-')}" for name in sorted(layers.model_fields_set - {"film"})]
    if layers.film is None and given:
        problem = f"{', '.join(given)} would change nothing, because no layers are fitted"
        materials = ", ".join(MATERIALS)
        raise OptionsError(problem, advice=f"Add --film with the material of the flakes, one of {materials}.")
