"""Which adaptation is chosen: true targets are the most plausible prediction, and the best candidate wins."""

import cv2
import numpy as np
import pytest

from autoseg.heads import Head
from autoseg.images.polarity import Polarity
from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.candidates import (
    CONVINCING,
    POSSIBLE,
    SMALLEST_EDGE,
    Candidate,
    assess,
    choose_adaptation,
    typical_diameter,
)
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.training.targets import make_targets

HEAD, AS_IT_IS = Head(kind="instances"), Adaptation(Polarity.BRIGHT)


def discs(radius=9, spacing=30, size=120):
    """Labels of discs on a grid."""
    labels = np.zeros((size, size), np.uint16)
    for number, (row, column) in enumerate(np.ndindex(size // spacing, size // spacing), start=1):
        centre = spacing * column + spacing // 2, spacing * row + spacing // 2
        cv2.circle(labels, centre, radius, number, cv2.FILLED)
    return labels


def assessed(targets, options=InstanceOptions()):
    """The candidate for a prediction (rows, columns, channels)."""
    prediction = HEAD.named({HEAD.main.name: targets.astype(np.float32)})
    return assess(prediction, AS_IT_IS, options)


def plausibility(targets):
    return assessed(targets).plausibility


def test_the_truth_is_wholly_plausible_and_has_the_sizes_of_its_particles():
    labels = discs()
    candidate = assessed(make_targets(labels, HEAD))
    assert candidate.plausibility > 0.99 and candidate.adaptation == AS_IT_IS
    assert candidate.diameter == pytest.approx(np.sqrt(4 / np.pi * np.sum(labels == 1)))


def test_whoever_contradicts_himself_or_is_unsure_is_less_plausible():
    truth = make_targets(discs(), HEAD)
    shallow, flat, unsure = truth.copy(), truth.copy(), truth.copy()
    shallow[..., 2] /= 2
    flat[..., 2] = flat[..., 0]  # inside is everywhere as far from the rim as can be
    unsure[..., 0] = 0.5 + 0.2 * (truth[..., 0] - 0.5)
    assert plausibility(shallow) == pytest.approx(0.5, abs=0.05)
    assert plausibility(flat) < 0.5
    assert plausibility(unsure) == pytest.approx(0.2**2, rel=0.05)


def test_the_ground_between_particles_is_none():
    ground = make_targets((discs() == 0).astype(np.uint16), HEAD)
    assert assessed(ground) == Candidate(AS_IT_IS, 0.0, None)
    assert plausibility(np.ones((40, 50, 3))) == 0
    assert plausibility(np.pad(np.ones((34, 44, 3)), ((3, 3), (3, 3), (0, 0)))) == 0  # as networks see bright nothing


def test_crumbs_and_cut_particles_count_whatever_results_are_to_leave_out():
    truth = make_targets(discs(radius=1, spacing=15), HEAD)
    options = InstanceOptions(minimum_size=1000, maximum_size=2000, exclude_edge=True, li_factor=1.0)
    assert assessed(truth, options).diameter == pytest.approx(np.sqrt(4 / np.pi * 5))


def test_neither_crumbs_nor_a_giant_decide_on_the_typical_diameter():
    areas = [*[1] * 20, *[100] * 9, 5000]
    assert typical_diameter(np.repeat(np.arange(31), [50, *areas])[None]) == pytest.approx(np.sqrt(400 / np.pi))
    assert typical_diameter(np.zeros((3, 3), int)) is None


class Candidates:
    """Candidates whose plausibility and diameter are told for some magnifications, bright and dark."""

    def __init__(self, **found):
        self.found, self.asked = found, []

    def __call__(self, magnification):
        self.asked.append(magnification)
        nothing = (0.0, None)
        for polarity in Polarity.BRIGHT, Polarity.DARK:
            found = self.found.get(polarity, {}).get(magnification, nothing)
            yield Candidate(Adaptation(polarity, magnification), *found)


GOOD, BAD = CONVINCING + 0.2, POSSIBLE - 0.1
RANGE = (10, 60)


def test_convincing_particles_of_a_known_size_are_taken_at_once():
    candidates = Candidates(bright={1: (BAD, 20)}, dark={1: (GOOD, 20), 2: (1.0, 40)})
    assert choose_adaptation(candidates, (500, 500), RANGE) == Adaptation(Polarity.DARK) and candidates.asked == [1]


def test_without_known_sizes_only_the_polarity_is_chosen():
    candidates = Candidates(bright={1: (BAD / 2, 500)}, dark={1: (BAD, 500), 0.5: (GOOD, 20)})
    assert choose_adaptation(candidates, (500, 500), None) == Adaptation(Polarity.DARK) and candidates.asked == [1]
    assert choose_adaptation(candidates, (500, 500), None, 0.5) == Adaptation(Polarity.DARK, 0.5)


@pytest.mark.parametrize(("diameter", "expected"), [(5, 2), (200, 0.25), (30, 0.25)])
def test_other_magnifications_are_tried_where_sizes_are_unknown_or_nothing_convinces(diameter, expected):
    first = GOOD if diameter != 30 else BAD
    candidates = Candidates(bright={1: (first, diameter), expected: (GOOD + 0.15, 20)})
    assert choose_adaptation(candidates, (500, 500), RANGE) == Adaptation(Polarity.BRIGHT, expected)


@pytest.mark.parametrize("other", [(BAD, 20), (GOOD, 100), (GOOD, None)])
def test_an_image_stays_as_it_is_where_nothing_else_convinces(other):
    candidates = Candidates(bright={1: (0.1, 5), 2: other}, dark={1: (0.05, 7)})
    assert choose_adaptation(candidates, (500, 500), RANGE) == Adaptation(Polarity.BRIGHT)


def test_a_magnification_is_taken_only_where_it_makes_particles_more_plausible():
    candidates = Candidates(bright={1: (GOOD, 100), 0.5: (GOOD + 0.01, 50)}, dark={0.25: (GOOD - 0.01, 25)})
    assert choose_adaptation(candidates, (500, 500), RANGE) == Adaptation(Polarity.BRIGHT)
    candidates.found["dark"][0.25] = (GOOD + 0.1, 25)
    assert choose_adaptation(candidates, (500, 500), RANGE) == Adaptation(Polarity.DARK, 0.25)


def test_of_nothing_it_is_as_the_model_saw_it():
    assert choose_adaptation(Candidates(), (500, 500), RANGE) == Adaptation(Polarity.BRIGHT)


def test_no_image_is_reduced_to_a_stamp():
    candidates = Candidates()
    choose_adaptation(candidates, (4 * SMALLEST_EDGE, 5000), RANGE)
    assert sorted(candidates.asked) == [0.25, 0.5, 1, 2, 4]
