"""From a micrograph to a table and size statistics without any network: a threshold and a watershed part particles.

Run with `python 03_measure_particles.py [FOLDER]`; the results go to FOLDER, by default the current one. Well separated
particles need no more than this; crowded ones do.
"""

import sys
from pathlib import Path

import numpy as np

import autoseg
from autoseg.files import shipped
from autoseg.images.export import export
from autoseg.images.segmentation import Segmentation
from autoseg.images.tables import write_csv
from autoseg.measurement.sizes import describe_sizes
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
micrograph = autoseg.read(shipped("datasets") / "samples" / "dark_rods_16bit.tif")

darkness = 1 - micrograph.field.astype(np.float32) / micrograph.field.max()
labels = find_instances(darkness, InstanceOptions(method="distance", minimum_distance=20))
segmentation = Segmentation(labels, None, micrograph)

table = autoseg.measure(segmentation)
write_csv(folder / "particles.csv", table)
paths = export(segmentation, folder)

sizes = describe_sizes(table, np.random.default_rng(0))
print(f"{segmentation.count} particles in {micrograph.name}; files: {', '.join(path.name for path in paths.values())}")
for name, distribution in (("number", sizes.number), ("volume", sizes.volume)):
    percentiles = ((part, getattr(distribution, part)) for part in ("d10", "d50", "d90"))
    print(
        f"{name}-weighted:",
        ", ".join(f"{part} {e.value:.1f} ({e.low:.1f} to {e.high:.1f}) nm" for part, e in percentiles),
    )
for warning in sizes.warnings:
    print(warning)
