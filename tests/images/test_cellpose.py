"""What cellpose's own files hold is read, and no code in them is run."""

import os
import pickle

import numpy as np
import pytest

from autoseg.errors import ImageError
from autoseg.images.cellpose import read_cellpose

LABELS = np.array([[0, 3, 3], [1, 1, 0]])
WHOLE = {
    "masks": LABELS.astype(np.uint16),
    "outlines": LABELS,
    "chan_choose": [0, 0],
    "ismanual": np.zeros(2, bool),
    "filename": "größe.tif",
    "flows": [np.zeros((2, 3), np.uint8), [], None],
    "diameter": np.float64(30),
}


class Harmful:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def test_the_masks_are_taken(tmp_path):
    np.save(tmp_path / "a_seg.npy", WHOLE)
    np.testing.assert_array_equal(read_cellpose(tmp_path / "a_seg.npy"), LABELS)


def test_no_code_is_run(tmp_path):
    np.save(tmp_path / "a_seg.npy", WHOLE | {"flows": Harmful(str(tmp_path / "run"))})
    with pytest.raises(ImageError, match=r"a_seg.npy: cannot be read as a file of cellpose: it asks for \w+.mkdir"):
        read_cellpose(tmp_path / "a_seg.npy")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [LABELS, {"outlines": LABELS}, [1, 2], {"masks": LABELS[None]}, {"masks": -LABELS}])
def test_what_is_no_label_image_of_cellpose_is_refused(tmp_path, content):
    np.save(tmp_path / "a_seg.npy", content)
    with pytest.raises(ImageError, match=r"a_seg\.npy: "):
        read_cellpose(tmp_path / "a_seg.npy")


def test_damage_is_told(tmp_path):
    np.save(tmp_path / "a_seg.npy", WHOLE)
    whole = (tmp_path / "a_seg.npy").read_bytes()
    for length in range(0, len(whole) - 1, 7):
        (tmp_path / "a_seg.npy").write_bytes(whole[:length])
        with pytest.raises(ImageError, match=r"a_seg\.npy: cannot be read"):
            read_cellpose(tmp_path / "a_seg.npy")
    (tmp_path / "a_seg.npy").write_bytes(pickle.dumps(WHOLE))
    with pytest.raises(ImageError):
        read_cellpose(tmp_path / "a_seg.npy")
