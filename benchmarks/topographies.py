"""How long a made-up topography of 600 x 600 pixels takes, and which shares of its pixels defects have."""

import time

import cv2
import numpy as np

from autoseg.stm.classes import DEFECTS, LEGEND
from autoseg.stm.simulation.options import SurfaceOptions
from autoseg.stm.simulation.topography import draw_topography

COUNT = 200

if __name__ == "__main__":
    cv2.setNumThreads(1)
    for generator in ("terraces", "plane"):
        for rules in ("published", "corrected"):
            options, start = SurfaceOptions(generator=generator, rules=rules), time.process_time()
            shares, defects = np.zeros(len(LEGEND)), 0
            for number, rng in enumerate(np.random.default_rng(0).spawn(COUNT)):
                topography = draw_topography(options, rng, number % 16)
                shares += np.bincount(topography.classes.ravel(), minlength=len(LEGEND)) / topography.classes.size
                defects += int(topography.instances.max())
            seconds = (time.process_time() - start) / COUNT
            told = ", ".join(f"{LEGEND[kind].name} {shares[kind] / COUNT:.2e}" for kind in DEFECTS)
            print(f"{generator}, {rules}: {seconds:.3f} s of processor time; {told}; {defects / COUNT:.2f} defects")
