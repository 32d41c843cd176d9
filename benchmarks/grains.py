"""How well grains are parted from a true foreground, and how much memory and time a volume takes.

python benchmarks/grains.py             F1 at an IoU of 0.5 of simulated packings, by how densely they are packed
python benchmarks/grains.py predicted   the same from noisy grey values, as the model "grains-ct" sees their slices
python benchmarks/grains.py large 96    peak memory and processor time for 96 slices of 1024 x 1024 voxels
"""

import resource
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.particles import pool_particles, score_particles
from autoseg.images.volumes.volume import Volume
from autoseg.microct.analysis import GrainOptions, find_grains
from autoseg.microct.foreground import Foreground, as_mask
from autoseg.microct.grains.parting import PartingOptions, part
from autoseg.microct.segmentation import predict_slices
from autoseg.simulation.fields import smooth_field
from autoseg.simulation.grains.packing import PackingOptions, pack

PACKINGS = {
    "dilute, few touch": PackingOptions(),
    "dense, most touch": PackingOptions(fraction=0.25, touching=0.6),
    "dense and fine": PackingOptions(fraction=0.3, touching=0.6, radius=9, spread=0.35),
    "dense and irregular": PackingOptions(fraction=0.25, touching=0.6, radius=9, spread=0.35, irregularity=0.4),
}
LARGE = PackingOptions(radius=14, spread=0.35, fraction=0.15, touching=0.4)
SHAPE, SEEDS, MEMORY = (96, 160, 160), 3, 0.5


def measure_quality():
    for name, options in PACKINGS.items():
        truths = [pack(SHAPE, np.random.default_rng(seed), options).labels() for seed in range(SEEDS)]
        tell(name, [(truth, iter(truth > 0)) for truth in truths])


def measure_predicted():
    """Noise is that of each slice alone: that of a tomogram is alike in neighbouring ones, and easier."""
    probability, _ = predict_slices("grains-ct")
    for contrast, smoothing in product((1.5, 2.5, 4.0), (0.0, "auto")):
        pairs = []
        for seed in range(SEEDS):
            rng = np.random.default_rng(seed)
            truth = pack(SHAPE, rng, LARGE).labels()
            volume = Volume.of_array(grey_values(truth, contrast, rng))
            pairs.append((truth, Foreground(volume, probability, GrainOptions().threshold, smoothing=smoothing)))
        tell(f"contrast {contrast:g} of noise, smoothing {smoothing}", pairs)


def grey_values(truth, contrast, rng):
    """Grains of contrasts that vary, shading, and noise with a correlation of a few voxels within slices."""
    levels = np.exp(rng.normal(0, 0.2, truth.max() + 1)).astype(np.float32)
    levels[0] = 0
    noise = np.stack([cv2.GaussianBlur(rng.standard_normal(SHAPE[1:], np.float32), (0, 0), 1.6) for _ in truth])
    grains = np.stack([cv2.GaussianBlur(levels[one], (0, 0), 1.2) for one in truth])
    return grains + 0.5 * smooth_field(SHAPE[1:], 90, rng) + noise / noise.std() / contrast


def tell(name, pairs):
    """Print the scores of grains parted from foregrounds, of which the truth is known."""
    scores = []
    for truth, foreground in pairs:
        with part(foreground, SHAPE) as grains:
            found = grains.slab(0, SHAPE[0])
        sizes = np.bincount(truth.ravel())
        counted = np.where(sizes[truth] >= PartingOptions().minimum_size, truth, 0)
        scores.append(score_particles(find_overlaps(*(labels.reshape(-1, SHAPE[2]) for labels in (found, counted)))))
    pooled = pool_particles(scores)
    print(f"{name:36}  F1 {pooled.f1:.3f}  {pooled.predicted} found of {pooled.true}", flush=True)


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
    match sys.argv[1:]:
        case ["large", slices]:
            measure_resources(int(slices))
        case ["predicted"]:
            measure_predicted()
        case _:
            measure_quality()
