from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from autoseg.errors import ImageError, OptionsError
from autoseg.images.geometry import draw_factor
from autoseg.images.views import (
    STRONG,
    WEAK,
    Geometry,
    GeometryOptions,
    Intensity,
    IntensityOptions,
    draw_geometry,
    draw_intensity,
)

quickly = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32)
ANY_WAY = GeometryOptions(quarter_turns=True, rotation=180, scale=(0.5, 2.0))
CROPS_ONLY = GeometryOptions(flip=False)
DTYPES = [bool, np.uint8, np.uint16, np.int32, np.int64, np.float16, np.float32, np.float64]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def labels(rng):
    """Blocks of labels, most of them above what 16 bits hold."""
    return np.kron(rng.integers(0, 200_000, (6, 8), dtype=np.int32), np.ones((10, 10), np.int32))


def rotation_about_centre(size, degrees):
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    linear = np.array([[cosine, sine], [-sine, cosine]])
    centre = (np.array(size) - 1) / 2
    matrix = np.column_stack([linear, centre - linear @ centre])
    return Geometry(size, size, tuple(map(tuple, matrix.tolist())))


def sources(geometry):
    """Row and column in the image of each pixel of the view, unmirrored, (2, height, width)."""
    rows, columns = np.indices(geometry.shape)
    return np.tensordot(np.array(geometry.matrix), np.stack([rows, columns, np.ones_like(rows)]), 1)


class TestExactGeometry:
    def variants(self, options, image):
        rng = np.random.default_rng(0)
        views = (draw_geometry(rng, options, image.shape).apply(image) for _ in range(100))
        return {(view.shape, view.tobytes()) for view in views}

    def test_four_flips_by_default(self, rng):
        image = rng.random((5, 7))
        flips = [image, image[::-1], image[:, ::-1], image[::-1, ::-1]]
        assert self.variants(GeometryOptions(), image) == {(flip.shape, flip.tobytes()) for flip in flips}

    def test_quarter_turns(self, rng):
        image = rng.random((5, 7))
        turns = [np.rot90(image, count) for count in range(4)]
        assert self.variants(CROPS_ONLY.changed(quarter_turns=True), image) == {
            (turn.shape, turn.tobytes()) for turn in turns
        }

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("order", ["linear", "nearest"])
    def test_identity(self, rng, dtype, order):
        image = (rng.random((9, 6, 2)) * 200).astype(dtype)
        view = draw_geometry(rng, CROPS_ONLY, image.shape).apply(image, order)
        assert view.dtype == dtype
        np.testing.assert_array_equal(view, image)

    def test_crops_are_parts_of_the_image_and_reach_its_ends(self, rng):
        image = np.arange(20 * 30).reshape(20, 30)
        corners = set()
        for _ in range(200):
            view = draw_geometry(rng, CROPS_ONLY, image.shape, crop=(18, 27)).apply(image)
            top, left = divmod(int(view[0, 0]), 30)
            np.testing.assert_array_equal(view, image[top : top + 18, left : left + 27])
            corners.add((top, left))
        assert corners == {(top, left) for top in range(3) for left in range(4)}

    @quickly
    @given(seeds, st.integers(1, 6), st.integers(1, 6))
    def test_crop_larger_than_the_image_is_mirrored(self, seed, height, width):
        rng = np.random.default_rng(seed)
        image = rng.random((height, width))
        geometry = draw_geometry(rng, CROPS_ONLY, image.shape, crop=16)
        top, left = (int(line[2]) for line in geometry.matrix)
        mirrored = np.pad(image, 16, mode="reflect")
        np.testing.assert_array_equal(geometry.apply(image), mirrored[16 + top :, 16 + left :][:16, :16])
        assert height - 16 <= top <= 0 >= left >= width - 16

    def test_view_is_no_window_onto_the_image(self, rng):
        image = np.zeros((4, 4))
        draw_geometry(rng, CROPS_ONLY, image.shape).apply(image)[:] = 1
        assert not image.any()


