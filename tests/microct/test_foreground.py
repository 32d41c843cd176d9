"""The foreground of a volume, slice by slice, and what smoothing makes of slices that are alone in what they say."""

import numpy as np
import pytest

from autoseg.images.volumes.volume import Volume
from autoseg.microct.foreground import Foreground
from autoseg.microct.smoothing import choose_width, smoothed


def foreground(values, smoothing, broken=()):
    array = np.array(values, float).reshape(-1, 1, 1) * np.ones((1, 2, 3))
    array[list(broken)] = np.nan
    return Foreground(Volume.of_array(array), lambda pixels: pixels.astype(np.float32), 0.5, True, smoothing)


def test_one_slice_against_its_neighbours_is_not_believed():
    alone, missing = [0, 0, 0, 1, 0, 0, 0], [1, 1, 1, 0, 1, 1, 1]
    for values, expected in ((alone, 0), (missing, 1)):
        assert [one.all() for one in foreground(values, 1.0)] == [expected] * 7
        assert [one.all() for one in foreground(values, 0.0)] == values


def test_smoothing_is_a_gaussian_whose_weight_at_the_ends_goes_to_what_is_there():
    rng, width = np.random.default_rng(0), 1.5
    slices = [(np.zeros((4, 5)), rng.random((4, 5), np.float32)) for _ in range(20)]
    found = np.stack([probability for _, probability in smoothed(iter(slices), width)])
    steps = np.arange(20)[:, None] - np.arange(20)
    weights = np.where(np.abs(steps) <= 5, np.exp(-((steps / width) ** 2) / 2), 0)
    expected = np.tensordot(weights / weights.sum(axis=1, keepdims=True), np.stack([one for _, one in slices]), axes=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_slices_that_were_passed_over_stay_empty_and_weigh_nothing():
    several = foreground([1, 1, 1, 1, 1], 1.0, broken=[2])
    assert [one.all() for one in several] == [True, True, False, True, True]
    assert several.shares == pytest.approx([1, 1, np.nan, 1, 1], nan_ok=True) and len(several.failures) == 1


def test_as_much_is_smoothed_as_neighbouring_slices_tell_of_each_other():
    rng = np.random.default_rng(0)

    def chosen(lasts, noise):
        """For slices of a pattern that changes all the time, and is another one after so many slices."""
        patterns = rng.random((12, 40, 40))
        place = np.arange(24) / lasts
        share = (place % 1)[:, None, None]
        slices = (1 - share) * patterns[place.astype(int)] + share * patterns[place.astype(int) + 1]
        return choose_width([(one, one + rng.normal(0, noise, one.shape)) for one in slices])

    assert chosen(lasts=6, noise=0.02) < chosen(lasts=6, noise=0.5)
    assert chosen(lasts=2.5, noise=0.1) < chosen(lasts=10, noise=0.1)
    assert choose_width([(np.zeros((2, 2)), rng.random((2, 2)))] * 2) == 0


def chosen_for(array):
    """A foreground whose width was chosen, and how often a slice was predicted."""
    asked = []
    array[3, 0, 0] = array[14, 0, 0] = np.nan
    several = Foreground(Volume.of_array(array), lambda pixels: asked.append(1) or pixels, 0.5, True, "auto")
    assert len(list(several)) == 30
    assert [str(error).split(" holds")[0] for error in several.failures] == ["volume: slice 4", "volume: slice 15"]
    return several, len(asked)


def test_a_chosen_width_is_kept_and_slices_that_have_little_in_common_are_predicted_once():
    patterns = np.random.default_rng(0).random((12, 8, 9))
    place = np.arange(30) / 3
    share = (place % 1)[:, None, None]
    array = (1 - share) * patterns[place.astype(int)] + share * patterns[place.astype(int) + 1]
    several, asked = chosen_for(array)
    assert 0 < several.smoothing < 1 and asked == 28


def test_slices_that_have_much_in_common_are_averaged_for_the_network_too():
    rng = np.random.default_rng(0)
    several, asked = chosen_for(np.repeat(rng.random((1, 8, 9)), 30, axis=0) + rng.normal(0, 0.3, (30, 8, 9)))
    assert several.smoothing >= 1 and asked == 15 + 28  # those in the middle once more, as they are
    array, shown = np.eye(9).reshape(9, 3, 3), []
    list(Foreground(Volume.of_array(array), lambda pixels: shown.append(pixels) or pixels, 0.5, smoothing=1.0))
    np.testing.assert_allclose(shown, [mean for _, mean in smoothed(zip(array, array, strict=True), 1.0)])
