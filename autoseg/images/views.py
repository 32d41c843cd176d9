"""Random views of an image: a geometry, shared with its labels, and an intensity of its own.

Both are drawn once, are small frozen values, and give the same pixels each time they are applied. So a network that
learns from consistency sees two intensities of one geometry:

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> image, labels = rng.random((300, 400), dtype=np.float32), np.arange(120_000).reshape(300, 400)
>>> geometry = draw_geometry(rng, GeometryOptions(rotation=180, scale=(0.8, 1.25)), image.shape, crop=192)
>>> view = geometry.apply(image)
>>> weak, strong = draw_intensity(rng, WEAK).apply(view), draw_intensity(rng, STRONG).apply(view)
>>> truth = geometry.apply(labels, order="nearest")
>>> weak.shape == strong.shape == truth.shape == (192, 192)
True
"""

from __future__ import annotations

from autoseg.images.geometry import Geometry, GeometryOptions, draw_geometry
from autoseg.images.intensity import STRONG, WEAK, Intensity, IntensityOptions, draw_intensity

__all__ = [
    "STRONG",
    "WEAK",
    "Geometry",
    "GeometryOptions",
    "Intensity",
    "IntensityOptions",
    "draw_geometry",
    "draw_intensity",
]
