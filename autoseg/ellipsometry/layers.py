"""The usual case of a fit: flakes of one material on an oxide, whose thickness the largest zone tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pydantic

from autoseg.ellipsometry.errors import FitError
from autoseg.ellipsometry.fitting.fit import Fit, FitOptions, fit_zones
from autoseg.ellipsometry.fitting.materials import find_material
from autoseg.ellipsometry.fitting.structure import Film, Structure
from autoseg.ellipsometry.fitting.thickness_map import ThicknessMap, map_thickness
from autoseg.ellipsometry.zones import Zones
from autoseg.options import Options

MaterialName = Literal["silicon", "silica", "boron_nitride"]
_OXIDE = 500.0  # nm: the thickest that is tried


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
    fit_indices: bool = False
    "Whether the two refractive indices of the flakes are fitted, too: the same in all zones and at all wavelengths."


@dataclass(frozen=True, eq=False)
class Layers:
    """The oxide, the flakes in each zone, and at each pixel."""

    bare_zone: int
    bare: Fit
    flake_zones: tuple[int, ...]
    flakes: Fit | None
    "None where there is no zone beside the bare one."
    map: ThicknessMap
    film: str

    def rows(self) -> list[dict[str, Any]]:
        """Zone, structure, thickness and its error in nm, and rms."""
        fits = [(self.bare_zone, self.bare, 0)]
        fits += [(zone, self.flakes, place) for place, zone in enumerate(self.flake_zones) if self.flakes is not None]
        return [
            {
                "zone": zone,
                "structure": str(fit.structures[place]),
                "thickness": float(fit.thicknesses[place]),
                "error": float(fit.errors[place]),
                "rms": float(fit.rms[place]),
            }
            for zone, fit, place in fits
        ]

    def sources(self) -> list[tuple[str, str]]:
        """Materials and where their constants come from."""
        structures = [*self.bare.structures, *(self.flakes.structures if self.flakes else ())]
        materials = [one for each in structures for one in (*(film.material for film in each.films), each.substrate)]
        return list({one.name: one.source for one in materials}.items())

    def described(self) -> dict[str, Any]:
        """What run.json holds of it."""
        indices = self.flakes.indices if self.flakes else None
        return {"fits": self.rows(), "indices": indices, "sources": dict(self.sources())}


def find_layers(zones: Zones, options: LayerOptions) -> Layers:
    """Fit the oxide in the bare zone, the flakes in all others, and look up each pixel."""
    if options.film is None:
        raise FitError("no material of the flakes was given", advice="Name it: film.")
    bare_zone = options.bare_zone or int(zones.pixels.argmax()) + 1
    oxide = Structure((Film(find_material(options.oxide), 0.0),), find_material(options.substrate))
    bare = fit_zones(zones.spectra, [bare_zone], oxide, 0, FitOptions(thickest=_OXIDE))
    flake = Film(find_material(options.film), 0.0)
    structure = Structure((flake, *bare.structures[0].films), oxide.substrate)
    others = tuple(
        zone for zone in range(1, zones.count + 1) if zone != bare_zone and zones.spectra.count[zone - 1].any()
    )
    fitted = FitOptions(thickest=options.thickest, fit_indices=options.fit_indices)
    flakes = fit_zones(zones.spectra, others, structure, 0, fitted) if others else None
    best = flakes.structures[0] if flakes else structure
    steps = int(np.clip(options.thickest / 0.2, 100, 2000))
    found = map_thickness(zones.maps, best, 0, 0.0, options.thickest, steps)
    return Layers(bare_zone, bare, others, flakes, found, flake.material.name)
