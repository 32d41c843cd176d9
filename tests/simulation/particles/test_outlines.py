import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from autoseg.errors import ImageError, OptionsError
from autoseg.simulation.particles.outlines import (
    TRIES,
    CleaningOptions,
    clean,
    cropped,
    equivalent_diameter,
    from_examples,
    from_generator,
    outline_from_image,
    training_set,
    transformed,
)
from tests.simulation.particles.shapes import disc, ellipse, triangle


def on_ground(outline, size=(64, 64), top=12, left=9):
    image = np.zeros(size, bool)
    image[top : top + outline.shape[0], left : left + outline.shape[1]] = outline
    return image


def generated(outline):
    """What a generator would make of an outline: values in -1..1, with a channel."""
    return np.where(on_ground(outline), 0.9, -0.9).astype(np.float32)[..., np.newaxis]


class TestExampleImage:
    @pytest.mark.parametrize("white", [True, np.uint8(255), np.uint16(65535), np.float32(0.25)])
    def test_of_any_depth(self, white):
        outline = outline_from_image(on_ground(triangle(20)) * white, "a.png")
        assert outline.dtype == bool
        np.testing.assert_array_equal(outline, triangle(20))

    def test_grey_values_are_cut_at_half_their_range(self):
        image = np.full((9, 9), 100, np.uint8)
        image[3:6, 2:7] = [140, 151, 200, 151, 149]
        assert outline_from_image(image, "a.png").shape == (3, 3)

    def test_holes_are_filled_and_dust_is_left_out(self):
        image = on_ground(disc(15))
        image[25:29, 22:26] = False
        image[50:53, 50:53] = True
        np.testing.assert_array_equal(outline_from_image(image, "a.png"), disc(15))

    @pytest.mark.parametrize(
        ("image", "problem"),
        [
            (np.zeros((8, 8)), r"a\.png: shows no particle. Draw"),
            (np.full((8, 8), np.nan), "shows no particle"),
            (np.pad([[np.inf]], 2), "shows no particle"),
            (np.zeros((0, 8)), "shows no particle"),
            (on_ground(disc(10)) | on_ground(disc(8), top=40, left=40), "several particles. Save each"),
            (on_ground(disc(10), top=0), "touches the edge"),
            (on_ground(disc(10), left=43), "touches the edge"),
            (~on_ground(disc(10)), "touches the edge.* invert"),
            (np.zeros((8, 8, 3)), "one grey image"),
        ],
    )
    def test_unusable(self, image, problem):
        with pytest.raises(ImageError, match=problem):
            outline_from_image(image, "a.png")


class TestTransformed:
    @settings(max_examples=30, deadline=None, derandomize=True)
    @given(st.integers(8, 40), st.integers(8, 40), st.integers(0, 3))
    def test_quarter_turns_are_exact(self, height, width, turns):
        outline = ellipse(height, width)
        expected = np.rot90(outline, turns)
        np.testing.assert_array_equal(transformed(outline, 1.0, turns * np.pi / 2), expected)

    def test_corners_stay(self):
        np.testing.assert_array_equal(transformed(np.ones((7, 12), bool), 1.0, 0.0), np.ones((7, 12), bool))

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.floats(0.6, 3), st.floats(0, 2 * np.pi))
    def test_area_grows_with_the_square_of_the_factor(self, factor, angle):
        outline = ellipse(30, 50)
        area = np.count_nonzero(transformed(outline, factor, angle))
        assert area == pytest.approx(factor**2 * np.count_nonzero(outline), rel=0.03)

    def test_turns_counterclockwise(self):
        """The right angle of the triangle, at the lower left, comes to lie at the bottom."""
        rows, columns = np.nonzero(transformed(triangle(40), 1.0, np.pi / 4))
        assert rows.max() - rows.mean() > 1.5 * (rows.mean() - rows.min())
        assert np.median(columns[rows == rows.max()]) == pytest.approx((columns.max() + columns.min()) / 2, abs=1)

    def test_a_magnified_disc_is_round(self):
        """Stairs of magnified pixels would make the rim vary by two pixels."""
        big = transformed(disc(12), 4.0, 0.0)
        distance = np.hypot(*(np.indices(big.shape).T - (np.array(big.shape) - 1) / 2).T)
        assert distance[~big].min() > distance[big].max() - 1.8

    def test_nothing_left(self):
        with pytest.raises(OptionsError, match=r"41 x 41 pixels, magnified by 0\.01\. Ask for larger"):
            transformed(disc(20) & ~np.pad(disc(15), 5), 0.01, 0.3)


def test_cropped():
    np.testing.assert_array_equal(cropped(on_ground(triangle(9))), triangle(9))
    assert cropped(np.zeros((4, 5), bool)).shape == (0, 0)


def test_equivalent_diameter_of_a_disc():
    assert equivalent_diameter(disc(50)) == pytest.approx(100, rel=0.005)


