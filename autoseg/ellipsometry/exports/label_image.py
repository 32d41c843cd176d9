"""Zones as a label TIFF with the true shape of its pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tifffile import RESUNIT, imwrite

from autoseg.ellipsometry.zones import Zones
from autoseg.files import written_whole


def write_zone_labels(path: Path, zones: Zones, pixel_size: float | None = None) -> None:
    """Write the zone of each pixel, 0 where nothing was measured, as uint16.

    The resolution tells the shape of the pixels, and their size, as ImageJ reads it, where `pixel_size`, the width of a
    column in um, is given.
    """
    width = 1.0 if pixel_size is None else pixel_size
    unit = "" if pixel_size is None else "unit=micron\n"
    with written_whole(path) as partial:
        imwrite(
            partial,
            zones.labels.astype(np.uint16),
            photometric="minisblack",
            compression="zlib",
            description=f"ImageJ=1.11a\nimages=1\n{unit}min=0.0\nmax={max(1, zones.count)}.0\n",
            metadata=None,
            resolution=(1 / width, 1 / (width * zones.maps.row_step)),
            resolutionunit=RESUNIT.NONE,
            software="autoseg",
        )
