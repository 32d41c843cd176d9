"""How long rendering a micrograph of 384 x 384 pixels takes, as a ratio to simulating its mask."""

import statistics
import time

import cv2
import numpy as np

from autoseg.simulation.backgrounds import BackgroundOptions, backgrounds
from autoseg.simulation.particles.growth import GrowthOptions, simulate_grown
from autoseg.simulation.particles.rendering import RenderingOptions, render
from autoseg.simulation.particles.shapes import shapes

SIZE, REPEATS = (384, 384), 30


def median_time(function):
    """Milliseconds of processor time that `function(seed)` takes."""
    times = []
    for seed in range(REPEATS):
        start = time.process_time()
        function(seed)
        times.append(time.process_time() - start)
    return 1e3 * statistics.median(times)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    options = GrowthOptions(size=SIZE, particles=(100, 150))
    scenes = [simulate_grown(shapes(), options, np.random.default_rng(seed)) for seed in range(REPEATS)]
    masks = median_time(lambda seed: simulate_grown(shapes(), options, np.random.default_rng(seed)))
    print(f"a mask of grown clusters: {masks:.0f} ms")
    for polarity in ("bright", "dark"):
        rendering = RenderingOptions(polarity=polarity)
        made_up = median_time(lambda seed: render(scenes[seed], rendering, np.random.default_rng(seed)))  # noqa: B023
        print(f"{polarity} particles on a made-up ground: {made_up:.0f} ms (ratio {made_up / masks:.1f})")

    micrographs = [render(scene, RenderingOptions(), np.random.default_rng(0)) for scene in scenes[:3]]
    sample = backgrounds([np.tile(image, (2, 3)) for image in micrographs], BackgroundOptions(procedural=0))
    drawing = median_time(lambda seed: sample(np.random.default_rng(seed), SIZE))
    background = sample(np.random.default_rng(0), SIZE)
    composed = median_time(lambda seed: render(scenes[seed], rendering, np.random.default_rng(seed), background))
    print(f"drawing a background: {drawing:.0f} ms; particles in it: {composed:.0f} ms (ratio {composed / masks:.1f})")
