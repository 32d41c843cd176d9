"""Which adaptation is chosen: that in which particles are most plausible."""

import numpy as np
import pytest

from autoseg.images.polarity import Polarity
from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.candidates import (
    PER_DOUBLING,
    SEEN,
    Candidate,
    assess,
    choose_adaptation,
    count_reductions,
    typical_diameter,
)
from autoseg.segmentation.pyramid import Found

AS_IT_IS = Adaptation(Polarity.BRIGHT)
SHAPE = (200, 500)


def test_sizes_are_those_of_particles_that_are_more_probably_some_than_not():
    labels = np.repeat([0, 1, 2, 3], [50, 16, 16, 400])[None]
    candidate = assess(Found(labels, np.array([0.9, 0.9, 0.3])), AS_IT_IS)
    assert candidate.diameter == pytest.approx(np.sqrt(4 / np.pi * 16))
    assert candidate.plausibility == pytest.approx(2 * 0.8 * 4 / (4 + 4 + 20)) and candidate.adaptation == AS_IT_IS
    assert assess(Found(labels, np.full(3, 0.4)), AS_IT_IS) == Candidate(AS_IT_IS, 0.0, None)


def test_neither_crumbs_nor_a_giant_decide_on_the_typical_diameter():
    assert typical_diameter(np.array([*[1] * 20, *[100] * 9, 5000])) == pytest.approx(np.sqrt(400 / np.pi))
    assert typical_diameter(np.zeros(0)) is None


class Candidates:
    """Candidates whose plausibility and diameter are told for some magnifications, bright and dark."""

    def __init__(self, **found):
        self.found, self.asked = found, []

    def __call__(self, magnification):
        self.asked.append(magnification)
        for polarity in Polarity.BRIGHT, Polarity.DARK:
            found = self.found.get(polarity, {}).get(magnification, (0.0, None))
            yield Candidate(Adaptation(polarity, magnification), *found)


def test_the_polarity_is_that_of_the_most_plausible_particles_at_any_magnification():
    candidates = Candidates(bright={1: (0.3, 20), 0.5: (0.1, 20)}, dark={1: (0.05, 20), 0.5: (0.4, 40)})
    assert choose_adaptation(candidates, SHAPE, 10) == Adaptation(Polarity.DARK, 1, reductions=2)
    assert candidates.asked == [1, 0.5, 0.25]  # small ones are not looked for where large ones were found


def test_without_known_sizes_only_the_polarity_is_chosen():
    candidates = Candidates(bright={1: (0.1, 500)}, dark={1: (0.2, 500), 0.5: (0.4, 20)})
    assert choose_adaptation(candidates, SHAPE, None) == Adaptation(Polarity.DARK) and candidates.asked == [1]


@pytest.mark.parametrize("factor", [2, 4])
def test_particles_that_are_too_small_are_magnified(factor):
    small = {1: (0.2, 5), 2: (0.1, 9), factor: (0.2 + PER_DOUBLING * np.log2(factor) + 0.01, 9 if factor == 2 else 18)}
    chosen = choose_adaptation(Candidates(bright=small), SHAPE, 10)
    assert chosen == Adaptation(Polarity.BRIGHT, factor, reductions=2 + int(np.log2(factor)))
    assert chosen.magnifications[-1] == 0.25


def test_what_is_hardly_better_when_magnified_stays_as_it_is():
    candidates = Candidates(bright={1: (0.2, 5), 2: (0.21, 10)})
    assert choose_adaptation(candidates, SHAPE, 10).magnification == 1


def test_particles_of_known_sizes_are_not_magnified():
    candidates = Candidates(bright={1: (0.2, 10), 2: (0.9, 20)})
    assert choose_adaptation(candidates, SHAPE, 10).magnification == 1 and 2 not in candidates.asked


def test_a_region_that_is_not_plausible_does_not_keep_an_image_from_being_magnified():
    candidates = Candidates(bright={1: (SEEN / 10, 12), 2: (0.4, 10)})
    assert choose_adaptation(candidates, SHAPE, 10).magnification == 2


@pytest.mark.parametrize(("plausibility", "expected"), [(0.4, 4), (0.6, 2)])
def test_doubtful_particles_of_a_magnified_image_are_looked_at_still_closer(plausibility, expected):
    candidates = Candidates(bright={1: (0.2, 5), 2: (plausibility, 12), 4: (0.8, 24)})
    assert choose_adaptation(candidates, SHAPE, 10).magnification == expected


def test_of_nothing_it_is_as_the_model_saw_it_after_all_was_tried():
    candidates = Candidates()
    assert choose_adaptation(candidates, SHAPE, 10) == Adaptation(Polarity.BRIGHT, 1, reductions=2)
    assert candidates.asked == [1, 0.5, 0.25, 2, 4]


@pytest.mark.parametrize(("shape", "expected"), [((1, 1), 0), ((95, 4000), 0), ((96, 96), 1), ((9999, 9999), 4)])
def test_no_image_is_reduced_to_a_stamp(shape, expected):
    assert count_reductions(shape) == expected
