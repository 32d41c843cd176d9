"""The page about zones: one HTML file that carries its pictures inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from autoseg.ellipsometry.estimators import SCORES, Estimates
from autoseg.ellipsometry.layers import Layers
from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.plots.canvas import as_png, zone_colour
from autoseg.ellipsometry.plots.curves import draw_estimates, draw_spectra
from autoseg.ellipsometry.plots.maps import draw_raw, draw_segmented, draw_thickness, draw_zones
from autoseg.ellipsometry.zones import Zones
from autoseg.measurement.page_parts import embedded, fill_template

_METHODS = {"k-means": "k-means", "mixture": "a mixture of Gaussians", "minibatch": "mini-batch k-means"}
_FEATURES = {
    "ncs": "N = cos 2Ψ, C = sin 2Ψ cos Δ and S = sin 2Ψ sin Δ at each wavelength, over measured values only",
    "faint": "N, C and S at each wavelength, in units of their noise and compressed by the inverse hyperbolic sine, "
    "over measured values only",
    "published": "Δ and Ψ in degrees, missing values filled by a Gaussian mean of their surroundings",
}
_REFERENCES = (
    "H. Fujiwara, Spectroscopic Ellipsometry: Principles and Applications, Wiley (2007)",
    "D. Arthur, S. Vassilvitskii, k-means++: the advantages of careful seeding, Proc. SODA 2007, 1027-1035",
    "F. Pedregosa et al., Scikit-learn: machine learning in Python, J. Mach. Learn. Res. 12, 2825-2830 (2011)",
)
_GAP = "R. Tibshirani, G. Walther, T. Hastie, Estimating the number of clusters, J. R. Stat. Soc. B 63, 411-423 (2001)"


def render_zones(
    zones: Zones,
    run: Mapping[str, Any],
    warnings: Sequence[str],
    pixel_size: float | None = None,
    estimates: Estimates | None = None,
    layers: Layers | None = None,
) -> str:
    """The page as text; `run` is what run.json holds."""
    maps = zones.maps
    return fill_template(
        "zones.html",
        run,
        warnings,
        "autoseg.ellipsometry",
        overview=_overview(maps, zones),
        zones=_zones(zones),
        figures=_figures(zones, estimates, layers),
        pixel_size=pixel_size,
        row_step=maps.row_step,
        first=f"{maps.wavelengths[0]:g}",
        unmeasured=[
            (f"{nm:g}", f"{100 * share:.2g} %")
            for nm, share in zip(maps.wavelengths, maps.unmeasured_shares, strict=True)
        ],
        suggestions=[(SCORES[name], found) for name, found in estimates.suggested.items()] if estimates else [],
        sampled=estimates.pixels if estimates else 0,
        fits=layers.rows() if layers else [],
        sources=layers.sources() if layers else [],
        indices=layers.indices if layers else None,
        angle=maps.angle,
        method=_describe(zones),
        references=[*_REFERENCES, *([_GAP] if estimates else [])],
    )


def _overview(maps: MapSet, zones: Zones) -> list[tuple[str, str]]:
    """Names and values."""
    first, last = maps.wavelengths[[0, -1]]
    lost = int((~maps.usable).sum())
    return [
        ("Measurement", maps.name),
        ("Wavelengths", f"{len(maps.wavelengths)}, {first:g} to {last:g} nm"),
        ("Angle of incidence", "unknown" if maps.angle is None else f"{maps.angle:g} degrees"),
        ("Pixels", f"{maps.shape[0]} rows x {maps.shape[1]} columns; a row is {maps.row_step:.4g} columns high"),
        *(
            [("Method of the instrument", maps.info.values["method"])]
            if maps.info and "method" in maps.info.values
            else []
        ),
        *([("Comment in the file", maps.comment)] if maps.comment else []),
        ("Pixels measured at no wavelength", str(lost)),
        ("Zones", str(zones.count)),
        *([("Zones clustered once more", ", ".join(map(str, zones.refined)))] if zones.refined else []),
    ]


def _zones(zones: Zones) -> list[dict[str, Any]]:
    spectra = zones.spectra
    return [
        {
            "number": zone + 1,
            "colour": zone_colour(zone + 1),
            "pixels": int(zones.pixels[zone]),
            "share": float(zones.shares[zone]),
            "area": float(zones.areas[zone]),
            "delta": _with_spread(spectra.delta[zone, 0], spectra.delta_spread[zone, 0]),
            "psi": _with_spread(spectra.psi[zone, 0], spectra.psi_spread[zone, 0]),
            "measured": float(spectra.count[zone].mean() / max(1, zones.pixels[zone])),
        }
        for zone in range(zones.count)
    ]


def _with_spread(value: float, spread: float) -> str:
    return "-" if value != value else f"{value:.2f} ± {spread:.2f}"


def _figures(zones: Zones, estimates: Estimates | None, layers: Layers | None) -> dict[str, list[tuple[str, str]]]:
    middle = len(zones.maps.wavelengths) // 2
    places = sorted({0, middle, len(zones.maps.wavelengths) - 1})
    order = "" if zones.refined else ", numbered by rising Delta at the first wavelength"  # parts come after all others
    drawn: dict[str, list[tuple[str, Figure]]] = {
        "zones": [(f"Zones{order}", draw_zones(zones))],
        "spectra": [("Mean Delta and Psi of each zone, from measured values", draw_spectra(zones))],
        "maps": [
            (f"Measured at {zones.maps.wavelengths[place]:g} nm", draw_raw(zones.maps, place)) for place in places
        ],
        "estimates": [],
        "layers": [],
    }
    drawn["maps"].append((f"Segmented at {zones.maps.wavelengths[middle]:g} nm", draw_segmented(zones, middle)))
    if estimates:
        drawn["estimates"] = [("Scores over the number of zones", draw_estimates(estimates))]
    if layers:
        picture = draw_thickness(layers.map, zones.maps, layers.film)
        drawn["layers"] = [("Thickness at each pixel; where the rms is large, the model does not hold", picture)]
    return {
        part: [(name, embedded("image/png", as_png(figure))) for name, figure in figures]
        for part, figures in drawn.items()
    }


def _describe(zones: Zones) -> str:
    """The method in a paragraph."""
    maps, options = zones.maps, zones.options
    first, last = maps.wavelengths[[0, -1]]
    text = (
        f"Maps of the ellipsometric angles Δ and Ψ at {len(maps.wavelengths)} wavelengths from {first:g} to {last:g} nm"
        + ("" if maps.angle is None else f" and an angle of incidence of {maps.angle:g}°")
        + f" were divided into {options.clusters} zones by {_METHODS[options.method]} "
        f"({options.starts} starts, seed {options.seed}) on {_FEATURES[options.features]}."
    )
    if options.smoothing:
        text += f" Labels were smoothed by majority within {options.smoothing} columns."
    if zones.refined:
        text += f" Divided once more: zone {', then zone '.join(map(str, zones.refined))}."
    return text + " Spectra of the zones are means of the measured N, C and S, turned back into Δ and Ψ."
