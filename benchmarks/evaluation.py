"""How long the scores of an image take, as a ratio to a loop over particles. Prints one line for each."""

import time

import numpy as np
from scipy import ndimage

from autoseg.evaluation import draw_errors, evaluate, evaluate_thresholds
from autoseg.evaluation.overlaps import find_overlaps

SHAPE = 712, 1024
PARTICLES = 150


def draw_particles(rng: np.random.Generator) -> np.ndarray:
    """A label image of discs, later ones on top of earlier ones."""
    labels = np.zeros(SHAPE, np.uint16)
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    for number in range(1, PARTICLES + 1):
        row, column, radius = rng.uniform(0, SHAPE[0]), rng.uniform(0, SHAPE[1]), rng.uniform(8, 35)
        labels[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = number
    return labels


def loop_over_particles(predicted: np.ndarray, truth: np.ndarray) -> list[float]:
    """The best IoU of each predicted particle, one particle after the other."""
    best = []
    for number in np.unique(predicted[predicted > 0]):
        particle = predicted == number
        partners = [truth == other for other in np.unique(truth[particle]) if other > 0]
        best.append(max([(particle & other).sum() / (particle | other).sum() for other in partners], default=0.0))
    return best


def measure(function, *arguments, repeats=5):
    """The result, and the shortest of some times in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function(*arguments)
        times.append(time.perf_counter() - start)
    return result, min(times)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    truth = draw_particles(rng)
    shift = ndimage.gaussian_filter(rng.standard_normal((2, *SHAPE)), (0, 12, 12)) * 150
    predicted = ndimage.map_coordinates(truth, np.indices(SHAPE) + shift, order=0)
    probability = ndimage.gaussian_filter((predicted > 0).astype(np.float32), 2).clip(0, 1)

    expected, loop = measure(loop_over_particles, predicted, truth, repeats=1)
    overlaps, alone = measure(find_overlaps, predicted, truth)
    np.testing.assert_allclose(overlaps.best_iou_of_predicted, expected)
    print(f"{PARTICLES} particles, {SHAPE[0]} x {SHAPE[1]} pixels")
    print(f"best IoU in a loop over particles: {1e3 * loop:6.0f} ms")
    print(f"the same from the overlap table:   {1e3 * alone:6.0f} ms, {loop / alone:.0f} times as fast")
    everything = measure(evaluate, predicted, truth)[1]
    print(f"evaluate, all scores:              {1e3 * everything:6.0f} ms, {loop / everything:.0f} times as fast")
    curves = measure(evaluate_thresholds, probability, truth, repeats=2)[1]
    print(f"evaluate_thresholds, 21 of them:   {1e3 * curves:6.0f} ms")
    print(f"draw_errors:                       {1e3 * measure(draw_errors, predicted, truth)[1]:6.0f} ms")
