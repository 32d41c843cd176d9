"""How well grains are parted from a true foreground, and how much memory and time a volume takes.

python benchmarks/grains.py             F1 at an IoU of 0.5 of simulated packings, by how densely they are packed
python benchmarks/grains.py large 96    peak memory and processor time for 96 slices of 1024 x 1024 voxels
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.particles import pool_particles, score_particles
from autoseg.images.volumes.volume import Volume
from autoseg.microct.analysis import GrainOptions, find_grains
from autoseg.microct.foreground import as_mask
from autoseg.microct.grains.parting import PartingOptions, part
from autoseg.simulation.grains.packing import PackingOptions, pack

PACKINGS = {
    "dilute, few touch": PackingOptions(),
    "dense, most touch": PackingOptions(fraction=0.25, touching=0.6),
    "dense and fine": PackingOptions(fraction=0.3, touching=0.6, radius=9, spread=0.35),
    "dense and irregular": PackingOptions(fraction=0.25, touching=0.6, radius=9, spread=0.35, irregularity=0.4),
}
SHAPE, SEEDS, MEMORY = (96, 160, 160), 3, 0.5


def measure_quality():
    for name, options in PACKINGS.items():
        scores = []
        for seed in range(SEEDS):
            truth = pack(SHAPE, np.random.default_rng(seed), options).labels()
            with part(iter(truth > 0), SHAPE) as grains:
                found = grains.slab(0, SHAPE[0])
            sizes = np.bincount(truth.ravel())
            counted = np.where(sizes[truth] >= PartingOptions().minimum_size, truth, 0)
            flat = (labels.reshape(-1, SHAPE[2]) for labels in (found, counted))
            scores.append(score_particles(find_overlaps(*flat)))
        pooled = pool_particles(scores)
        print(f"{name:20}  F1 {pooled.f1:.3f}  {pooled.predicted} found of {pooled.true}")


def measure_resources(slices):
    tile = pack((slices, 256, 256), np.random.default_rng(0), PackingOptions(touching=0.5)).labels() > 0
    volume = Volume("large", (slices, 1024, 1024), lambda number: np.tile(tile[number], (4, 4)))
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        result = find_grains(volume, as_mask, Path(folder), GrainOptions(), memory_limit=MEMORY)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{result.count} grains in {np.prod(volume.shape) / 1e6:.0f} million voxels, memory limit {MEMORY} GiB:")
    print(
        f"peak {peak / 2**20:.2f} GiB, {before / 2**20:.2f} before; {time.process_time() - started:.0f} s of processor"
    )


if __name__ == "__main__":
    measure_resources(int(sys.argv[2])) if sys.argv[1:2] == ["large"] else measure_quality()