class TestResampledGeometry:
    @pytest.mark.parametrize("order", ["linear", "nearest"])
    def test_quarter_turn_through_resampling(self, rng, order):
        image = rng.random((31, 31), dtype=np.float32)
        view = rotation_about_centre((31, 31), 90).apply(image, order)
        np.testing.assert_allclose(view, np.rot90(image), atol=1e-5)

    @quickly
    @given(seeds)
    def test_linear_interpolation_reads_off_the_source_coordinates(self, seed):
        rng = np.random.default_rng(seed)
        image = np.stack(np.indices((90, 120)), -1).astype(np.float32)
        geometry = draw_geometry(rng, GeometryOptions(rotation=180, scale=(1.0, 2.0)), (90, 120), crop=40)
        expected = np.moveaxis(sources(geometry), 0, -1)
        np.testing.assert_allclose(geometry.apply(image), expected, atol=0.05)
        np.testing.assert_array_equal(geometry.apply(image, "nearest"), np.rint(expected))

    @quickly
    @given(seeds, st.integers(1, 30), st.integers(1, 30))
    def test_agrees_with_scipy_at_mirrored_borders(self, seed, height, width):
        rng = np.random.default_rng(seed)
        image = ndimage.gaussian_filter(rng.random((height, width), dtype=np.float32), 2)
        geometry = draw_geometry(rng, ANY_WAY, image.shape, crop=(25, 20))
        expected = ndimage.map_coordinates(image, sources(geometry), order=1, mode="mirror")
        np.testing.assert_allclose(geometry.apply(image), expected, atol=0.01)

    @quickly
    @given(seeds)
    def test_crop_that_fits_shows_nothing_mirrored(self, seed):
        geometry = draw_geometry(np.random.default_rng(seed), ANY_WAY, (200, 300), crop=(60, 50))
        rows, columns = sources(geometry)
        assert min(rows.min(), columns.min()) > -1e-9
        assert rows.max() < 199 + 1e-9
        assert columns.max() < 299 + 1e-9

    def test_scale_magnifies(self, rng):
        rows, columns = np.indices((101, 101)) - 50
        disc = (rows**2 + columns**2 <= 20**2).astype(np.float32)
        view = draw_geometry(rng, GeometryOptions(scale=(2.0, 2.0)), disc.shape).apply(disc)
        assert view.sum() == pytest.approx(4 * disc.sum(), rel=0.01)

    def test_whole_image_turns_about_its_centre(self, rng):
        image = np.zeros((41, 61), np.float32)
        image[20, 30] = 1
        view = draw_geometry(rng, GeometryOptions(rotation=180), image.shape).apply(image)
        assert np.unravel_index(view.argmax(), view.shape) == (20, 30)
        assert view.max() > 0.95

    @quickly
    @given(seeds, st.sampled_from(DTYPES))
    def test_constant_stays_constant(self, seed, dtype):
        image = np.full((13, 17), 1, dtype)
        geometry = draw_geometry(np.random.default_rng(seed), ANY_WAY, image.shape, crop=32)
        for order in ("linear", "nearest"):
            view = geometry.apply(image, order)
            assert view.dtype == dtype
            np.testing.assert_allclose(view.astype(float), 1, atol=1e-6)

    def test_integers_are_rounded(self):
        quarter_pixel_on = Geometry((1, 3), (1, 2), ((1, 0, 0), (0, 1, 0.25)))
        image = np.array([[0, 3, 6]])
        for dtype in (np.uint8, np.uint16, np.int32):
            np.testing.assert_array_equal(quarter_pixel_on.apply(image.astype(dtype)), [[1, 4]])

    def test_one_channel_stays(self, rng):
        geometry = draw_geometry(rng, ANY_WAY, (30, 40), crop=16)
        assert geometry.apply(np.zeros((30, 40, 1), np.float32)).shape == (16, 16, 1)


class TestAlignment:
    def test_image_mask_and_labels_stay_together(self, rng, labels):
        image = labels.astype(np.float64)
        mask = labels % 2 == 1
        flat = ndimage.grey_dilation(labels, 3) == ndimage.grey_erosion(labels, 3)
        for _ in range(200):
            geometry = draw_geometry(rng, ANY_WAY, labels.shape, crop=24, foreground=mask)
            seen = geometry.apply(labels, "nearest")
            assert seen.dtype == np.int32
            assert np.isin(seen, labels).all()
            np.testing.assert_array_equal(geometry.apply(image, "nearest"), seen)
            np.testing.assert_array_equal(geometry.apply(mask, "nearest"), seen % 2 == 1)
            inside = geometry.apply(flat, "nearest")
            np.testing.assert_allclose(geometry.apply(image)[inside], seen[inside], atol=0.1)

    def test_same_state_draws_the_same_view(self, labels):
        first, second = (draw_geometry(np.random.default_rng(5), ANY_WAY, labels.shape, 24) for _ in range(2))
        assert first == second
        assert hash(first) == hash(second)
        np.testing.assert_array_equal(first.apply(labels), second.apply(labels))


