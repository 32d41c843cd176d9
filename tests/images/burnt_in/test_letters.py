"""What software writes into pictures is found; particles are none of it, even where they look like letters."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from autoseg.images.burnt_in import find_burnt_in
from autoseg.images.lettering import load_font

RNG = np.random.default_rng(4)
GROUND = (cv2.GaussianBlur(RNG.normal(120, 60, (300, 400)), (0, 0), 3) + RNG.normal(0, 8, (300, 400))).clip(1, 250)


def written(place, text, size=24, ink=255, box=None, ground=GROUND):
    """A picture with text, and which pixels are all ink."""
    picture = Image.fromarray(ground.astype(np.uint8))
    draw, font = ImageDraw.Draw(picture), load_font(size, "DejaVuSans-Bold")
    if box is not None:
        left, top, right, bottom = draw.textbbox(place, text, font)
        draw.rectangle((left - 6, top - 6, right + 6, bottom + 6), fill=box)
    draw.text(place, text, ink, font)
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).text(place, text, 255, font)
    return np.asarray(picture), np.asarray(mask) > 250


def found_share(image, ink):
    """How much of the ink is found, and how much of the rest of the image is taken for ink."""
    found = find_burnt_in(image)
    around = cv2.dilate(ink.view(np.uint8), np.ones((31, 31), np.uint8)) > 0
    return found[ink].mean(), found[~around].mean()


@pytest.mark.parametrize("ink", [0, 255])
@pytest.mark.parametrize(
    ("place", "text"), [((8, 6), "(a)"), ((370, 6), "B"), ((8, 265), "c2"), ((150, 140), "120 mrad")]
)
def test_panels_names_in_corners_and_lines_of_text_anywhere_are_found(ink, place, text):
    share, more = found_share(*written(place, text, ink=ink))
    assert share > 0.95 and more == 0


def test_a_name_in_a_box_and_in_a_figure_that_was_compressed_and_resampled(ink=0):
    image, ink = written((12, 12), "(b)", ink=0, box=255)
    coded = cv2.imencode(".jpg", cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA))[1]
    image = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    ink = cv2.resize(ink.view(np.uint8), image.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    share, more = found_share(image, ink)
    assert share > 0.95 and more == 0


def test_the_length_of_a_scale_bar_stands_beside_it_wherever_that_is():
    image, ink = written((150, 150), "5 nm", size=16)
    assert not find_burnt_in(written((150, 150), "5", size=16)[0]).any()  # a letter in the middle may be a particle
    image = image.copy()
    image[172:176, 140:200] = 255
    assert found_share(image, ink)[0] > 0.9


def test_what_is_recorded_is_no_text():
    assert not find_burnt_in(GROUND).any() and not find_burnt_in(np.zeros((300, 400))).any()


def discs(count, radius, hollow, seed):
    """Saturated particles, with sharp edges, also in the corners."""
    image, rng = GROUND.astype(np.uint8), np.random.default_rng(seed)
    for place in rng.permutation(48)[:count]:
        centre = 30 + 48 * (place % 8), 30 + 48 * (place // 8)
        cv2.circle(image, centre, radius, 255, 3 if hollow else -1)
    return image


@pytest.mark.parametrize("seed", range(4))
def test_particles_are_no_letters_in_corners_either(seed):
    assert not find_burnt_in(discs(12, radius=12, hollow=False, seed=seed)).any()
    assert not find_burnt_in(discs(24, radius=12, hollow=True, seed=seed)).any()  # the letter o, but everywhere


@pytest.mark.parametrize("angle", [0, 20, 90])
def test_rods_side_by_side_are_no_text(angle):
    image = GROUND.astype(np.uint8)
    for row in range(30, 280, 50):
        for column in range(30, 380, 24):
            step = 18 * np.array([np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])
            cv2.line(image, *(tuple((np.array([column, row]) + way * step).astype(int)) for way in (-1, 1)), 0, 6)
    assert not find_burnt_in(image).any()
