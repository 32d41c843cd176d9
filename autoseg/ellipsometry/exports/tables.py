"""Tables of zones: their spectra, one value a row, and what they cover."""

from __future__ import annotations

import numpy as np
import pandas as pd

from autoseg.ellipsometry.zones import Zones


def spectra_table(zones: Zones) -> pd.DataFrame:
    """A row for each zone and wavelength: means, standard deviations, and how many pixels were measured."""
    spectra, count = zones.spectra, len(zones.maps.wavelengths)
    return pd.DataFrame(
        {
            "zone": np.repeat(np.arange(1, zones.count + 1), count),
            "wavelength_nm": np.tile(spectra.wavelengths, zones.count),
            "delta_deg": spectra.delta.ravel(),
            "psi_deg": spectra.psi.ravel(),
            "delta_spread_deg": spectra.delta_spread.ravel(),
            "psi_spread_deg": spectra.psi_spread.ravel(),
            "measured_pixels": spectra.count.ravel(),
            "zone_pixels": np.repeat(zones.pixels, count),
        }
    )


def zones_table(zones: Zones, pixel_size: float | None = None) -> pd.DataFrame:
    """A row for each zone: pixels, share, area in squares as wide as a column, and in um^2 where its width is given."""
    table = pd.DataFrame(
        {
            "zone": np.arange(1, zones.count + 1),
            "pixels": zones.pixels,
            "share": zones.shares,
            "area_column_squares": zones.areas,
        }
    )
    if pixel_size is not None:
        table["area_um2"] = zones.areas * pixel_size**2
    return table
