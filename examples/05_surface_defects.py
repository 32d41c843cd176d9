"""A scanned surface from heights to densities of defects, step by step, without any network.

Run with `python 05_surface_defects.py [FOLDER]`; the results go to FOLDER, by default the current one. The surface is
made up, so that its defects are known; a network finds them in real scans (`autoseg run stm`, then `autoseg segment`).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from autoseg.images.class_overlay import draw_classes
from autoseg.images.overlay import save_picture
from autoseg.images.tables import write_csv
from autoseg.stm.classes import LEGEND
from autoseg.stm.counts import Field, counts_table
from autoseg.stm.defects import known_defects
from autoseg.stm.lattice import check_scale, find_rows
from autoseg.stm.levelling import level
from autoseg.stm.simulation.options import SurfaceOptions
from autoseg.stm.simulation.topography import draw_topography

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

# A surface of Si(100) with noise, and what a microscope adds: a tilt, and lines that are offset.
options = SurfaceOptions(effects=("amp_noise",), defects=(25, 25), steps=(1, 1))
surface, rng = draw_topography(options, np.random.default_rng(3)), np.random.default_rng(0)
tilt = np.add.outer(np.linspace(0, 400, 600), np.linspace(0, 200, 600))
heights = surface.image + tilt + rng.normal(0, 30, (600, 1))

flat = level(heights)
print(f"levelled: from a range of {np.ptp(heights):.0f} to {np.ptp(flat.heights):.0f}")

rows = find_rows(flat.heights)
print(f"rows: {rows.spacing:.2f} px apart at {rows.angle:.1f} degrees")
print(check_scale(rows, pixel_size=0.05).note)

defects = known_defects(surface.instances, surface.classes)
field = Field(surface.image.size, rows.nm_per_pixel("Si"), rows.spacing)
table = pd.DataFrame(counts_table(defects.counts, field))
write_csv(folder / "counts.csv", table)
save_picture(folder / "defects.png", draw_classes(surface.image, defects.classes, LEGEND, field.pixel_size))
for row in table.to_dict("records"):
    low, high = row["per_nm2_low"], row["per_nm2_high"]
    print(f"{row['class']}: {row['count']}, {row['per_nm2']:.4f} per nm² ({low:.4f} to {high:.4f})")
