import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from autoseg.images.info_bar import find_info_bar


def noisy(rows=384, columns=512, mean=100.0, sigma=4.0):
    image = np.random.default_rng(7).normal(mean, sigma, (rows, columns))
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def particles(rows=384, columns=512, background=50.0, noise=3.0):
    """Bright blurred discs on an even ground."""
    rng = np.random.default_rng(8)
    discs = np.zeros((rows, columns))
    y, x = np.mgrid[:rows, :columns]
    for _ in range(60):
        row, column, radius = rng.integers(rows), rng.integers(columns), rng.integers(5, 25)
        discs[(y - row) ** 2 + (x - column) ** 2 < radius**2] = 120
    image = ndimage.gaussian_filter(discs, 1.5) + background
    return np.clip(np.rint(image + rng.normal(0, noise, image.shape)), 0, 255).astype(np.uint8)


def with_bar(image, row, paper, ink, line=None):
    """Text of thin vertical strokes, a scale bar, and perhaps a border line, drawn over the bottom."""
    drawn = image.copy()
    drawn[row:] = paper
    height, columns = drawn.shape[0] - row, drawn.shape[1]
    for top in (row + height // 4, row + height // 2):
        for column in range(10, columns * 2 // 3, 7):
            drawn[top : top + max(height // 6, 2), column : column + 2] = ink
    drawn[row + height // 3 : row + height // 3 + 2, -columns // 4 : -10] = ink
    if line is not None:
        drawn[row] = line
    return drawn


@pytest.mark.parametrize(("paper", "ink"), [(0, 255), (255, 0), (128, 255), (128, 0), (60, 230)])
@pytest.mark.parametrize("row", [288, 330, 355, 372])
def test_bars_of_every_colour_are_found_to_the_row(paper, ink, row):
    assert find_info_bar(with_bar(particles(), row, paper, ink)) == row


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.uint32, np.float32, np.float64])
def test_every_depth(dtype):
    factor = dtype(2**30 // 256) if dtype in (np.int32, np.uint32) else dtype(257)
    bar = with_bar(particles(), 350, 0, 255).astype(dtype) * factor
    assert find_info_bar(bar) == 350


def test_a_border_line_belongs_to_the_bar():
    assert find_info_bar(with_bar(noisy(), 350, 0, 255, line=255)) == 350


def test_image_at_the_rim_of_the_bar_does_not_hide_it():
    image = particles(768, 1024)
    drawn = with_bar(image, 712, 0, 255)
    drawn[:, [0, -1]] = image[:, [0, -1]]
    drawn[-1] = image[-1]
    assert find_info_bar(drawn) == 712


def test_a_bar_is_found_below_an_even_image_without_noise():
    assert find_info_bar(with_bar(np.full((384, 512), 90, np.uint8), 350, 0, 255)) == 350


def test_a_partly_black_image_above_a_black_bar():
    image = noisy(mean=4.0, sigma=12.0)  # 40 % of the pixels are clipped to 0
    assert find_info_bar(with_bar(image, 350, 0, 255)) == 350


def gradient(rows=384, columns=512):
    return np.repeat(np.linspace(0, 255, rows).astype(np.uint8)[:, None], columns, axis=1)


def edge(sharp, saturated):
    """A bright substrate below a dark ground, with an even horizontal edge."""
    image = np.where(np.arange(384)[:, None] >= 340, 300.0 if saturated else 200.0, 60.0) * np.ones(512)
    image = image if sharp else ndimage.gaussian_filter(image, 2)
    return np.clip(np.rint(image + np.random.default_rng(9).normal(0, 4, image.shape)), 0, 255).astype(np.uint8)


def dark_bottom():
    image = noisy().astype(float)
    image[300:] -= np.linspace(0, 300, 84)[:, None]
    return np.clip(image, 0, 255).astype(np.uint8)


WITHOUT_BAR = {
    "noise": noisy(),
    "strong noise": np.random.default_rng(6).integers(0, 65536, (300, 400), dtype=np.uint16),
    "particles": particles(),
    "dark particles": 255 - particles(),
    "particles without noise": particles(noise=0),
    "clipped background": particles(background=-20),
    "two values": particles() > 80,
    "gradient": gradient(),
    "gradient across": gradient(512, 384).T,
    "dark bottom": dark_bottom(),
    "sharp edge": edge(sharp=True, saturated=False),
    "blurred edge": edge(sharp=False, saturated=False),
    "saturated edge": edge(sharp=True, saturated=True),
    "blurred saturated edge": edge(sharp=False, saturated=True),
    "band without text": np.where(np.arange(384)[:, None] >= 340, 0, noisy()),
    "black": np.zeros((384, 512), np.uint8),
    "constant float": np.full((384, 512), 0.1),
    "one pixel": np.ones((1, 1), np.uint8),
    "one row": noisy(1, 512),
    "one column": noisy(512, 1),
    "small": with_bar(noisy(60, 60), 50, 0, 255),
    "bar too high": with_bar(noisy(), 200, 0, 255),
    "bar at the top": with_bar(noisy(), 350, 0, 255)[::-1],
}


@pytest.mark.parametrize("kind", WITHOUT_BAR)
def test_no_false_alarm(kind):
    assert find_info_bar(WITHOUT_BAR[kind]) is None


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(64, 300),
    columns=st.integers(64, 300),
    sigma=st.floats(1.5, 80),
    blur=st.floats(0, 3),
    mean=st.floats(0, 255),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_noise_of_any_size_and_grain_is_no_bar(seed, rows, columns, sigma, blur, mean):
    image = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, sigma * (1 + blur), (rows, columns)), blur)
    assert find_info_bar(np.clip(np.rint(image + mean), 0, 255).astype(np.uint8)) is None


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(128, 400),
    share=st.floats(0.06, 0.24),
    paper=st.sampled_from([0, 255, 128]),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_bar_of_any_height_is_found_to_the_row(seed, rows, share, paper):
    image = np.random.default_rng(seed).normal(100, 8, (rows, 256)).astype(np.uint8)
    row = rows - round(rows * share)
    assert find_info_bar(with_bar(image, row, paper, 255 - paper if paper != 128 else 255)) == row


def test_the_image_is_not_changed():
    image = with_bar(noisy(), 350, 0, 255)
    before = image.copy()
    find_info_bar(image)
    np.testing.assert_array_equal(image, before)
