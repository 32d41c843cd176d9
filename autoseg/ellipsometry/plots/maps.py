"""The published pictures of maps, with titles, units, colour bars and true aspect."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from autoseg.ellipsometry.fitting.thickness_map import ThicknessMap
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.plots.canvas import map_canvas, nanometres, show_map, show_zones
from autoseg.ellipsometry.zones import Zones

_MOST_DOTS = 20_000
_PINK = "#ff2fa0"


def draw_raw(maps: MapSet, wavelength: int) -> Figure:
    """Delta and Psi at a wavelength, given by its place from 0; what was not measured is pale red."""
    nm = nanometres(maps, wavelength)
    figure, axes = map_canvas(maps, 1, 2)
    show_map(axes[0, 0], maps.delta[wavelength], maps, f"Delta at {nm}")
    show_map(axes[0, 1], maps.psi[wavelength], maps, f"Psi at {nm}")
    figure.suptitle(f"Map index: {wavelength} -- Wavelength: {nm}")
    return figure


def draw_segmented(zones: Zones, wavelength: int) -> Figure:
    """The same with every pixel replaced by the mean of its zone."""
    nm = nanometres(zones.maps, wavelength)
    figure, axes = map_canvas(zones.maps, 1, 2)
    for one, name, values in zip(axes[0], ("Delta", "Psi"), zones.segmented(wavelength), strict=True):
        show_map(one, values, zones.maps, f"{name} at {nm}, segmented", "viridis")
    figure.suptitle(f"Zones at wavelength index {wavelength}: {nm}")
    return figure


def draw_zone(zones: Zones, zone: int, wavelength: int) -> Figure:
    """Raw and segmented maps, with the pixels of one zone as pink dots on all four."""
    maps, nm = zones.maps, nanometres(zones.maps, wavelength)
    zones.refuse_unknown(zone)
    segmented = zones.segmented(wavelength)
    figure, axes = map_canvas(maps, 2, 2)
    rows, columns = np.nonzero(zones.labels == zone)
    step = max(1, len(rows) // _MOST_DOTS)
    size = np.clip((250 / maps.shape[1]) ** 2, 0.5, 20)  # about half a pixel wide: what is below can be seen
    for place, (name, raw) in enumerate((("Delta", maps.delta), ("Psi", maps.psi))):
        show_map(axes[0, place], raw[wavelength], maps, f"{name} at {nm}")
        show_map(axes[1, place], segmented[place], maps, f"{name} at {nm}, segmented", "viridis")
        for one in axes[:, place]:
            one.scatter(columns[::step], rows[::step], s=size, c=_PINK, linewidths=0, alpha=0.6)
    figure.suptitle(f"Zone {zone}: {len(rows)} pixels")
    return figure


def draw_zones(zones: Zones) -> Figure:
    """All zones in their colours."""
    figure, axes = map_canvas(zones.maps)
    show_zones(axes[0, 0], zones.labels, zones.maps, f"{zones.count} zones")
    return figure


def draw_thickness(found: ThicknessMap, maps: MapSet, film: str) -> Figure:
    """The thickness of a film, and how well it explains each pixel."""
    figure, axes = map_canvas(maps, 1, 2)
    show_map(axes[0, 0], found.thickness, maps, f"thickness of {film}", "viridis", "nm")
    show_map(axes[0, 1], found.rms, maps, "rms of N, C, S", "magma", "1")
    return figure
