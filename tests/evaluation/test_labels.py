"""What is taken for a label image, and what is refused."""

import numpy as np
import pytest

from autoseg.errors import ImageError, OptionsError
from autoseg.evaluation import evaluate, label
from autoseg.evaluation.labels import to_labels

PARTED = np.array([[1, 1, 0, 1, 1], [1, 0, 1, 1, 0]], bool)  # a line of one pixel that runs down a corner


def test_corners_connect_only_where_asked():
    assert label(PARTED).max() == 2
    assert label(PARTED, connectivity=8).max() == 1
    assert label(np.zeros((3, 3), bool)).max() == 0


def test_other_connectivities_are_refused():
    with pytest.raises(OptionsError, match="4 or 8, not 6"):
        label(PARTED, connectivity=6)


def test_masks_are_labelled_four_connected():
    assert to_labels(PARTED).tolist() == [[1, 1, 0, 2, 2], [1, 0, 2, 2, 0]]


def test_labels_keep_their_numbers_unless_these_are_huge():
    assert to_labels(np.array([[0, 3, 1]], np.uint8)).tolist() == [[0, 3, 1]]
    assert to_labels(np.array([[2**63, 5]], np.uint64)).tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((2, 2, 3), int), r"truth has shape \(2, 2, 3\)"),
        (np.zeros((2, 2)), "float64.*integer labels or a boolean mask"),
        (np.array([[0, -1]]), "negative label -1"),
        (np.array([[0, 255]]), "it is a mask. Give `mask > 0`"),
    ],
)
def test_what_is_no_label_image_is_refused(image, message):
    with pytest.raises(ImageError, match=message):
        to_labels(image, "truth")


def test_different_shapes_are_both_named():
    with pytest.raises(ImageError, match=r"segmentation has shape \(712, 1024\), the truth \(768, 1024\).*info bar"):
        evaluate(np.zeros((712, 1024), int), np.zeros((768, 1024), int))
