"""Makes the demonstration maps in `maps/`: flakes of a layered crystal on an oxidized wafer, made up, free for any use.

Run `python make_maps.py [FOLDER]` to get the same files again. `TRUTH` says what they show.
"""

import sys
from pathlib import Path

import numpy as np

from autoseg.ellipsometry.simulation import SimulationOptions, simulate_maps
from autoseg.ellipsometry.writing import write_maps

MAPS = Path(__file__).parent / "maps"
TRUTH = SimulationOptions(rows=64, columns=96, flakes=(12.0, 40.0, 85.0), oxide=290.0)
SEED = 3


def make():
    """The maps, and which pixel shows what."""
    return simulate_maps(TRUTH, np.random.default_rng(SEED))


if __name__ == "__main__":
    write_maps(make().maps, Path(sys.argv[1]) if len(sys.argv) > 1 else MAPS)