class TestForeground:
    @quickly
    @given(seeds, st.floats(0, 0.5), st.sampled_from([CROPS_ONLY, ANY_WAY]))
    def test_the_pixel_is_in_view(self, seed, jitter, options):
        rng = np.random.default_rng(seed)
        mask = np.zeros((50, 70), bool)
        pixel = rng.integers(0, mask.shape)
        mask[tuple(pixel)] = True
        geometry = draw_geometry(rng, options.changed(jitter=jitter), mask.shape, 16, foreground=mask)
        linear, offset = np.split(np.array(geometry.matrix), [2], axis=1)
        shown_at = np.linalg.solve(linear, pixel[:, None] - offset)
        assert np.all((shown_at > -1e-6) & (shown_at < 15 + 1e-6))

    def test_without_jitter_it_is_central(self, rng):
        mask = np.zeros((50, 70), np.int32)
        mask[20, 30] = 70_000
        for options in (CROPS_ONLY, ANY_WAY):
            view = draw_geometry(rng, options.changed(jitter=0), mask.shape, 9, mask).apply(mask, "nearest")
            assert view[4, 4] == 70_000

    def test_with_jitter_it_is_anywhere(self, rng):
        mask = np.zeros((50, 70), bool)
        mask[20, 30] = True
        views = [draw_geometry(rng, CROPS_ONLY, mask.shape, 3, mask).apply(mask) for _ in range(200)]
        assert np.all(np.sum(views, axis=0) > 0)

    def test_at_the_border_nothing_is_mirrored(self, rng):
        mask = np.zeros((50, 70), bool)
        mask[0, 69] = True
        geometry = draw_geometry(rng, CROPS_ONLY.changed(jitter=0), mask.shape, 16, mask)
        assert geometry.matrix == ((1, 0, 0), (0, 1, 54))

    def test_empty_mask_falls_back_to_random(self):
        drawn = [
            draw_geometry(np.random.default_rng(3), ANY_WAY, (50, 70), 16, foreground)
            for foreground in (None, np.zeros((50, 70), bool))
        ]
        assert drawn[0] == drawn[1]


class TestGeometryErrors:
    def test_image_of_another_size(self, rng):
        with pytest.raises(ImageError, match="not \\(8, 9\\)"):
            draw_geometry(rng, GeometryOptions(), (9, 8)).apply(np.zeros((8, 9)))

    def test_unknown_order(self, rng):
        with pytest.raises(OptionsError, match="cubic"):
            draw_geometry(rng, GeometryOptions(), (9, 8)).apply(np.zeros((9, 8)), "cubic")

    def test_mask_of_another_size(self, rng):
        with pytest.raises(ImageError, match="the mask has"):
            draw_geometry(rng, GeometryOptions(), (9, 8), 4, foreground=np.zeros((8, 9)))

    def test_empty_view(self, rng):
        with pytest.raises(OptionsError, match="at least 1 x 1"):
            draw_geometry(rng, GeometryOptions(), (9, 8), crop=(4, 0))

    def test_empty_image(self, rng):
        with pytest.raises(ImageError, match="no pixels"):
            draw_geometry(rng, GeometryOptions(), (0, 8), crop=4).apply(np.zeros((0, 8)))

    @pytest.mark.parametrize("wrong", [{"scale": (2, 1)}, {"scale": (0, 1)}, {"rotation": -1}, {"jitter": 0.6}])
    def test_options_out_of_bounds(self, wrong):
        with pytest.raises(OptionsError, match=next(iter(wrong))):
            GeometryOptions(**wrong)


def spread(kernel):
    """Covariance of rows and columns, weighted by a kernel of sum 1."""
    places = np.stack([axis.ravel() for axis in np.indices(kernel.shape)])
    return np.cov(places, aweights=kernel.ravel(), ddof=0)


