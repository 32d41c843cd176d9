"""Whether particles are bright or dark, and how images are inverted for networks that know only the opposite."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import cv2
import numpy as np

Side = Literal["bright", "dark"]
"For options that allow only these two."
Asked = Literal["auto", "model", "bright", "dark"]
"What can be asked of a segmentation: auto finds out for each image, model takes what the network knows."


class Polarity(StrEnum):
    """Whether particles are brighter or darker than what they lie on; either: some are brighter, others darker."""

    BRIGHT = "bright"
    DARK = "dark"
    EITHER = "either"

    def is_inverse_of(self, other: Polarity | Side) -> bool:
        """Whether one is bright and the other one dark.

        >>> Polarity.DARK.is_inverse_of("bright"), Polarity.DARK.is_inverse_of("either")
        (True, False)
        """
        return {self, Polarity(other)} == {Polarity.BRIGHT, Polarity.DARK}

    def as_shown_to(self, known: Polarity | Side, image: np.ndarray, black: float = 0.0) -> np.ndarray:
        """The image for a network that knows particles of polarity `known`: inverted, if that is the opposite.

        White is 1. Black is 0, or -1 in the images of generators.

        >>> Polarity.DARK.as_shown_to("bright", np.array([0.0, 0.75])).tolist()
        [1.0, 0.25]
        """
        return (black + 1) - image if self.is_inverse_of(known) else image


def polarity_of(image: np.ndarray, labels: np.ndarray) -> Polarity:
    """What the particles of a label image are in an image (rows, columns), compared with what lies right around them.

    Bright, where nothing lies around them.

    >>> polarity_of(np.array([[9, 2, 9, 9]]), np.array([[0, 1, 0, 0]]))
    <Polarity.DARK: 'dark'>
    """
    particles = labels > 0
    around = cv2.dilate(particles.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))) > particles
    if not around.any() or image[particles].mean() >= image[around].mean():
        return Polarity.BRIGHT
    return Polarity.DARK
