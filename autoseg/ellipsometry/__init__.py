"""The ellipsometry wing: maps of Delta and Psi become zones, their spectra, and thicknesses."""

from __future__ import annotations

from autoseg.lazy import lazily

# Imported at first use: `import autoseg` stays fast.
_HOMES = {
    "ClusterOptions": "autoseg.ellipsometry.zones",
    "Estimates": "autoseg.ellipsometry.estimators",
    "EstimateOptions": "autoseg.ellipsometry.estimators",
    "Film": "autoseg.ellipsometry.fitting.structure",
    "Fit": "autoseg.ellipsometry.fitting.fit",
    "FitOptions": "autoseg.ellipsometry.fitting.fit",
    "MapError": "autoseg.ellipsometry.errors",
    "MapSet": "autoseg.ellipsometry.map_set",
    "SimulationOptions": "autoseg.ellipsometry.simulation",
    "LayerOptions": "autoseg.ellipsometry.layers",
    "Structure": "autoseg.ellipsometry.fitting.structure",
    "ZoneReportOptions": "autoseg.ellipsometry.report",
    "Zones": "autoseg.ellipsometry.zones",
    "cluster": "autoseg.ellipsometry.zones",
    "estimate_clusters": "autoseg.ellipsometry.estimators",
    "fill_maps": "autoseg.ellipsometry.filling",
    "find_layers": "autoseg.ellipsometry.layers",
    "find_material": "autoseg.ellipsometry.fitting.materials",
    "fit_zones": "autoseg.ellipsometry.fitting.fit",
    "map_thickness": "autoseg.ellipsometry.fitting.thickness_map",
    "read_maps": "autoseg.ellipsometry.reading.folder",
    "refine": "autoseg.ellipsometry.zones",
    "report_zones": "autoseg.ellipsometry.report",
    "simulate_maps": "autoseg.ellipsometry.simulation",
    "write_maps": "autoseg.ellipsometry.writing",
}

__all__ = list(_HOMES)
__getattr__ = lazily(__name__, _HOMES)
