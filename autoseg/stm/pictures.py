"""Pictures of surfaces beside what is found in them."""

from __future__ import annotations

import numpy as np

from autoseg.images.class_overlay import ClassOverlayOptions, draw_classes
from autoseg.stages.grey import sheet
from autoseg.stm.classes import LEGEND

_PLAIN = ClassOverlayOptions(legend=False, scale_bar=False, opacity=0.35)


def draw_sample(image: np.ndarray, truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """A picture, its true classes and those found, side by side: RGB, uint8; all (rows, columns)."""
    return sheet([[image, *(draw_classes(image, classes, LEGEND, options=_PLAIN) for classes in (truth, found))]])
