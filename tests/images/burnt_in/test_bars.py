"""Scale bars are found and measured however software draws them, and what microscopes record is none."""

import cv2
import imageio.v3 as imageio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.errors import ImageError, OptionsError
from autoseg.images.burnt_in import find_scale_bar
from autoseg.images.burnt_in.bars import _measure, _Shape
from autoseg.images.intensity import IntensityOptions, draw_intensity
from autoseg.images.labels import write_tiff
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.scale_bar import parse_length

RNG = np.random.default_rng(4)
GROUND = cv2.GaussianBlur(RNG.normal(120, 60, (300, 400)), (0, 0), 3) * 2 - 120 + RNG.normal(0, 8, (300, 400))
GROUND = GROUND.clip(0, 255).astype(np.uint8)


def drawn(length, thickness=5, ink=255, tick=0, row=260, column=50):
    image = GROUND.copy()
    image[row - 12 : row + 17, column - 20 : column + length + 20] = 128
    image[row : row + thickness, column : column + length] = ink
    if tick:
        image[row - 5 : row + thickness + 5, [*range(column, column + tick)]] = ink
        image[row - 5 : row + thickness + 5, [*range(column + length - tick, column + length)]] = ink
    return image


def jpeg(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    length=st.integers(30, 200),
    thickness=st.integers(3, 8),
    ink=st.sampled_from([0, 255]),
    factor=st.floats(0.7, 1.6),
    quality=st.sampled_from([None, 70, 90]),
)
def test_a_bar_is_measured_to_a_pixel_in_a_figure_that_was_resampled(length, thickness, ink, factor, quality):
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    image = cv2.resize(drawn(length, thickness, ink), None, fx=factor, fy=factor, interpolation=method)
    bar = find_scale_bar(image if quality is None else jpeg(image, quality))
    assert bar is not None
    assert bar.length == pytest.approx(length * image.shape[1] / 400, abs=1.0)
    assert bar.row + bar.height / 2 == pytest.approx((260 + thickness / 2) * factor, abs=2)


@pytest.mark.parametrize("thickness", [1, 2, 4])
def test_a_bar_with_ticks_reaches_from_the_middle_of_one_to_that_of_the_other(thickness):
    bar = find_scale_bar(drawn(29, thickness, tick=2))
    assert (bar.length, bar.row, bar.height) == (27, 260, thickness)


def test_a_bar_that_something_of_its_own_grey_touches_has_a_length():
    distance = np.full((30, 60), 9.0)
    distance[10:14, :40] = 0
    length = _measure(distance, _Shape(row=10, column=5, height=4, width=35, tick=0))
    assert 30 < length <= 40


def test_depth_does_not_matter():
    wide = find_scale_bar(drawn(80).astype(np.uint16) * 257)
    assert wide == find_scale_bar(drawn(80)) == find_scale_bar(drawn(80) / np.float32(255))


@pytest.mark.parametrize(
    "image",
    [
        GROUND,
        np.full((300, 400), 7, np.uint8),
        drawn(80)[200:, :110],
        drawn(80, thickness=60),  # a box
        drawn(390, column=0),  # a line from edge to edge
        drawn(80, row=295),  # cut off
        cv2.warpAffine(drawn(80), cv2.getRotationMatrix2D((90, 262), 8, 1), (400, 300)),  # a rod
    ],
)
def test_what_is_no_bar_is_left_alone(image):
    assert find_scale_bar(image) is None


def test_particles_that_are_saturated_are_no_bars():
    image = GROUND.copy()
    for row, column in ((40, 60), (100, 200), (200, 300)):
        cv2.ellipse(image, (column, row), (60, 9), 0, 0, 360, 255, -1)
    assert find_scale_bar(draw_intensity(RNG, IntensityOptions(blur=(1, 1))).apply(image / np.float32(255))) is None


@pytest.mark.parametrize(
    ("text", "nanometres"), [("200 nm", 200), ("2µm", 2e3), (" 0.5 μm ", 500), (".1 mm", 1e5), ("5Å", 0.5)]
)
def test_lengths(text, nanometres):
    assert parse_length(text) == pytest.approx(nanometres)


@pytest.mark.parametrize("text", ["200", "nm", "0 nm", "-2 nm", "2 px", "1e3 nm", "2 nm long", ""])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(OptionsError, match="is no length: write a number and a unit"):
        ReadOptions(scale_bar=text)


class TestReading:
    def write(self, folder, image):
        imageio.imwrite(folder / "a.png", image)
        return folder / "a.png"

    def test_its_length_gives_the_pixel_size(self, tmp_path):
        found = read(self.write(tmp_path, drawn(80)), scale_bar="0.2 µm")
        assert found.pixel_size == pytest.approx(2.5)
        assert found.pixel_size_source == "scale bar: 80.0 px are 0.2 µm"

    def test_without_its_length_nothing_is_assumed_but_it_is_told(self, tmp_path):
        found = read(self.write(tmp_path, drawn(80)))
        assert found.pixel_size is None
        assert any("scale bar of 80.0 px lies at row 260" in note for note in found.notes)
        assert not read(self.write(tmp_path, GROUND)).notes

    def test_one_that_is_not_there_is_missed(self, tmp_path):
        with pytest.raises(ImageError, match=r"a\.png: shows no scale bar"):
            read(self.write(tmp_path, GROUND), scale_bar="200 nm")

    def test_metadata_that_say_otherwise_are_told(self, tmp_path):
        for size, notes in ((2.48, 0), (7.3, 1)):
            write_tiff(tmp_path / "a.tif", drawn(80), pixel_size=size, brightest=255)
            found = read(tmp_path / "a.tif", scale_bar="200 nm")
            assert found.pixel_size == pytest.approx(2.5) and len(found.notes) == notes

    def test_two_answers_are_refused(self):
        with pytest.raises(OptionsError, match="give one of them"):
            ReadOptions(scale_bar="200 nm", pixel_size=2)
