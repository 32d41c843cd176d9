"""A picture of what is right and wrong, particle by particle."""

from __future__ import annotations

import numpy as np

from autoseg.evaluation.labels import check_shapes, to_labels
from autoseg.evaluation.overlaps import Overlaps, find_overlaps, one_to_one
from autoseg.images.normalization import normalize

ERROR_COLOURS: dict[str, tuple[int, int, int]] = {
    "true": (0, 158, 115),
    "missed": (240, 228, 66),
    "false": (213, 94, 0),
    "merged": (204, 121, 167),
    "split": (86, 180, 233),
}
"RGB of each kind of particle, for the legend; the colour-blind can tell them apart (Okabe and Ito 2008)."

_KINDS = {name: number for number, name in enumerate(ERROR_COLOURS, start=1)}
_PALETTE = np.array([(0, 0, 0), *ERROR_COLOURS.values()], np.float32)
_OPACITY = 0.45


def draw_errors(
    predicted: np.ndarray,
    truth: np.ndarray,
    micrograph: np.ndarray | None = None,
    *,
    minimum_size: int = 1,
    exclude_edge: bool = False,
) -> np.ndarray:
    """An RGB picture (height, width, 3; uint8) of two label images or masks over the grey micrograph, or over black.

    Predicted particles are filled with the colour of their kind, true ones that are missed with theirs. A prediction
    that covers several true particles is merged, several in one true particle are split, else it is true at an IoU of
    0.5, or false. White lines are the outlines of all true particles. What `evaluate` leaves out is not drawn.

    >>> picture = draw_errors(np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 0]]))
    >>> picture[0, 0].tolist(), picture[0, 2].tolist() == list(ERROR_COLOURS["false"])
    ([0, 0, 0], True)
    """
    check_shapes(predicted, truth)
    predicted, truth = to_labels(predicted), to_labels(truth, "truth")
    overlaps = find_overlaps(predicted, truth, minimum_size=minimum_size, exclude_edge=exclude_edge)
    predicted_kinds, true_kinds = _sort_out(overlaps)
    predicted_picture = _paint(predicted, overlaps.predicted_labels, predicted_kinds)
    true_picture = _paint(truth, overlaps.true_labels, true_kinds)
    missed = (true_picture == _KINDS["missed"]) & (predicted_picture == 0)
    kinds = np.where(missed, true_picture, predicted_picture)

    picture = np.repeat(grey_values(micrograph, truth.shape)[..., None], 3, axis=2)
    filled = kinds > 0
    picture[filled] += _OPACITY * (_PALETTE[kinds[filled]] - picture[filled])
    true_rim = find_rim(truth)
    rims = find_rim(predicted) & filled | true_rim & missed
    picture[rims] = _PALETTE[kinds[rims]]
    picture[true_rim & (true_picture > 0) & ~missed] = 255
    return picture.round().astype(np.uint8)


def _sort_out(overlaps: Overlaps) -> tuple[np.ndarray, np.ndarray]:
    """The kind (P,) of each predicted particle and (T,) of each true one."""
    predicted = np.full(len(overlaps.predicted_areas), _KINDS["false"])
    true = np.full(len(overlaps.true_areas), _KINDS["missed"])
    matched = one_to_one(overlaps, 0.5)
    pieces = overlaps.inside & overlaps.split[overlaps.true]
    merged = overlaps.swallowed & overlaps.merging[overlaps.predicted]
    for pairs, kind in ((matched, "true"), (pieces, "split"), (merged, "merged")):
        predicted[overlaps.predicted[pairs]] = _KINDS[kind]
        true[overlaps.true[pairs]] = _KINDS[kind]
    return predicted, true


def _paint(labels: np.ndarray, chosen: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """The kind at every pixel; 0 where there is none of the chosen labels."""
    table = np.zeros(int(labels.max(initial=0)) + 1, np.uint8)
    table[chosen] = kinds
    return table[labels]


def find_rim(labels: np.ndarray) -> np.ndarray:
    """The pixels of particles above, below or beside a pixel that is none of theirs."""
    rim = np.zeros(labels.shape, bool)
    below, beside = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    rim[1:] |= below
    rim[:-1] |= below
    rim[:, 1:] |= beside
    rim[:, :-1] |= beside
    return rim & (labels > 0)


def grey_values(micrograph: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """The micrograph with its darkest and brightest half per cent clipped, as float32 from 0 to 255."""
    if micrograph is None:
        return np.zeros(shape, np.float32)
    check_shapes(micrograph, np.empty(shape, bool), "micrograph")
    return 255 * normalize(micrograph)