class TestFromExamples:
    def test_all_examples_in_all_flips(self):
        outlines = [triangle(8), np.ones((4, 9), bool)]
        drawn = from_examples(outlines)(400, np.random.default_rng(0))
        assert len(drawn) == 400
        kinds, counts = np.unique([outline.tobytes() for outline in drawn], return_counts=True)
        assert len(kinds) == 4 + 1
        assert sorted(counts)[-1] == pytest.approx(200, abs=40)
        assert sorted(counts)[0] == pytest.approx(50, abs=25)

    def test_the_generator_decides(self):
        sample = from_examples([disc(3), triangle(5), ellipse(4, 8)])
        first, again = (sample(20, np.random.default_rng(3)) for _ in range(2))
        assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))

    def test_none(self):
        with pytest.raises(OptionsError, match="no outlines"):
            from_examples([])


class TestTrainingSet:
    def test_flips_in_images_of_one_size(self):
        outlines = [triangle(20), np.ones((33, 48), bool)]
        images = training_set(outlines)
        assert images.shape == (8, 48, 48, 1)
        assert images.dtype == np.float32
        assert set(np.unique(images)) == {-1, 1}
        flips = [triangle(20)[::rows, ::columns] for rows in (1, -1) for columns in (1, -1)]
        found = [cropped(np.ascontiguousarray(image[..., 0] > 0)) for image in images[::2]]
        assert all(any(np.array_equal(flip, one) for one in found) for flip in flips)
        assert all(np.count_nonzero(image > 0) == 33 * 48 for image in images[1::2])

    def test_outlines_are_centred(self):
        image = training_set([disc(10)])[0, ..., 0]
        np.testing.assert_allclose(ndimage.center_of_mass(image > 0), [15.5, 15.5], atol=0.5)

    def test_none(self):
        with pytest.raises(OptionsError, match="no outlines"):
            training_set([])


class TestClean:
    plain = CleaningOptions(opening=0, erosion=0)

    def test_only_the_threshold(self):
        np.testing.assert_array_equal(clean(generated(triangle(20)), self.plain), triangle(20))

    @pytest.mark.parametrize(("value", "found"), [(0.1, True), (-0.1, False)])
    def test_threshold_is_halfway_from_black_to_white(self, value, found):
        image = np.where(on_ground(disc(10)), value, -1)
        assert (clean(image) is not None) == found

    def test_holes_are_filled_and_the_largest_part_stays(self):
        image = generated(disc(15))
        image[25:29, 22:26] = -1
        image[50:60, 50:60] = 1
        np.testing.assert_array_equal(clean(image, self.plain), disc(15))

    def test_spikes_are_cut_off(self):
        image = generated(disc(15))
        image[26:30, :] = 1
        cleaned = clean(image, CleaningOptions(erosion=0))
        assert cleaned.shape[1] <= 31 + 2
        assert np.count_nonzero(cleaned) == pytest.approx(np.count_nonzero(disc(15)), rel=0.05)

    def test_erosion(self):
        assert clean(generated(disc(20)), CleaningOptions(opening=0)).shape == (37, 37)

    def test_small_outlines_outlast_it(self):
        """An opening with 9 pixels and two erosions would leave nothing of it."""
        cleaned = clean(generated(ellipse(8, 12)))
        assert np.count_nonzero(cleaned) > 0.6 * np.count_nonzero(ellipse(8, 12))

    def test_zoom(self):
        cleaned = clean(generated(disc(10)), self.plain.changed(zoom=3.0))
        assert equivalent_diameter(cleaned) == pytest.approx(3 * equivalent_diameter(disc(10)), rel=0.02)

    def test_particle_at_the_rim_is_eroded_there_too(self):
        assert clean(np.ones((40, 40)), CleaningOptions(opening=0)).shape == (36, 36)

    def test_nothing_there(self):
        assert clean(np.full((32, 32, 1), -1.0)) is None


class TestFromGenerator:
    def test_asks_again_for_what_failed(self):
        asked = []

        def generate(count, rng):
            asked.append(count)
            images = np.stack([generated(disc(10))] * count)
            images[: count // 2] = -1
            return images

        outlines = from_generator(generate, CleaningOptions(opening=0, erosion=0))(8, np.random.default_rng(0))
        assert asked == [8, 4, 2, 1]
        assert len(outlines) == 8
        assert all(np.array_equal(outline, disc(10)) for outline in outlines)

    def test_the_generator_decides(self):
        def generate(count, rng):
            return np.stack([generated(disc(int(radius))) for radius in rng.integers(5, 15, count)])

        sample = from_generator(generate)
        areas = [[outline.sum() for outline in sample(9, np.random.default_rng(seed))] for seed in (1, 1, 2)]
        assert areas[0] == areas[1] != areas[2]

    def test_gives_up_on_one_that_makes_nothing(self):
        def generate(count, rng):
            return np.full((count, 16, 16, 1), -1.0)

        with pytest.raises(OptionsError, match=f"only 0 particles in {TRIES} rounds where 3 .* Train"):
            from_generator(generate)(3, np.random.default_rng(0))
