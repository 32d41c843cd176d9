import numpy as np
import pytest

from autoseg.images.polarity import Polarity

BRIGHT, DARK, EITHER = Polarity


@pytest.mark.parametrize("one", Polarity)
@pytest.mark.parametrize("other", Polarity)
def test_only_bright_and_dark_are_each_others_inverse(one, other):
    expected = {one, other} == {BRIGHT, DARK}
    assert one.is_inverse_of(other) == other.is_inverse_of(one) == one.is_inverse_of(other.value) == expected


def test_is_written_as_a_word():
    assert [f"{polarity}" for polarity in Polarity] == ["bright", "dark", "either"]
    assert Polarity("dark") is DARK
    with pytest.raises(ValueError, match="both"):
        Polarity("both")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("black", "expected"), [(0.0, [1, 0.75, 0]), (-1.0, [0, -0.25, -1])])
def test_what_a_network_does_not_know_is_inverted_between_black_and_white(black, expected, dtype):
    image = np.array([0, 0.25, 1], dtype)
    shown = DARK.as_shown_to("bright", image, black)
    np.testing.assert_array_equal(shown, np.array(expected, dtype))
    assert shown.dtype == dtype
    np.testing.assert_array_equal(BRIGHT.as_shown_to(DARK, shown, black), image)  # twice is not at all
    np.testing.assert_array_equal(image, np.array([0, 0.25, 1], dtype))


@pytest.mark.parametrize(("shown", "known"), [(BRIGHT, "bright"), (DARK, DARK), (EITHER, "dark"), (BRIGHT, EITHER)])
def test_anything_else_is_shown_as_it_is(shown, known):
    image = np.array([0, 0.25, 1], np.float32)
    np.testing.assert_array_equal(shown.as_shown_to(known, image), image)
