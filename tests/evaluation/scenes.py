"""Small label images whose scores are known by hand, and random ones."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def rectangles(*boxes, shape=(30, 60)):
    """A label image with rectangles (top, left, height, width), numbered from 1 in this order."""
    labels = np.zeros(shape, np.uint16)
    for number, (top, left, height, width) in enumerate(boxes, start=1):
        labels[top : top + height, left : left + width] = number
    return labels


def label_images(shape, particles=5):
    return npst.arrays(np.int64, shape, elements=st.integers(0, particles))


@st.composite
def pairs(draw):
    """A random segmentation and a random truth of one shape."""
    shape = draw(SIZES)
    return draw(label_images(shape)), draw(label_images(shape))
