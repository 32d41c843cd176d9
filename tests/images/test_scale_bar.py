import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.images.scale_bar import choose_scale_bar

NANOMETRES = {"pm": 1e-3, "nm": 1, "µm": 1e3, "mm": 1e6, "m": 1e9}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(width=st.integers(1, 100_000), pixel_size=st.floats(1e-3, 1e6))
def test_the_text_tells_the_length(width, pixel_size):
    bar = choose_scale_bar(width, pixel_size)
    number, unit = re.fullmatch(r"(\S+) (pm|nm|µm|mm|m)", bar.text).groups()
    assert float(number) * NANOMETRES[unit] / pixel_size == pytest.approx(bar.pixels)
    assert re.fullmatch(r"(0\.0*)?[125]0*", number)
    assert 0.2 / 1.6 < bar.pixels / width < 0.2 * 1.6


@settings(max_examples=50, deadline=None, derandomize=True)
@given(width=st.integers(1, 100_000))
def test_without_a_pixel_size_it_is_in_pixels(width):
    bar = choose_scale_bar(width)
    assert bar.text == f"{bar.pixels:g} px"
    assert bar.pixels >= 1
    assert re.fullmatch(r"[125]0*", f"{bar.pixels:.0f}")


@pytest.mark.parametrize(
    ("width", "pixel_size", "text"),
    [(1024, 1, "200 nm"), (1000, 10, "2 µm"), (1000, 0.01, "2 nm"), (1000, 0.002, "500 pm"), (1000, 1e5, "20 mm")],
)
def test_common_magnifications(width, pixel_size, text):
    assert choose_scale_bar(width, pixel_size).text == text
