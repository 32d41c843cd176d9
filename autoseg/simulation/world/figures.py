"""What happens to a picture on its way into an article: resampling, sharpening, grey values, JPEG."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from autoseg.images.geometry import draw_factor
from autoseg.simulation.world.options import FigureOptions

DOWN = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
UP = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


def publish(image: np.ndarray, options: FigureOptions, rng: np.random.Generator) -> np.ndarray:
    """The picture (height, width), 0..1, as a figure shows it; what it shows stays at its place.

    >>> publish(np.full((24, 32), 0.5, np.float32), FigureOptions(), np.random.default_rng(0)).shape
    (24, 32)
    """
    height, width = image.shape
    image = image.clip(0, 1) ** draw_factor(rng, options.gamma)
    factor = draw_factor(rng, options.factor) if rng.random() < options.resampled else 1.0
    size = max(round(factor * width), 8), max(round(factor * height), 8)
    if size != (width, height):
        image = cv2.resize(image, size, interpolation=int(rng.choice(DOWN if factor < 1 else UP)))
    if rng.random() < options.sharpened:
        soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 2))
        image = image + rng.uniform(0.2, 1) * (image - soft)
    if rng.random() < options.compressed:
        image = compressed(image, int(rng.integers(options.quality[0], options.quality[1], endpoint=True)))
    if size != (width, height):
        image = cv2.resize(image, (width, height), interpolation=int(rng.choice(UP if factor < 1 else DOWN[:3])))
    return image.clip(0, 1).astype(np.float32)


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """The picture, 0..1, after it was a JPEG.

    >>> grey = compressed(np.full((16, 16), 0.5, np.float32), 50)
    >>> bool(np.abs(grey - 0.5).max() < 0.02)
    True
    """
    file = io.BytesIO()
    Image.fromarray(np.round(image.clip(0, 1) * 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32) / 255
