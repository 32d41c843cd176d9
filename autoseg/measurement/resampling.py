"""Particles drawn anew for bootstrap intervals: all of them alike, or first images and then particles in each of these.

Particles of one image lie at one place of the sample and were recorded and segmented alike, so that they are too large
or too small together. Taken for independent, they would make the intervals of several images too narrow.
"""

from __future__ import annotations

import numpy as np


def draw_in_images(images: np.ndarray, resamples: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw as many images as there are, with replacement, and in each as many particles as it has, with replacement.

    `images` (particles,) are whole numbers from 0 without a gap. Returns places of particles (resamples, most) in
    ascending order, and how many of each row (resamples,) were drawn: the last one is repeated where others have more.

    >>> places, drawn = draw_in_images(np.array([0, 0, 0, 1]), 3, np.random.default_rng(0))
    >>> places.tolist(), drawn.tolist()
    ([[3, 3, 3, 3, 3, 3], [1, 1, 2, 3, 3, 3], [0, 0, 2, 2, 2, 2]], [2, 4, 6])
    """
    counts = np.bincount(images)
    members, starts = np.argsort(images, kind="stable").astype(np.int32), np.cumsum(counts) - counts
    chosen = rng.integers(len(counts), size=(resamples, len(counts)))
    drawn = counts[chosen].sum(axis=1)
    image = np.repeat(
        chosen.ravel(), counts[chosen].ravel()
    )  # of each particle to be drawn, one resample after another
    place = (rng.random(image.size) * counts[image]).astype(np.int64)
    places = np.full((resamples, drawn.max()), len(images), np.int32)
    places[np.arange(drawn.max()) < drawn[:, None]] = members[starts[image] + place]
    places.sort(axis=1)
    last = np.take_along_axis(places, drawn[:, None] - 1, axis=1)
    return np.minimum(places, last), drawn