def point(size=41):
    image = np.zeros((size, size), np.float32)
    image[size // 2, size // 2] = 1
    return image


class TestIntensity:
    def test_identity(self, rng):
        image = rng.random((20, 30), dtype=np.float32)
        np.testing.assert_array_equal(draw_intensity(rng, IntensityOptions()).apply(image), image)

    def test_gamma(self):
        view = Intensity(gamma=0.5).apply(np.array([[0, 0.25, 0.81, 1]], np.float32))
        np.testing.assert_allclose(view, [[0, 0.5, 0.9, 1]], rtol=1e-6)

    def test_contrast_is_about_the_mean(self):
        view = Intensity(contrast=1.5).apply(np.array([[0.2, 0.6]], np.float32))
        np.testing.assert_allclose(view, [[0.1, 0.7]], rtol=1e-6)

    def test_brightness_is_added_and_clipped(self):
        view = Intensity(brightness=0.3).apply(np.array([[0.2, 0.6, 0.9]], np.float32))
        np.testing.assert_allclose(view, [[0.5, 0.9, 1.0]], rtol=1e-6)

    @quickly
    @given(seeds, st.floats(0.3, 5))
    def test_blur_keeps_the_mean(self, seed, sigma):
        image = np.random.default_rng(seed).random((24, 33), dtype=np.float32)
        view = Intensity(blur=sigma).apply(image)
        assert view.mean() == pytest.approx(image.mean(), abs=1e-6)
        assert view.std() < image.std()

    def test_blur_has_the_given_width(self):
        view = Intensity(blur=2.5).apply(point())
        assert view.sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(spread(view), np.eye(2) * 2.5**2, atol=0.05)

    @pytest.mark.parametrize("length", [3, 5, 9])
    def test_motion_smears_a_point_to_a_line(self, length):
        view = Intensity(motion_blur=length).apply(point())
        start = 20 - length // 2
        expected = np.zeros((41, 41))
        expected[20, start : start + length] = 1 / length
        np.testing.assert_allclose(view, expected, atol=1e-6)
        upright = Intensity(motion_blur=length, motion_direction=90).apply(point())
        np.testing.assert_allclose(upright, expected.T, atol=1e-6)

    @pytest.mark.parametrize("direction", [0, 30, 45, 100, 170])
    def test_motion_follows_its_direction(self, direction):
        view = Intensity(motion_blur=15, motion_direction=direction).apply(point())
        variances, axes = np.linalg.eigh(spread(view))
        along = axes[:, 1]
        rise = np.array([-np.sin(np.deg2rad(direction)), np.cos(np.deg2rad(direction))])
        assert view.sum() == pytest.approx(1, abs=1e-5)
        assert abs(along @ rise) > 0.999
        assert np.sqrt(12 * variances[1]) == pytest.approx(15, rel=0.05)
        assert variances[0] < 0.3

    def test_noise_has_the_given_deviation(self):
        image = np.full((300, 300), 0.5, np.float32)
        deviation = Intensity(noise=0.05, seed=1).apply(image) - image
        assert deviation.std() == pytest.approx(0.05, rel=0.02)
        assert deviation.mean() == pytest.approx(0, abs=0.001)

    @pytest.mark.parametrize("value", [0.16, 0.64])
    def test_shot_noise_grows_with_the_root_of_the_signal(self, value):
        view = Intensity(shot_noise=0.05, seed=1).apply(np.full((300, 300), value, np.float32))
        assert view.std() == pytest.approx(0.05 * np.sqrt(value), rel=0.02)

    def test_both_noises_add_up_their_variances(self):
        view = Intensity(noise=0.03, shot_noise=0.05).apply(np.full((300, 300), 0.64, np.float32))
        assert view.std() == pytest.approx(0.05, rel=0.02)

    def test_stray_negative_value_gives_no_nan(self):
        image = np.array([[-0.01, 0.5]], np.float32)
        assert np.isfinite(Intensity(shot_noise=0.1, gamma=0.5).apply(image)).all()

    def test_noise_is_replayed_and_differs_between_draws(self, rng):
        image = np.full((50, 50), 0.5, np.float32)
        first, second = (draw_intensity(rng, IntensityOptions(noise=(0.1, 0.1))) for _ in range(2))
        np.testing.assert_array_equal(first.apply(image), first.apply(image))
        assert abs(np.corrcoef(first.apply(image).ravel(), second.apply(image).ravel())[0, 1]) < 0.1

    @quickly
    @given(seeds)
    def test_shading_is_a_smooth_gain_around_one(self, seed):
        image = np.full((64, 80), 0.5, np.float32)
        gain = draw_intensity(np.random.default_rng(seed), IntensityOptions(shading=0.4)).apply(image) / 0.5
        assert gain.mean() == pytest.approx(1, abs=1e-3)
        assert 0.6 - 1e-6 <= gain.min() < 1 < gain.max() <= 1.4 + 1e-6
        assert max(np.abs(np.diff(gain, axis=axis)).max() for axis in (0, 1)) < 0.04

    def test_shading_uses_each_polynomial(self):
        image = np.full((51, 51), 0.5, np.float32)
        brightened = [Intensity(shading=tuple(row)).apply(image) for row in 0.2 * np.eye(5)]
        np.testing.assert_allclose([view[0, -1] for view in brightened], [0.6, 0.6, 0.4, 0.4, 0.6], atol=0.01)
        np.testing.assert_allclose([view[25, -1] for view in brightened], [0.6, 0.6, 0.5, 0.5, 0.45], atol=0.01)

    @quickly
    @given(seeds, st.sampled_from([(1, 1), (1, 9), (12, 7), (8, 8, 1), (8, 8, 3)]), st.sampled_from([WEAK, STRONG]))
    def test_any_draw_gives_an_image(self, seed, shape, options):
        rng = np.random.default_rng(seed)
        image = rng.integers(0, 2, shape).astype(np.float32)
        before = image.copy()
        view = draw_intensity(rng, options).apply(image)
        assert view.shape == shape
        assert view.dtype == np.float32
        assert np.all((view >= 0) & (view <= 1))
        np.testing.assert_array_equal(image, before)

    def test_strong_changes_more_than_weak(self, rng):
        image = rng.random((32, 32), dtype=np.float32)
        weak, strong = (
            np.mean([np.abs(draw_intensity(rng, options).apply(image) - image).mean() for _ in range(30)])
            for options in (WEAK, STRONG)
        )
        assert 0 < 2 * weak < strong

    @pytest.mark.parametrize("dtype", [np.uint8, np.float64])
    def test_only_float32(self, dtype):
        with pytest.raises(ImageError, match="float32"):
            Intensity().apply(np.zeros((4, 4), dtype))


class TestDrawing:
    @quickly
    @given(seeds)
    def test_stays_within_the_options(self, seed):
        options = STRONG.changed(motion_blur_probability=1.0)
        drawn = draw_intensity(np.random.default_rng(seed), options)
        for name in ("blur", "motion_blur", "noise", "shot_noise", "contrast", "gamma"):
            lowest, highest = getattr(options, name)
            assert lowest <= getattr(drawn, name) <= highest
        assert abs(drawn.brightness) <= options.brightness
        assert sum(map(abs, drawn.shading)) <= options.shading
        assert drawn == draw_intensity(np.random.default_rng(seed), options)

    def test_motion_blur_is_drawn_as_often_as_asked(self, rng):
        options = IntensityOptions(motion_blur=(3, 9), motion_blur_probability=0.25)
        count = sum(draw_intensity(rng, options).motion_blur > 0 for _ in range(1000))
        assert count == pytest.approx(250, abs=50)

    def test_brightens_as_often_as_it_darkens(self, rng):
        added = np.array([draw_intensity(rng, IntensityOptions(brightness=0.2)).brightness for _ in range(1000)])
        assert np.mean(added > 0) == pytest.approx(0.5, abs=0.06)
        assert -0.2 <= added.min() < -0.19 < 0.19 < added.max() <= 0.2

    def test_factors_are_as_often_below_as_above_one(self, rng):
        factors = np.array([draw_factor(rng, (0.5, 2.0)) for _ in range(2000)])
        assert np.mean(factors < 1) == pytest.approx(0.5, abs=0.04)
        assert 0.5 <= factors.min() < 0.51 < 1.96 < factors.max() <= 2

    @pytest.mark.parametrize("wrong", [{"blur": (2, 1)}, {"noise": (-1, 0)}, {"gamma": (0, 1)}, {"shading": 1.0}])
    def test_options_out_of_bounds(self, wrong):
        with pytest.raises(OptionsError, match=next(iter(wrong))):
            IntensityOptions(**wrong)

    def test_options_survive_a_file(self, tmp_path):
        STRONG.to_file(tmp_path / "strong.toml")
        assert IntensityOptions.from_file(tmp_path / "strong.toml") == STRONG
