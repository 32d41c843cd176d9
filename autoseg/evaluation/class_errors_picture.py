"""A picture of which pixels of a class map are right, and which class the others were taken for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autoseg.evaluation.errors_picture import find_rim, grey_values
from autoseg.evaluation.labels import check_shapes
from autoseg.heads import IGNORED
from autoseg.images.class_files import as_classes, check_numbers

_DARKEST, _BRIGHTEST = 90, 200  # between the background's black and the outlines' white
_PLAIN = 120
_STRIPE = 8  # pixels from one stripe to the next


def draw_class_errors(
    predicted: np.ndarray,
    truth: np.ndarray,
    colours: Sequence[tuple[int, int, int]],
    micrograph: np.ndarray | None = None,
) -> np.ndarray:
    """An RGB picture (rows, columns, 3; uint8) of two class maps over the pale micrograph, or over grey.

    Wrong pixels have the colour of the predicted class, or are white if it is not known. White lines are the outlines
    of the true regions but the background, where these are right. Stripes are where the truth is not known.

    >>> truth, colours = np.array([[0, 1, 1]]), [(0, 0, 0), (230, 159, 0)]
    >>> draw_class_errors(np.array([[0, 1, 0]]), truth, colours)[0].tolist()
    [[120, 120, 120], [255, 255, 255], [0, 0, 0]]
    """
    check_shapes(predicted, truth, "class map")
    predicted, truth = as_classes(predicted), as_classes(truth)
    for classes in (predicted, truth):
        check_numbers(classes, len(colours))
    palette = np.full((IGNORED + 1, 3), 255, np.uint8)
    palette[: len(colours)] = colours

    grey = np.full(truth.shape, _PLAIN, np.uint8)
    if micrograph is not None:
        pale = _DARKEST + (_BRIGHTEST - _DARKEST) / 255 * grey_values(micrograph, truth.shape)
        grey = pale.round().astype(np.uint8)
    known, wrong = truth != IGNORED, predicted != truth
    row, column = np.ogrid[: truth.shape[0], : truth.shape[1]]
    grey[~known & ((row + column) % _STRIPE < 2)] = _DARKEST // 2
    picture = np.repeat(grey[..., None], 3, axis=2)
    picture[find_rim(truth) & known] = 255
    picture[known & wrong] = palette[predicted[known & wrong]]
    return picture
