"""How long a mask of 384 x 384 pixels takes, as a ratio to working on the whole canvas for each particle."""

import statistics
import time

import cv2
import numpy as np
from skimage.morphology import disk

from autoseg.simulation.particles.masks import MaskOptions, paint, simulate_mask
from autoseg.simulation.particles.outlines import from_examples
from autoseg.simulation.particles.placement import draw_particles


def ellipse(height, width):
    rows, columns = (np.arange(length) - (length - 1) / 2 for length in (height, width))
    return (2 * rows[:, None] / height) ** 2 + (2 * columns / width) ** 2 <= 1


def paint_on_whole_canvas(particles, options, margin=128):
    """The mask alone, in the straightforward way: every step works on all pixels."""
    size = options.size[0] + 2 * margin, options.size[1] + 2 * margin
    mask, taken = np.zeros(size, bool), np.zeros(size, bool)
    for one in particles:
        whole = np.zeros(size, bool)
        rows, columns = np.nonzero(one.shape)
        whole[rows + one.top + margin, columns + one.left + margin] = True
        if np.count_nonzero(whole & taken) <= options.max_overlap * np.count_nonzero(whole):
            mask &= ~cv2.dilate(whole.view(np.uint8), disk(options.rim, np.uint8)).view(bool)
            mask |= whole
            taken |= whole
    return 255 * mask[margin:-margin, margin:-margin].astype(np.uint8)


def median_time(function, repeats):
    """Seconds that `function(index)` takes."""
    times = []
    for index in range(repeats):
        start = time.perf_counter()
        function(index)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sample = from_examples([ellipse(height, width) for height in (22, 30, 38) for width in (20, 28, 36, 44)])
    options = MaskOptions()

    scenes = [draw_particles(sample, options, np.random.default_rng(seed)) for seed in range(20)]
    for scene in scenes:
        np.testing.assert_array_equal(paint(scene, options).mask, paint_on_whole_canvas(scene, options))
    total = median_time(lambda seed: simulate_mask(sample, options, np.random.default_rng(seed)), 20)
    own = median_time(lambda index: paint(scenes[index], options), 20)
    whole = median_time(lambda index: paint_on_whole_canvas(scenes[index], options), 20)
    print(f"one mask: {total * 1e3:.1f} ms")
    print(f"of this, painting: {own * 1e3:.1f} ms; on the whole canvas {whole * 1e3:.1f} ms (ratio {whole / own:.1f})")
