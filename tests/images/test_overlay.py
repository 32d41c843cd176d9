import numpy as np
import pytest
from PIL import Image

from autoseg.errors import AutosegError
from autoseg.images.colours import PALETTE
from autoseg.images.overlay import OverlayOptions, draw_overlay, to_grey, write_overlay
from autoseg.images.scale_bar import choose_scale_bar

PLAIN = OverlayOptions(scale_bar=False)
SQUARE = np.zeros((12, 14), int)
SQUARE[3:9, 4:11] = 1


def coloured(picture):
    """Where the picture is not grey."""
    return np.ptp(picture.astype(int), axis=-1) > 0


@pytest.mark.parametrize("width", [1, 2])
def test_contours_lie_inside_the_particle(width):
    line = coloured(draw_overlay(np.full(SQUARE.shape, 90, np.uint8), SQUARE, options=PLAIN.changed(line_width=width)))
    inner = np.zeros(SQUARE.shape, bool)
    inner[3 + width : 9 - width, 4 + width : 11 - width] = True
    assert np.array_equal(line, (SQUARE > 0) & ~inner)


def test_contours_are_closed_at_the_rim_and_between_neighbours():
    labels = np.repeat([[1] * 5 + [2] * 5], 6, axis=0)
    picture = draw_overlay(np.zeros(labels.shape, np.uint8), labels, options=PLAIN)
    inner = np.zeros(labels.shape, bool)
    inner[1:5, 1:4] = inner[1:5, 6:9] = True
    assert np.array_equal(coloured(picture), ~inner)
    assert (picture[2, 4] != picture[2, 5]).any()
    assert all(pixel.tolist() in PALETTE.tolist() for pixel in picture[2, [4, 5]])


def test_wide_images_get_wider_lines():
    labels = np.pad(np.ones((20, 20), int), ((0, 0), (0, 1600)))
    line = coloured(draw_overlay(np.zeros(labels.shape, np.uint8), labels, options=PLAIN))
    assert line[10, 1]
    assert not line[10, 2]


def test_filling_mixes_the_colour_into_the_grey():
    image = np.full(SQUARE.shape, 100, np.uint8)
    picture = draw_overlay(image, SQUARE, options=PLAIN.changed(fill=0.25))
    assert np.abs(picture[6, 7] - (75 + 0.25 * picture[3, 4])).max() <= 0.5
    assert (picture[SQUARE == 0] == 100).all()


def test_the_image_is_not_changed():
    image = np.full(SQUARE.shape, 100, np.uint8)
    draw_overlay(image, SQUARE, options=OverlayOptions(fill=1, numbers=True))
    assert (image == 100).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32])
def test_deep_images_are_stretched(dtype):
    ramp = np.linspace(100, 1100, 10_000).reshape(100, 100).astype(dtype)
    grey = to_grey(ramp, saturated=1)
    assert grey.dtype == np.uint8
    assert np.mean(grey == 0) == pytest.approx(0.01, abs=0.003)
    assert np.mean(grey == 255) == pytest.approx(0.01, abs=0.003)
    assert (np.diff(grey.ravel().astype(int)) >= 0).all()


def test_8_bit_images_are_shown_as_they_are():
    image = np.arange(40, 90, dtype=np.uint8).reshape(5, 10)
    assert np.array_equal(to_grey(image), image)


def test_constant_and_nearly_constant_images():
    image = np.full((50, 50), 7.0)
    assert (to_grey(image) == 128).all()
    image[0, 0] = 8
    assert (to_grey(image)[0, 0], to_grey(image)[1, 1]) == (255, 0)


@pytest.mark.parametrize("ground", [0, 128, 255])
@pytest.mark.parametrize("pixel_size", [None, 0.7, 130.0])
def test_the_bar_is_as_long_as_it_says(ground, pixel_size):
    shape = (200, 300)
    picture = draw_overlay(np.full(shape, ground, np.uint8), np.zeros(shape, int), pixel_size)
    bar = choose_scale_bar(shape[1], pixel_size)
    row = picture[-12 - 2, :, 0]  # through the bar, which ends 12 pixels above the lower rim
    black = np.flatnonzero(row == 0)  # its rim on both sides, which keeps it visible on every ground
    widest = np.diff(black).argmax()
    inside = row[black[widest] + 1 : black[widest + 1]]
    assert (inside == 255).all()
    assert len(inside) == round(bar.pixels)


def test_text_stands_above_the_bar():
    picture = draw_overlay(np.full((200, 300), 128, np.uint8), np.zeros((200, 300), int), 1.0)
    above = picture[-32:-18, -100:]
    assert (above == 255).any()
    assert (above == 0).any()


@pytest.mark.parametrize("shape", [(1, 1), (10, 300), (300, 40)])
def test_no_bar_where_it_does_not_fit(shape):
    assert (draw_overlay(np.full(shape, 9, np.uint8), np.zeros(shape, int), 3.0) == 9).all()


def test_numbers_are_written_onto_particles_only_when_asked_for():
    labels = np.zeros((80, 80), int)
    labels[10:70, 10:70] = 1
    labels[20:70, 20:70] = 0  # the centre of mass of this angle lies outside of it
    labels[10:30, 10:30] = 1
    image = np.full(labels.shape, 128, np.uint8)
    without, numbered = (
        draw_overlay(image, labels, options=PLAIN.changed(numbers=numbers)) for numbers in (False, True)
    )
    rows, columns = np.nonzero((without != numbered).any(axis=-1))
    assert len(rows) > 10
    assert max(rows.max(), columns.max()) < 35


def test_no_particle_leaves_the_image():
    picture = draw_overlay(
        np.full((50, 60), 33, np.uint8), np.zeros((50, 60), int), options=OverlayOptions(numbers=True, scale_bar=False)
    )
    assert (picture == 33).all()


def test_labels_of_another_image_are_refused():
    with pytest.raises(AutosegError, match="do not belong"):
        draw_overlay(np.zeros((5, 5)), SQUARE)


def test_a_picture_is_written_as_drawn(tmp_path):
    image = np.random.default_rng(0).integers(0, 5000, SQUARE.shape, np.uint16)
    write_overlay(tmp_path / "größe.png", image, SQUARE, 2.0)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "größe.png")), draw_overlay(image, SQUARE, 2.0))


def test_a_failing_write_leaves_nothing_behind(tmp_path):
    with pytest.raises(AutosegError, match=r"a\.picture: is no name of a picture"):
        write_overlay(tmp_path / "a.picture", SQUARE, SQUARE)
    assert list(tmp_path.iterdir()) == []
