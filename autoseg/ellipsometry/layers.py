"""The usual case of a fit: flakes of one material on an oxide, whose thickness the largest zone tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pydantic
from scipy.ndimage import distance_transform_edt

from autoseg.ellipsometry.errors import FitError
from autoseg.ellipsometry.fitting.fit import Fit, FitOptions, fit_zones
from autoseg.ellipsometry.fitting.materials import find_material
from autoseg.ellipsometry.fitting.structure import Film, Structure
from autoseg.ellipsometry.fitting.thickness_map import ThicknessMap, map_thickness
from autoseg.ellipsometry.spectra import zone_spectra
from autoseg.ellipsometry.zones import Zones
from autoseg.options import Options

MaterialName = Literal["silicon", "silica", "boron_nitride"]
_OXIDE = 500.0  # nm: the thickest that is tried
_LEAST = 50  # pixels that make a core
_AT_THE_END = 0.01  # nm: so close to it, a thickness is the largest that was tried


class LayerOptions(Options):
    """What lies on what."""

    film: MaterialName | None = None
    "Material of the flakes, whose thickness is fitted in each zone; none: no fit."
    oxide: MaterialName = "silica"
    "Material below the flakes."
    substrate: MaterialName = "silicon"
    "Material below the oxide."
    bare_zone: int | None = pydantic.Field(None, ge=1)
    "The zone without flakes, which tells the thickness of the oxide; by default the largest one."
    thickest: float = pydantic.Field(200.0, gt=1, le=10_000)
    "Up to which thickness, in nm, flakes are looked for."
    core: float = pydantic.Field(4.0, ge=0, le=100)
    "Pixels that are farther than this, in columns, from other zones are fitted: rims are blurred, and mix thicknesses."
    fit_indices: bool = False
    "Whether the two refractive indices of the flakes are fitted, too: the same in all zones and at all wavelengths."


@dataclass(frozen=True, eq=False)
class Layers:
    """The oxide, the flakes in each zone, and at each pixel."""

    bare_zone: int
    bare: Fit
    flake_zones: tuple[int, ...]
    "Zones with a core, of which the pixels far from other zones were fitted."
    flakes: Fit | None
    "Of them; None where there is no such zone."
    rim_zones: tuple[int, ...]
    "Zones without a core, fitted as a whole: what is narrow is blurred, so take these thicknesses for rough ones."
    rims: Fit | None
    map: ThicknessMap
    film: str
    thickest: float
    "Up to which thickness, in nm, flakes were looked for."

    def rows(self) -> list[dict[str, Any]]:
        """Zone, structure, thickness and its error in nm, rms, and whether pixels far from other zones were fitted."""
        fits = [(self.bare_zone, self.bare, 0, True)]
        for zones, fit, core in ((self.flake_zones, self.flakes, True), (self.rim_zones, self.rims, False)):
            fits += [(zone, fit, place, core) for place, zone in enumerate(zones) if fit is not None]
        rows = [
            {
                "zone": zone,
                "structure": str(fit.structures[place]),
                "thickness": float(fit.thicknesses[place]),
                "error": float(fit.errors[place]),
                "rms": float(fit.rms[place]),
                "core": core,
            }
            for zone, fit, place, core in fits
        ]
        return sorted(rows, key=lambda row: row["zone"])

    @property
    def indices(self) -> tuple[float, float] | None:
        """Refractive indices of the flakes across and along the axis, if they were fitted."""
        return self.flakes.indices if self.flakes else None

    def sources(self) -> list[tuple[str, str]]:
        """Materials and where their constants come from."""
        fits = [fit for fit in (self.bare, self.flakes, self.rims) if fit is not None]
        structures = [structure for fit in fits for structure in fit.structures]
        materials = [one for each in structures for one in (*(film.material for film in each.films), each.substrate)]
        return list({one.name: one.source for one in materials}.items())

    def warnings(self) -> list[str]:
        """Zones whose thickness is the largest that was tried, so that nothing is known but that it is no smaller."""
        found = []
        for row in self.rows():
            thickest = _OXIDE if row["zone"] == self.bare_zone else self.thickest
            if row["thickness"] > thickest - _AT_THE_END:
                found.append(
                    f"The thickness in zone {row['zone']} is the largest that was tried, {thickest:g} nm: "
                    "it may be larger, or the layers may be others."
                )
        return found

    def described(self) -> dict[str, Any]:
        """What run.json holds of it."""
        return {"fits": self.rows(), "indices": self.indices, "sources": dict(self.sources())}


def find_layers(zones: Zones, options: LayerOptions) -> Layers:
    """Fit the oxide in the bare zone, the flakes in all others, and look up each pixel."""
    if options.film is None:
        raise FitError("no material of the flakes was given", advice="Name it: film.")
    bare_zone = options.bare_zone or int(zones.pixels.argmax()) + 1
    core = core_labels(zones.labels, options.core, zones.maps.row_step)
    inside = zone_spectra(zones.maps, core, zones.count)
    thick = np.bincount(core.ravel(), minlength=zones.count + 1)[1:] >= _LEAST
    oxide = Structure((Film(find_material(options.oxide), 0.0),), find_material(options.substrate))
    spectra = inside if thick[bare_zone - 1 : bare_zone].any() else zones.spectra
    bare = fit_zones(spectra, [bare_zone], oxide, 0, FitOptions(thickest=_OXIDE))
    structure = Structure((Film(find_material(options.film), 0.0), *bare.structures[0].films), oxide.substrate)
    others = [zone for zone in range(1, zones.count + 1) if zone != bare_zone and zones.spectra.count[zone - 1].any()]
    flake_zones = tuple(zone for zone in others if thick[zone - 1])
    rim_zones = tuple(zone for zone in others if not thick[zone - 1])
    fitted = FitOptions(thickest=options.thickest, fit_indices=options.fit_indices)
    flakes = fit_zones(inside, flake_zones, structure, 0, fitted) if flake_zones else None
    best = flakes.structures[0] if flakes else structure
    rims = fit_zones(zones.spectra, rim_zones, best, 0, fitted.changed(fit_indices=False)) if rim_zones else None
    steps = int(np.clip(options.thickest / 0.2, 100, 2000))
    found = map_thickness(zones.maps, best, 0, 0.0, options.thickest, steps)
    film = structure.films[0].material.name
    return Layers(bare_zone, bare, flake_zones, flakes, rim_zones, rims, found, film, options.thickest)


def core_labels(labels: np.ndarray, distance: float, row_step: float = 1.0) -> np.ndarray:
    """Labels of the pixels that are farther than `distance`, in columns, from every other zone; 0 for the others.

    >>> core_labels(np.array([[1, 1, 1, 2, 2, 2]]), 1).tolist()
    [[1, 1, 0, 0, 2, 2]]
    """
    core = np.zeros_like(labels)
    for zone in range(1, int(labels.max()) + 1):
        inside = np.pad(labels == zone, 1, mode="edge")  # a zone may go on beyond the border
        away = distance_transform_edt(inside, sampling=(row_step, 1.0))[1:-1, 1:-1] > distance
        core[away & (labels == zone)] = zone
    return core
