"""How long all measurements of 100 particles take, and the ratio to scikit-image's for the same quantities."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from skimage.measure import regionprops_table

from autoseg.measurement.shape import measure_labels

# What scikit-image has of the columns; it lacks the smallest Feret diameter, rectangles, convexity and contact.
QUANTITIES = (
    *("area", "area_convex", "axis_major_length", "axis_minor_length", "bbox", "centroid", "eccentricity"),
    *("equivalent_diameter_area", "euler_number", "feret_diameter_max", "intensity_max", "intensity_mean"),
    *("intensity_min", "label", "orientation", "perimeter_crofton", "solidity"),
)


def field_of_ellipses(shape: tuple[int, int] = (712, 1024), seed: int = 0) -> np.ndarray:
    """Labels of 100 ellipses on a grid, each turned and sized at random, some of them touching."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.uint16)
    for index in range(100):
        row, column = divmod(index, 10)
        dy, dx = y - (row + 0.5) * shape[0] / 10, x - (column + 0.5) * shape[1] / 10
        angle, (long, short) = rng.uniform(0, np.pi), rng.uniform(20, 50, 2)
        along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        labels[(along / long) ** 2 + (across / short) ** 2 <= 1] = index + 1
    return labels


def best_time(work: Callable[[], Any], repeats: int = 10) -> float:
    """The least processor time of some runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    labels = field_of_ellipses()
    image = np.random.default_rng(1).integers(0, 256, labels.shape).astype(np.uint8)
    own = best_time(lambda: measure_labels(labels, image))
    other = best_time(lambda: regionprops_table(labels, image, properties=QUANTITIES), repeats=2)
    print(
        f"autoseg:      {own * 1e3:.0f} ms for {labels.max()} particles in {labels.shape[1]} x {labels.shape[0]} pixels"
    )
    print(f"scikit-image: {other * 1e3:.0f} ms, {other / own:.0f} times as long")
