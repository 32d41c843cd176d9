"""How long finding particles takes on one core, as a ratio to the published steps straight from scikit-image."""

import time
from collections.abc import Callable

import cv2
import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import label
from skimage.morphology import remove_small_objects
from skimage.segmentation import watershed

from autoseg.segmentation.instances.finding import InstanceOptions, find_instances

SHAPE, PARTICLES = (712, 1024), 100


def scattered_discs(rng: np.random.Generator) -> np.ndarray:
    """Labels of discs with radii of 12 to 30 pixels; later ones cover earlier ones, so that some touch."""
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    labels = np.zeros(SHAPE, np.int32)
    for number in range(1, PARTICLES + 1):
        row, column, radius = rng.uniform((0, 0, 12), (*SHAPE, 30))
        labels[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = number
    return labels


def published_steps(probability: np.ndarray) -> np.ndarray:
    """Otsu, smoothed Euclidean distance, peaks 9 pixels apart, watershed with lines, 4-connected particles."""
    foreground = probability > threshold_otsu(probability)
    distance = gaussian(ndimage.distance_transform_edt(foreground), 1)
    seeds = np.zeros(SHAPE, np.int32)
    peaks = peak_local_max(distance, min_distance=9, labels=foreground.astype(int), exclude_border=False)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    particles = label(watershed(-distance, seeds, mask=foreground, watershed_line=True) > 0, connectivity=1)
    return label(remove_small_objects(particles, max_size=19), connectivity=1)


def contact_channels(labels: np.ndarray, foreground: np.ndarray) -> dict[str, np.ndarray]:
    """What a perfect network with the head "instances" would predict of these labels."""
    high = cv2.dilate(labels.astype(np.float32), np.ones((3, 3)))
    low = -cv2.dilate(np.where(labels > 0, -labels, -PARTICLES - 1).astype(np.float32), np.ones((3, 3)))
    contact = (labels > 0) & (high != low)
    distance = cv2.distanceTransform(((labels > 0) & ~contact).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    channels = {"foreground": foreground, "contact": contact, "distance": np.minimum(distance / 20, 1)}
    return {name: channel.astype(np.float32) for name, channel in channels.items()}


def best_time(function: Callable[[], np.ndarray], repeats: int) -> float:
    """The shortest of some runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    discs = scattered_discs(np.random.default_rng(0))
    probability = cv2.GaussianBlur((discs > 0).astype(np.float32), (0, 0), 1)
    channels = contact_channels(discs, probability)
    by_distance, by_contact = InstanceOptions(method="distance", lines=True), InstanceOptions()
    plain = best_time(lambda: published_steps(probability), 3)
    print(f"{PARTICLES} discs on {SHAPE[1]} x {SHAPE[0]} pixels, {(discs > 0).mean():.0%} of them covered")
    print(f"scikit-image, step by step: {plain * 1e3:.0f} ms, {published_steps(probability).max()} particles")
    for options, given in ((by_distance, probability), (by_contact, channels)):
        found = find_instances(given, options).max()
        own = best_time(lambda given=given, options=options: find_instances(given, options), 15)
        print(f'method "{options.method}": {own * 1e3:.0f} ms, {found} particles, {plain / own:.1f} times as fast')
