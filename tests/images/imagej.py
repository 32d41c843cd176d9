"""How ImageJ fills polygons and regions of interest."""

import numpy as np
import roifile


def fill(rings, shape):
    """The pixels, a bool array of `shape`, whose centres lie inside an odd number of rings; ImageJ's rule.

    A centre on a left or lower edge is outside, one on a right or upper edge inside.

    >>> fill([np.array([[1, 0], [3, 0], [3, 1], [1, 1]])], (2, 4)).astype(int)
    array([[0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    height, width = shape
    crossings = np.zeros((height, width + 1), np.int32)
    for ring in rings:
        for start, end in zip(ring.astype(float), np.roll(ring, -1, axis=0).astype(float), strict=True):
            (x1, y1), (x2, y2) = sorted((start, end), key=lambda point: point[1])
            rows = np.arange(max(0, np.ceil(y1 - 0.5)), min(height, np.ceil(y2 - 0.5)), dtype=int)
            if len(rows):
                x = x1 + (rows + 0.5 - y1) * (x2 - x1) / (y2 - y1)
                # A little to the right, as ImageJ does, so that rounding errors cannot decide about centres on an edge.
                crossings[rows, np.clip(np.floor(x + 0.5 + 1e-8), 0, width).astype(int)] += 1
    return np.cumsum(crossings[:, :width], axis=1) % 2 == 1


def filled_rois(path, shape):
    """The labels that a program sees that fills each ROI, as its coordinates are given by roifile."""
    labels = np.zeros(shape, np.int64)
    for roi in roifile.roiread(path):
        labels[fill([ring for ring in roi.coordinates(multi=True) if len(ring)], shape)] = int(roi.name)
    return labels
