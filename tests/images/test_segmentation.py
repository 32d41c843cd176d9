from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autoseg.errors import ImageError
from autoseg.images.micrograph import Micrograph
from autoseg.images.segmentation import Segmentation, edge_labels, numbered

LABELS = np.array([[1, 1, 0, 2], [0, 0, 0, 2], [0, 3, 0, 0], [0, 0, 0, 0]], np.uint16)
MICROGRAPH = Micrograph(np.arange(20, dtype=np.uint8).reshape(5, 4), info_bar=4, path=Path("a.tif"))

label_images = hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.integers(0, 9))
quickly = settings(max_examples=50, deadline=None, derandomize=True)


class TestSegmentation:
    def test_tells_what_is_asked_of_it(self):
        foreground, contact = np.random.default_rng(0).random((2, 4, 4), np.float32)
        segmentation = Segmentation(LABELS, {"contact": contact, "foreground": foreground}, MICROGRAPH)
        assert segmentation.count == 3
        np.testing.assert_array_equal(segmentation.areas, [2, 2, 1])
        np.testing.assert_array_equal(segmentation.touches_edge, [True, True, False])
        np.testing.assert_array_equal(segmentation.image, MICROGRAPH.pixels[:4])
        assert segmentation.foreground is foreground
        assert "labels" not in repr(segmentation)

    def test_foreground_of_an_array_of_another_channel_and_of_nothing(self):
        probability = np.zeros((4, 4), np.float32)
        assert Segmentation(LABELS, probability, MICROGRAPH).foreground is probability
        assert Segmentation(LABELS, {"grain": probability}, MICROGRAPH).foreground is None
        assert Segmentation(LABELS, None, MICROGRAPH).foreground is None

    def test_without_particles(self):
        segmentation = Segmentation(np.zeros((4, 4), np.uint16), None, MICROGRAPH)
        assert (segmentation.count, segmentation.areas.shape, segmentation.touches_edge.shape) == (0, (0,), (0,))
        assert segmentation.select(np.zeros(0, bool)).count == 0

    def test_selected_particles_are_numbered_anew(self):
        segmentation = Segmentation(LABELS, None, MICROGRAPH).select([False, True, True])
        expected = [[0, 0, 0, 1], [0, 0, 0, 1], [0, 2, 0, 0], [0, 0, 0, 0]]
        np.testing.assert_array_equal(segmentation.labels, expected)
        assert segmentation.labels.dtype == np.uint16

    @pytest.mark.parametrize("chosen", [[True, False], [1, 2, 3], [[True, True, True]], True])
    def test_a_selection_that_does_not_fit(self, chosen):
        with pytest.raises(ImageError, match=r"a\.tif: has 3 particles"):
            Segmentation(LABELS, None, MICROGRAPH).select(chosen)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint32, np.int64])
    def test_labels_of_another_type(self, dtype):
        with pytest.raises(ImageError, match=r"a\.tif: has labels that are not numbered .* Apply numbered"):
            Segmentation((LABELS == 1).astype(dtype), None, MICROGRAPH)

    @pytest.mark.parametrize("order", [[0, 1, 2, 4], [0, 2, 1, 3], [1, 2, 3, 4]])
    def test_labels_not_consecutive_or_not_in_reading_order(self, order):
        labels = np.array(order, np.uint16)[LABELS]
        if order[0]:  # no background: consecutive, but not by their first pixels
            labels[0, 0] = 2
        with pytest.raises(ImageError, match="not numbered in reading order"):
            Segmentation(labels, None, MICROGRAPH)

    def test_labels_of_another_shape(self):
        with pytest.raises(ImageError, match=r"a\.tif: has a field of view of \(4, 4\) pixels, but its labels have"):
            Segmentation(np.zeros((5, 4), np.uint16), None, MICROGRAPH)

    @pytest.mark.parametrize("shape", [(5, 4), (4,), (4, 4, 1), (3, 4, 4)])
    def test_a_probability_of_another_shape(self, shape):
        with pytest.raises(ImageError, match=r"but its probability \(foreground\)"):
            Segmentation(LABELS, np.zeros(shape, np.float32), MICROGRAPH)
        channels = {"foreground": np.zeros((4, 4), np.float32), "contact": np.zeros(shape, np.float32)}
        with pytest.raises(ImageError, match=r"but its probability \(contact\)"):
            Segmentation(LABELS, channels, MICROGRAPH)

    def test_a_probability_of_another_type(self):
        with pytest.raises(ImageError, match="of type float64, not float32"):
            Segmentation(LABELS, np.zeros((4, 4)), MICROGRAPH)


class TestNumbered:
    @quickly
    @given(label_images, st.sampled_from([1, 7, 10**12]))
    def test_consecutive_in_reading_order_and_the_same_partition(self, labels, factor):
        result = numbered(labels * factor)
        names = list(dict.fromkeys(label for label in labels.ravel().tolist() if label))
        expected = np.array([names.index(label) + 1 if label else 0 for label in labels.ravel()])
        np.testing.assert_array_equal(result, expected.reshape(labels.shape))
        assert result.dtype == np.uint16

    def test_sixteen_bits_as_long_as_they_suffice(self):
        most = np.arange(1, 2**16).reshape(-1, 1)
        assert numbered(most).dtype == np.uint16
        assert numbered(most).max() == 65535
        more = np.arange(1, 2**16 + 1).reshape(-1, 1)
        assert numbered(more).dtype == np.uint32
        np.testing.assert_array_equal(numbered(more), more)

    def test_an_image_without_pixels(self):
        assert numbered(np.zeros((0, 3), int)).shape == (0, 3)

    @pytest.mark.parametrize(
        "labels", [np.ones((2, 2)), np.ones((2, 2), bool), np.ones(3, int), np.ones((2, 2, 1), int)]
    )
    def test_what_is_no_label_image(self, labels):
        with pytest.raises(ImageError, match="whole numbers in rows and columns"):
            numbered(labels)

    def test_negative_labels(self):
        with pytest.raises(ImageError, match="not -1"):
            numbered(np.array([[1, -1]]))


def test_edge_labels_are_on_all_four_sides():
    labels = np.zeros((5, 6), int)
    labels[0, 2], labels[4, 3], labels[2, 0], labels[1, 5], labels[2, 2] = 7, 1, 4, 3, 9
    np.testing.assert_array_equal(edge_labels(labels), [1, 3, 4, 7])
