"""Made-up topographies: what masks say is what pictures show, and shares are those of the published data."""

import numpy as np
import pytest
from scipy import ndimage

from autoseg.errors import OptionsError
from autoseg.stm.classes import DEFECTS
from autoseg.stm.lattice import find_rows
from autoseg.stm.simulation.defects import Canvas, on_any_dimer, on_published_grid
from autoseg.stm.simulation.edges import APART, draw_edges, draw_terraces
from autoseg.stm.simulation.layout import Layout
from autoseg.stm.simulation.options import SurfaceOptions
from autoseg.stm.simulation.plane import draw_levels
from autoseg.stm.simulation.topography import draw_topography

PUBLISHED_SHARES = [0.00091, 0.00043, 0.00084]
PUBLISHED_COUNT = 4.45


def draw_many(count, **options):
    chosen = SurfaceOptions(**options)
    return [draw_topography(chosen, rng, i % 16) for i, rng in enumerate(np.random.default_rng(5).spawn(count))]


@pytest.fixture(scope="module")
def published():
    return draw_many(32, rules="published")


def test_published_rules_have_the_published_shares(published):
    """The published numbers are those of 64 pictures, whose numbers of defects scatter: hence the wide limits."""
    shares = np.mean([[np.mean(one.classes == kind) for kind in DEFECTS] for one in published], axis=0)
    assert (np.abs(shares / PUBLISHED_SHARES - 1) < 0.5).all()
    assert shares[1] == shares.min()
    assert np.mean([one.instances.max() for one in published]) == pytest.approx(PUBLISHED_COUNT, rel=0.4)


def test_rows_cover_half_of_a_picture_and_published_ones_less_where_it_is_stretched(published):
    stretched = [one.rows.mean() for one in published if "zones" in one.effects]
    others = [one.rows.mean() for one in published if "zones" not in one.effects]
    assert np.mean(stretched) == pytest.approx(0.463, abs=0.005) and np.mean(others) == pytest.approx(0.507, abs=0.003)
    corrected = draw_many(2, size=200, effects=("zones",))
    assert np.mean([one.rows.mean() for one in corrected]) == pytest.approx(0.507, abs=0.02)


@pytest.mark.parametrize("generator", ["terraces", "plane"])
@pytest.mark.parametrize("rules", ["published", "corrected"])
def test_one_seed_gives_one_picture(generator, rules):
    first, same, other = (
        draw_topography(SurfaceOptions(generator=generator, rules=rules, size=160), np.random.default_rng(seed), 15)
        for seed in (1, 1, 2)
    )
    for name in ("image", "classes", "instances", "rows", "terraces"):
        np.testing.assert_array_equal(getattr(first, name), getattr(same, name))
        assert getattr(first, name).shape == (160, 160)
    assert (first.image != other.image).any()


@pytest.mark.parametrize("generator", ["terraces", "plane"])
def test_every_defect_has_one_class_and_a_number(generator):
    for one in draw_many(4, size=300, generator=generator, defects=(200, 200)):
        assert ((one.instances > 0) == (one.classes > 0)).all()
        numbers = range(1, one.instances.max() + 1)
        assert len(numbers) > 3 and all(len(np.unique(one.classes[one.instances == number])) == 1 for number in numbers)


def test_rows_are_18_px_apart_and_turned_as_asked():
    for angle in (0, 30):
        (one,) = draw_many(1, effects=(), angle=(angle, angle), steps=(1, 1), defects=(0, 0))
        rows = find_rows(one.image.astype(float))
        assert rows.spacing == pytest.approx(18, rel=0.003)
        assert min(abs(rows.angle - angle) % 90, 90 - abs(rows.angle - angle) % 90) < 0.5
        bright, dark = one.image[one.rows > 0].mean(), one.image[one.rows == 0].mean()
        assert bright > dark + 10


def test_corrected_defects_lie_on_dimers_and_apart():
    layout = Layout(np.zeros((400, 400), np.uint8), (3,), ((0, 0),))
    canvas, places = Canvas.of(np.full((400, 400), 200, np.uint8)), []

    def draw(*about):
        places.append(on_any_dimer(*about))
        return places[-1]

    canvas.try_defects(200, layout, draw, "box", np.random.default_rng(0), apart=True)
    assert all(place.drawn.top % 18 == 0 and place.drawn.left % 9 == 0 for place in places)
    assert {place.drawn.left // 9 % 3 for place in places} == {0, 1, 2}  # any dimer, not every third one
    sizes = np.bincount(canvas.instances.ravel())[1:]
    assert len(sizes) > 50 and set(sizes) == {27 * 18, 36 * 18}  # boxes are whole: none covers another


def test_published_defects_lie_beside_the_box_that_is_checked():
    layout = Layout(np.zeros((400, 400), np.uint8), (3,), ((0, 0),))
    place = on_published_grid(2, 100, 200, layout, np.random.default_rng(0))
    assert place.checked.left - place.drawn.left == 35 and place.checked.top == place.drawn.top == 90


def test_no_defect_comes_near_an_edge():
    layout = draw_terraces(852, (3, 3), 0.0, np.random.default_rng(4))
    canvas = Canvas.of(np.full((852, 852), 200, np.uint8))
    canvas.try_defects(100, layout, on_any_dimer, "box", np.random.default_rng(0))
    away = np.ones(layout.numbers.shape, bool)
    for axis in (0, 1):
        away &= ndimage.maximum_filter1d(layout.numbers, 3, axis) == ndimage.minimum_filter1d(layout.numbers, 3, axis)
    assert ndimage.distance_transform_edt(away)[canvas.instances > 0].min() > 17


@pytest.mark.parametrize("seed", range(5))
def test_edges_keep_apart_and_terraces_are_numbered(seed):
    rng = np.random.default_rng(seed)
    edges = draw_edges([True, False, True, False, True], 95, 48, rng)
    assert (np.diff(edges, axis=0) >= APART).all() and (np.ptp(edges, axis=1) > 0).all()
    for layout in (draw_terraces(852, (1, 5), 0.0, rng), draw_levels(852, (1, 4), rng)):
        assert np.unique(layout.numbers).tolist() == list(range(layout.count)) and layout.count > 1
        assert all(bool(a) != bool(b) for a, b in zip(layout.turned, layout.turned[1:], strict=False))


def test_double_steps_keep_the_direction_of_rows():
    layout = draw_terraces(852, (5, 5), 1.0, np.random.default_rng(0))
    assert len(set(layout.turned)) == 1 and layout.count > 4


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"rules": "published", "double_steps": 0.1}, "double_steps"),
        ({"rules": "published", "generator": "plane", "effects": ("xy",)}, "knows no"),
        ({"steps": (0, 2)}, "must begin with 1"),
        ({"size": 32}, "size"),
        ({"rule": "published"}, 'did you mean "rules"'),
    ],
)
def test_what_cannot_be_is_refused(options, problem):
    with pytest.raises(OptionsError, match=problem):
        SurfaceOptions(**options)
