import numpy as np
import pytest

from autoseg.simulation.recording import (
    add_noise,
    add_noise_of,
    add_scan_lines,
    add_trails,
    blur_by_drift,
    draw_low,
    jitter_lines,
)

GREY = np.full((200, 240), 0.25, np.float32)


def random(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("grey", "expected"), [(0.0, 0.03), (0.25, np.hypot(0.03, 0.05)), (1.0, np.hypot(0.03, 0.1))])
def test_noise_grows_with_the_signal(grey, expected):
    noisy = add_noise(np.full_like(GREY, grey), 0.03, 0.1, 0, random())
    assert noisy.mean() == pytest.approx(grey, abs=0.002) and noisy.std() == pytest.approx(expected, rel=0.03)


def test_grain_makes_neighbours_alike():
    def correlation(grain):
        noise = add_noise(GREY, 0.03, 0, grain, random())
        return np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]

    assert abs(correlation(0)) < 0.02 and correlation(0.8) > 0.5


def test_noise_of_a_background_comes_where_particles_are_and_is_another_noise():
    background = (0.25 + 0.02 * random().standard_normal(GREY.shape)).astype(np.float32)
    cover = np.zeros_like(GREY)
    cover[50:150, 50:150] = 1
    noisy = add_noise_of(background, np.where(cover > 0, np.float32(0.25), background), cover, random())
    np.testing.assert_array_equal(noisy[cover == 0], background[cover == 0])
    inside = np.s_[50:150, 50:150]
    assert noisy[inside].std() == pytest.approx(0.02, rel=0.15)
    assert abs(np.corrcoef(noisy[inside].ravel(), background[inside].ravel())[0, 1]) < 0.05


def test_structure_of_a_background_is_not_taken_for_noise():
    background = GREY.copy()
    background[100] = 0.9  # a scratch
    cover = np.ones_like(GREY)
    assert add_noise_of(background, GREY, cover, random()).std() < 0.002


def test_lines_are_shifted_each_for_itself_and_by_little():
    ramp = np.tile(np.arange(240, dtype=np.float32), (200, 1))[..., None].repeat(2, axis=2)
    shifts = (jitter_lines(ramp, 0.3, random()) - ramp)[:, 5:-5]
    assert np.ptp(shifts, axis=(1, 2)).max() < 0.05  # OpenCV counts in 32nds of a pixel
    assert shifts.mean(axis=(1, 2)).std() == pytest.approx(0.3, rel=0.2) and np.abs(shifts).max() <= 1.5
    assert jitter_lines(ramp, 0, random()) is ramp


@pytest.mark.parametrize(("direction", "axis"), [(0, 1), (np.pi / 2, 0)])
def test_drift_blurs_along_its_direction_and_keeps_the_sum(direction, axis):
    point = np.zeros((21, 21, 2), np.float32)
    point[10, 10] = 1
    blurred = blur_by_drift(point, 3, direction)[..., 0]
    places = np.arange(21) - 10
    variances = [(blurred.sum(axis=1 - along) * places**2).sum() for along in (0, 1)]
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    assert variances[axis] == pytest.approx(9 / 12, rel=0.25) and variances[1 - axis] < 0.1


def test_scan_lines_differ_in_brightness():
    lines = add_scan_lines(GREY, 0.02, random())
    assert np.ptp(lines, axis=1).max() < 1e-6
    assert lines[:, 0].std() > 0.005 and abs(lines.mean() - 0.25) < 0.01


def test_a_trail_is_right_of_what_is_bright():
    image = np.zeros((20, 200), np.float32)
    image[8:12, 100:110] = 1
    change = add_trails(image, 0.5, 10) - image
    assert change[10, 112] < -0.1 and abs(change[10, 112]) > 3 * abs(change[10, 130])
    assert not change[10, :100].any() and not change[0].any()


def test_low_values_are_drawn_more_often():
    rng = random()
    values = [draw_low(rng, (1, 3)) for _ in range(2000)]
    assert min(values) >= 1 and max(values) <= 3 and np.median(values) == pytest.approx(1.5, abs=0.1)
