import numpy as np

from autoseg.heads import Head
from autoseg.stages.calibration import choose_prominence
from autoseg.training.targets import make_targets

HEAD = Head(kind="instances")
LABELS = np.zeros((60, 60), np.uint16)
LABELS[10:50, 5:25], LABELS[10:50, 25:55] = 1, 2  # they touch along a line


def prediction(contact):
    """One that knows nothing of distances, and is as sure of the contact as told."""
    said = make_targets(LABELS, HEAD)
    said[..., 1] *= contact
    said[..., 2] = LABELS > 0
    return HEAD.named({"particles": said})


def test_a_network_that_is_unsure_of_contacts_gets_a_lower_prominence():
    pairs = [(np.zeros(LABELS.shape, np.uint8), LABELS)]
    assert choose_prominence(lambda image: prediction(0.22), pairs) == 0.15


def test_where_it_makes_no_difference_the_default_stays():
    pairs = [(np.zeros(LABELS.shape, np.uint8), LABELS)]
    assert choose_prominence(lambda image: prediction(1.0), pairs) == 0.25
