"""What the outputs of a head with several of them learn from."""

import numpy as np

from autoseg.heads import Head, Output
from autoseg.training.labelled_views import LabelledViews


def test_a_class_that_weighs_nothing_is_known_for_the_other_outputs():
    head = Head(kind="classes", classes=["ground", "grain"], also=[Output(name="rows", channels=("row",))])
    classes, certainty = np.array([[0, 1, 255, 1]]), np.array([[1, 1, 1, 0.25]], np.float32)
    pair = np.zeros((1, 4)), classes, certainty, {"rows": np.ones((1, 4))}
    _, targets = LabelledViews(head, class_weights=(0.0, 2.0))(pair, np.random.default_rng(0))
    np.testing.assert_array_equal(targets["classes"][0, :, -1], [0, 2, 0, 0.5])
    np.testing.assert_array_equal(targets["rows"][0, :, -1], [1, 1, 0, 0.25])
