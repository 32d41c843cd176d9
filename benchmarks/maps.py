"""How long maps take to be read, clustered, scored and fitted, and what comes out.

python benchmarks/maps.py                 made-up maps of 11 wavelengths, 260 x 344 pixels
python benchmarks/maps.py FOLDER          a measurement
python benchmarks/maps.py --large 100     memory and time for 200 maps of 1376 x 1040 pixels, at 100 wavelengths
"""

import dataclasses
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from autoseg.ellipsometry import (
    ClusterOptions,
    LayerOptions,
    MapSet,
    SimulationOptions,
    cluster,
    estimate_clusters,
    fill_maps,
    find_layers,
    read_maps,
    simulate_maps,
    write_maps,
)

LARGE = (1040, 1376)


def timed(what, make):
    started, processor = time.perf_counter(), time.process_time()
    made = make()
    wall, processor = time.perf_counter() - started, time.process_time() - processor
    print(f"{what:44} {wall:7.2f} s   {processor:7.2f} s of processor", flush=True)
    return made


def measure(folder):
    maps = timed("read all maps", lambda: read_maps(folder))
    timed("fill what was not measured", lambda: fill_maps(maps))
    zones = timed("4 zones, best of 10 starts", lambda: cluster(maps))
    timed("4 zones, as published", lambda: cluster(maps, ClusterOptions(features="published")))
    estimates = timed("all estimators, 2 to 10 zones", lambda: estimate_clusters(maps))
    turned = dataclasses.replace(maps, delta=np.mod(maps.delta + 100, 360))
    index = adjusted_rand_score(zones.labels.ravel(), cluster(turned).labels.ravel())
    print(f"adjusted Rand index after 100 degrees were added to Delta: {index:.4f}")
    print("suggested numbers of zones:", dict(estimates.suggested))
    eight = cluster(maps, ClusterOptions(clusters=8))  # with fewer, zones mix thicknesses
    layers = timed("layers of 8 zones: fit and map", lambda: find_layers(eight, LayerOptions(film="boron_nitride")))
    for row in layers.rows():
        print(f"  zone {row['zone']}: {row['structure']}, {row['thickness']:.2f} +- {row['error']:.2f} nm", end=", ")
        print(f"rms {row['rms']:.4f}" + ("" if row["core"] else ", of its rim"))


def measure_large(wavelengths):
    rng = np.random.default_rng(0)
    labels = (np.hypot(*(np.indices(LARGE) - np.array(LARGE)[:, None, None] / 2)) / 130).astype(int).clip(0, 3)
    delta, psi = rng.uniform(100, 250, (4, wavelengths)), rng.uniform(20, 60, (4, wavelengths))
    with tempfile.TemporaryDirectory() as folder:
        stacks = [
            np.stack(
                [means[labels, number] + rng.normal(0, 1, LARGE).astype(np.float32) for number in range(wavelengths)]
            )
            for means in (delta.astype(np.float32), psi.astype(np.float32))
        ]
        write_maps(MapSet(*stacks, np.linspace(400, 800, wavelengths), name="large"), Path(folder) / "maps")
        del stacks
        print(f"{peak():.2f} GiB at most until here, of making them up")
        maps = timed(
            f"read {2 * wavelengths} maps of {LARGE[0]} x {LARGE[1]}", lambda: read_maps(Path(folder) / "maps")
        )
        found = timed("4 zones, best of 10 starts", lambda: cluster(maps))
    print(
        f"adjusted Rand index {adjusted_rand_score(labels.ravel(), found.labels.ravel()):.4f}; {peak():.2f} GiB at most"
    )


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--large", wavelengths]:
            measure_large(int(wavelengths))
        case [folder]:
            measure(folder)
        case []:
            with tempfile.TemporaryDirectory() as name:
                made = simulate_maps(SimulationOptions(rows=260, columns=344), np.random.default_rng(0))
                measure(write_maps(getattr(made, "maps", made), Path(name) / "maps").parent)
        case _:
            sys.exit(__doc__)
