"""From a volume to grains, their sizes and the volume fraction: simulated grains, of which it is known where they are.

Run with `python 04_grains_in_a_volume.py [FOLDER]`; the results go to FOLDER, by default the current one: open
report.html in a browser. Here the foreground is known. With a tomogram, a network tells it: `open_volume("scan.tif",
voxel_size=22)`, and `predict_slices(MODEL)` in the place of `as_mask`; or, in a terminal,

    autoseg run microct --images slices --masks masks --folder my_run       # a few labelled slices make a model
    autoseg grains scan.tif --voxel-size 22 --model my_run/06_score_slices/model --output results
"""

import sys
from pathlib import Path

import numpy as np

from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.particles import score_particles
from autoseg.microct import GrainOptions, Volume, as_mask, find_grains, open_volume, report_grains
from autoseg.microct.report import summary_lines
from autoseg.simulation.grains.packing import PackingOptions, pack

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
options = PackingOptions(radius=7, spread=0.3, fraction=0.2, touching=0.5)
truth = pack((48, 72, 80), np.random.default_rng(0), options).labels()
volume = Volume.of_array((truth > 0).astype(np.uint8), name="simulated", voxel_size=(22, 22, 22))

options = GrainOptions(neck=0.9)  # grains are parted where their neck is narrower than 0.9 of the smaller one
result = find_grains(volume, as_mask, folder, options)
report = report_grains(result, folder, settings={"grains": options})
print("\n".join(summary_lines(report)))

labels = np.stack(list(open_volume(report.files["labels"])))
scores = score_particles(find_overlaps(labels.reshape(-1, 80), truth.reshape(-1, 80), minimum_size=30))
print(f"{scores.predicted} grains found of {scores.true}, F1 at an IoU of 0.5: {scores.f1:.3f}")
