import numpy as np
import pytest
from PIL import Image

from autoseg.heads import ClassLabel
from autoseg.images.class_map import ClassMap
from autoseg.images.class_overlay import ClassOverlayOptions, draw_class_overlay, write_class_overlay
from autoseg.images.micrograph import Micrograph

PLAIN = ClassOverlayOptions(legend=False, scale_bar=False)
LEGEND = (ClassLabel(name="background"), ClassLabel(name="grain", colour="#c80000"), ClassLabel(name="pore"))
SQUARES = np.zeros((12, 24), np.uint8)
SQUARES[3:9, 4:11], SQUARES[3:9, 11:18] = 1, 2


def class_map(classes, grey=100, legend=LEGEND, **known):
    return ClassMap(classes, None, legend, Micrograph(np.full(classes.shape, grey, np.uint8), **known))


def test_classes_are_tinted_within_their_contours_and_the_background_stays_grey():
    found = class_map(SQUARES)
    picture = draw_class_overlay(found, PLAIN.changed(opacity=0.25))
    assert (picture[SQUARES == 0] == 100).all()
    for number, (rows, columns) in {1: (slice(4, 8), slice(5, 10)), 2: (slice(4, 8), slice(12, 17))}.items():
        colour = np.array(found.colours[number])
        assert np.abs(picture[rows, columns] - (75 + 0.25 * colour)).max() <= 0.5
        line = number == SQUARES
        line[rows, columns] = False
        assert (picture[line] == colour).all()


def test_contours_can_be_left_out():
    picture = draw_class_overlay(class_map(SQUARES), PLAIN.changed(opacity=0.5, line_width=0))
    assert (picture[SQUARES == 1] == [150, 50, 50]).all()


def test_unknown_pixels_stay_grey():
    picture = draw_class_overlay(class_map(np.full((5, 6), 255, np.uint8)), PLAIN)
    assert (picture == 100).all()


def test_the_legend_shows_every_class_but_the_background_in_its_colour():
    found = class_map(np.zeros((160, 240), np.uint8))
    picture = draw_class_overlay(found, ClassOverlayOptions(scale_bar=False))
    shown = {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}
    assert {found.colours[1], found.colours[2]} <= shown
    patches = [np.argwhere((picture == colour).all(axis=-1)) for colour in found.colours[1:]]
    assert [np.ptp(patch, axis=0).tolist() for patch in patches] == [[11, 11]] * 2
    assert patches[0].max(axis=0)[0] < patches[1].min(axis=0)[0]  # one below the other, in the order of their numbers
    assert (picture[:, :11] == 100).all() and (picture[100:] == 100).all()
    beside = picture[patches[0][:, 0].min() : patches[0][:, 0].max(), 32:]
    assert (beside == 255).any()  # the name


@pytest.mark.parametrize("shape", [(10, 300), (300, 40), (1, 1)])
def test_no_legend_where_it_does_not_fit(shape):
    assert (draw_class_overlay(class_map(np.zeros(shape, np.uint8))) == 100).all()


def test_a_long_name_and_many_classes_leave_the_legend_out():
    long = (LEGEND[0], ClassLabel(name="a name that is far too long for a picture"))
    many = tuple(ClassLabel(name=f"class {number}") for number in range(20))
    options = ClassOverlayOptions(scale_bar=False)
    for legend in (long, many):
        assert (draw_class_overlay(class_map(np.zeros((150, 200), np.uint8), legend=legend), options) == 100).all()


def test_names_of_several_lines_are_written_in_one():
    legend = (LEGEND[0], ClassLabel(name="two\nlines\x00"))
    picture = draw_class_overlay(class_map(np.zeros((160, 240), np.uint8), legend=legend))
    assert (picture[32:100] == 100).all()


def test_the_scale_bar_is_that_of_the_pixel_size():
    shown = draw_class_overlay(class_map(np.zeros((200, 300), np.uint8), pixel_size=2.0))
    assert (shown[-14, -62:-12] == 255).all()  # 100 nm


def test_a_picture_is_written_as_drawn(tmp_path):
    found = class_map(SQUARES)
    write_class_overlay(tmp_path / "a.png", found)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), draw_class_overlay(found))
