"""Spectra, counts and estimates as curves, bars and histograms."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autoseg.ellipsometry.estimators import SCORES, Estimates
from autoseg.ellipsometry.plots.canvas import DELTA, PSI, canvas, nanometres, zone_colour
from autoseg.ellipsometry.zones import Zones

_BINS = 60


def draw_spectra(zones: Zones, chosen: int | None = None) -> Figure:
    """Mean Delta and Psi of all zones over the wavelength; the chosen one with dots."""
    if chosen is not None:
        zones.refuse_unknown(chosen)
    figure, axes = canvas(9.2, 3.6, 1, 2)
    spectra = zones.spectra
    for one, name, values, spread, colour in (
        (axes[0, 0], "Delta", spectra.delta, spectra.delta_spread, DELTA),
        (axes[0, 1], "Psi", spectra.psi, spectra.psi_spread, PSI),
    ):
        for zone in range(1, zones.count + 1):
            line, own = values[zone - 1], zone_colour(zone)
            marker = "o" if len(spectra.wavelengths) == 1 else None
            one.plot(spectra.wavelengths, line, color=own, label=f"zone {zone}", linewidth=1.4, marker=marker)
            if zone == chosen:
                one.errorbar(
                    spectra.wavelengths, line, spread[zone - 1], fmt="o", color=colour, markersize=4, linewidth=0.8
                )
        one.set_title(f"Mean {name}" + (f"; dots: zone {chosen}, with standard deviations" if chosen else ""))
        one.set_xlabel("wavelength / nm")
        one.set_ylabel(f"{name} / degrees")
    axes[0, 1].legend(fontsize=8, ncols=math.ceil(zones.count / 8))
    return figure


def draw_bars(zones: Zones, wavelength: int, chosen: int = 1) -> Figure:
    """How many pixels have which segmented value; Delta red, Psi blue, black lines at the chosen zone."""
    nm = nanometres(zones.maps, wavelength)
    zones.refuse_unknown(chosen)
    figure, axes = canvas(9.2, 3.2, 1, 2)
    delta, psi = zones.means(wavelength)
    for one, name, values, colour in ((axes[0, 0], "Delta", delta, DELTA), (axes[0, 1], "Psi", psi, PSI)):
        known = values[np.isfinite(values)]
        width = max(float(np.ptp(known)) / 20, 0.05) if known.size else 1
        one.bar(values, zones.pixels, width, color=colour, alpha=0.7)
        if np.isfinite(values[chosen - 1]):
            label = f"zone {chosen}: {values[chosen - 1]:.2f} degrees, {zones.pixels[chosen - 1]} pixels"
            one.axvline(values[chosen - 1], color="black", linewidth=1, label=label)
            one.legend(fontsize=8, loc="upper right")
        one.set_title(f"Segmented {name} at {nm}")
        one.set_xlabel(f"{name} / degrees")
        one.set_ylabel("pixels")
    return figure


def draw_histograms(zones: Zones, zone: int, wavelength: int) -> Figure:
    """Measured values of one zone at a wavelength, however few pixels there are."""
    maps, nm = zones.maps, nanometres(zones.maps, wavelength)
    zones.refuse_unknown(zone)
    figure, axes = canvas(9.2, 3.2, 1, 2)
    inside = zones.labels == zone
    for one, name, stack, colour in ((axes[0, 0], "Delta", maps.delta, DELTA), (axes[0, 1], "Psi", maps.psi, PSI)):
        values = stack[wavelength][inside]
        measured = values[np.isfinite(values)]
        if measured.size:
            one.hist(measured, bins=int(np.clip(len(measured) // 10, 1, _BINS)), color=colour, alpha=0.75)
        one.set_title(f"{name} of zone {zone} at {nm}: {len(measured)} of {len(values)} pixels measured", fontsize=9)
        one.set_xlabel(f"{name} / degrees")
        one.set_ylabel("pixels")
    return figure


def draw_estimates(estimates: Estimates, names: tuple[str, ...] = tuple(SCORES)) -> Figure:
    """Each score over the number of zones, with what it suggests; the time that k-means took on a second axis."""
    rows = math.ceil(len(names) / 2)
    figure, axes = canvas(9.2, 2.7 * rows, rows, 2 if len(names) > 1 else 1)
    for one, name in zip(axes.flat, names, strict=False):
        scores, suggested = estimates.scores[name], estimates.suggested[name]
        if name == "gap":
            one.errorbar(estimates.counts, scores, estimates.gap_errors, color=PSI, marker="D", markersize=4)
        else:
            one.plot(estimates.counts, scores, color=PSI, marker="D", markersize=4)
        label = "no bend" if suggested is None else f"suggests k = {suggested}"
        if suggested is not None:
            score = scores[list(estimates.counts).index(suggested)]
            bend = name == "distortion" or (name == "calinski_harabasz" and estimates.options.features == "published")
            label = f"{'elbow at' if bend else 'best:'} k = {suggested}, score = {score:.4g}"
            one.axvline(suggested, color="black", linestyle="--", linewidth=1, label=label)
            one.legend(fontsize=8)
        one.set_title(SCORES[name] + (f" ({label})" if suggested is None else ""))
        one.set_xlabel("number of zones k")
        one.set_ylabel("score")
        one.xaxis.set_major_locator(MaxNLocator(integer=True))
        if name == "distortion":
            second = one.twinx()
            second.plot(estimates.counts, estimates.seconds, color="#999999", linestyle=":", marker="d", markersize=3)
            second.set_ylabel("fit time / s", color="#777777")
    for one in list(axes.flat)[len(names) :]:
        one.set_axis_off()
    return figure
