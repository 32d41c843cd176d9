"""Made-up maps, in memory and as folders."""

import dataclasses

import numpy as np

from autoseg.ellipsometry.map_set import MapSet
from autoseg.ellipsometry.simulation import SimulationOptions, simulate_maps
from autoseg.ellipsometry.writing import write_maps


def made_up(seed=0, **changes):
    return simulate_maps(SimulationOptions(**{"rows": 40, "columns": 60, **changes}), np.random.default_rng(seed))


def small(wavelengths=(550.0, 600.0), shape=(3, 4), seed=0, **known):
    """Maps of numbers that are all different."""
    rng = np.random.default_rng(seed)
    stack = (len(wavelengths), *shape)
    known = {"angle": 50.0, "row_step": 1.5557, "bandwidth": 6.0, "name": "sample", **known}
    return MapSet(rng.uniform(100, 250, stack), rng.uniform(20, 60, stack), np.array(wavelengths), **known)


def folder_of(tmp_path, maps=None, **how):
    path = write_maps(small() if maps is None else maps, tmp_path / "maps", **how)
    return path.parent


def shifted(maps, degrees):
    return dataclasses.replace(maps, delta=np.mod(maps.delta + degrees, 360))
