from __future__ import annotations

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.errors import ImageError, OptionsError
from autoseg.images.tiles import Overlap, Tiling, mirrored, pad_to, pad_to_multiple

MODES = get_args(Overlap)
quickly = settings(max_examples=60, deadline=None, derandomize=True)
lengths = st.integers(1, 40)
sizes = st.tuples(lengths, lengths)


@st.composite
def tilings(draw):
    tile = draw(st.tuples(st.integers(1, 16), st.integers(1, 16)))
    return Tiling(draw(sizes), tile, draw(st.integers(0, min(tile) - 1)))


def random_image(size, channels=()):
    return np.random.default_rng(0).random((*size, *channels), dtype=np.float32)


class TestPadding:
    @quickly
    @given(sizes, st.integers(1, 100), st.sampled_from([(), (3,)]))
    def test_mirrors_the_image_and_crops_back(self, size, multiple, channels):
        image = random_image(size, channels)
        padded, crop = pad_to_multiple(image, multiple)
        height, width = padded.shape[:2]
        assert height % multiple == width % multiple == 0
        assert 0 <= height - size[0] < multiple > width - size[1] >= 0
        extra = [(0, height - size[0]), (0, width - size[1]), *[(0, 0)] * len(channels)]
        np.testing.assert_array_equal(padded, np.pad(image, extra, mode="reflect"))
        np.testing.assert_array_equal(padded[crop], image)

    def test_single_pixel_becomes_constant(self):
        padded, _ = pad_to_multiple(np.array([[7]], np.uint16), 16)
        assert padded.dtype == np.uint16
        np.testing.assert_array_equal(padded, np.full((16, 16), 7))

    def test_nothing_is_copied_when_nothing_is_missing(self):
        image = np.zeros((32, 48))
        assert pad_to_multiple(image, 16)[0] is image
        assert pad_to(image, 8, 8) is image

    def test_reflection_has_the_period_of_its_ends(self):
        indices = np.arange(-30, 30)
        np.testing.assert_array_equal(mirrored(indices, 5), mirrored(indices + 8, 5))
        np.testing.assert_array_equal(mirrored(-indices, 5), mirrored(indices, 5))

    @pytest.mark.parametrize("multiple", [0, -16])
    def test_impossible_multiple(self, multiple):
        with pytest.raises(OptionsError, match="at least 1"):
            pad_to_multiple(np.zeros((4, 4)), multiple)

    @pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
    def test_no_pixels(self, shape):
        with pytest.raises(ImageError, match="no pixels"):
            pad_to(np.zeros(shape), 8, 8)
        with pytest.raises(ImageError, match="no pixels"):
            Tiling(shape, 8)


class TestPositions:
    @quickly
    @given(tilings())
    def test_fewest_even_and_overlapping_enough(self, tiling):
        for axis in (0, 1):
            starts = sorted({position[axis] for position in tiling.positions})
            length, tile = tiling.size[axis], tiling.tile_size[axis]
            steps = [right - left for left, right in pairwise(starts)]
            assert starts[0] == 0
            assert starts[-1] + tile == max(length, tile)
            assert all(tile - step >= tiling.overlap for step in steps)
            assert not steps or max(steps) - min(steps) <= 1
            one_less = tile + (len(starts) - 2) * (tile - tiling.overlap)
            assert len(starts) == 1 or one_less < length

    def test_known_positions(self):
        tiling = Tiling((384, 1000), tile=384, overlap=32)
        assert tiling.positions == [(0, 0), (0, 308), (0, 616)]
        assert len(tiling) == 3

    @pytest.mark.parametrize("tile, overlap", [(8, 8), (8, 9), ((4, 8), 4), (0, 0), (8, -1)])
    def test_impossible_overlap(self, tile, overlap):
        with pytest.raises(OptionsError, match="cannot overlap"):
            Tiling((20, 20), tile, overlap)


class TestStitching:
    @quickly
    @given(tilings(), st.sampled_from(MODES), st.sampled_from([(), (1,), (3,)]))
    def test_undoes_tiling(self, tiling, mode, channels):
        image = random_image(tiling.size, channels)
        tiles = tiling.tiles(image)
        stitched = tiling.stitch(tiles, mode)
        assert tiles.shape == (len(tiling), *tiling.tile_size, *channels)
        assert stitched.dtype == np.float32
        tolerance = 0 if mode in ("maximum", "crop") else 1e-6
        np.testing.assert_allclose(stitched, image, rtol=0, atol=tolerance)

    @pytest.mark.parametrize("mode", ["maximum", "crop"])
    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint32, np.float64, bool])
    def test_keeps_dtype(self, mode, dtype):
        image = (np.arange(30 * 50).reshape(30, 50) * 100).astype(dtype)
        tiling = Tiling(image.shape, 16, 4)
        stitched = tiling.stitch(tiling.tiles(image), mode)
        assert stitched.dtype == dtype
        np.testing.assert_array_equal(stitched, image)

    def test_maximum_of_negative_values(self):
        tiling = Tiling((30, 50), 16, 4)
        for image in (np.full((30, 50), -3, np.int16), np.full((30, 50), -3.5, np.float32)):
            np.testing.assert_array_equal(tiling.stitch(tiling.tiles(image), "maximum"), image)

    @pytest.mark.parametrize("mode", ["blend", "mean"])
    @pytest.mark.parametrize("dtype, becomes", [(np.uint8, np.float32), (bool, np.float32), (np.int32, np.float64)])
    def test_means_are_floating_point(self, mode, dtype, becomes):
        tiling = Tiling((30, 50), 16, 4)
        stitched = tiling.stitch(tiling.tiles(np.ones((30, 50), dtype)), mode)
        assert stitched.dtype == becomes
        np.testing.assert_allclose(stitched, 1, rtol=1e-6)

    def two_tiles(self, mode):
        """Zeros on columns 0-7, ones on columns 4-11."""
        return Tiling((8, 12), 8, 4).stitch(np.arange(2.0)[:, None, None] * np.ones((2, 8, 8)), mode)[0]

    def test_maximum(self):
        np.testing.assert_array_equal(self.two_tiles("maximum"), [0] * 4 + [1] * 8)

    def test_mean(self):
        np.testing.assert_array_equal(self.two_tiles("mean"), [0] * 4 + [0.5] * 4 + [1] * 4)

    def test_crop_cuts_in_the_middle(self):
        np.testing.assert_array_equal(self.two_tiles("crop"), [0] * 6 + [1] * 6)

    def test_blend_is_smooth_and_leaves_the_borders_alone(self):
        joined = self.two_tiles("blend")
        np.testing.assert_array_equal(joined[[0, 1, 2, 3, 8, 9, 10, 11]], [0] * 4 + [1] * 4)
        assert np.all(np.diff(joined[3:9]) > 0)
        np.testing.assert_allclose(joined, 1 - joined[::-1], atol=1e-12)
        assert joined[4] < 0.05

    def test_blend_prefers_the_border_tile_where_the_image_ends(self):
        tiling = Tiling((8, 12), 8, 6)
        first_is_one = np.zeros((3, 8, 8))
        first_is_one[0] = 1
        shares = tiling.stitch(first_is_one)[0]
        assert np.all(np.diff(shares) <= 1e-12)
        assert shares[2] > 0.95

    def test_image_smaller_than_a_tile_is_mirrored(self):
        image = random_image((5, 3))
        tiles = Tiling(image.shape, 8, 2).tiles(image)
        np.testing.assert_array_equal(tiles, [np.pad(image, [(0, 3), (0, 5)], mode="reflect")])

    def test_tiles_are_views_of_the_image(self):
        image = random_image((40, 40))
        assert all(np.shares_memory(tile, image) for tile in Tiling(image.shape, 16, 4).stream(image))

    @pytest.mark.parametrize("mode", MODES)
    def test_holds_one_streamed_tile_at_a_time(self, mode):
        image, tiling, buffer = random_image((40, 50)), Tiling((40, 50), 16, 4), np.empty((16, 16, 2), np.float32)

        def reusing_one_buffer():
            for tile in tiling.stream(image):
                buffer[..., 0], buffer[..., 1] = tile, -tile
                yield buffer

        stitched = tiling.stitch(reusing_one_buffer(), mode)
        np.testing.assert_allclose(stitched, np.stack([image, -image], -1), atol=1e-6)

    def test_unknown_mode(self):
        with pytest.raises(OptionsError, match='"median" is not a way to join tiles'):
            Tiling((8, 8), 8).stitch(np.zeros((1, 8, 8)), "median")

    def test_image_of_another_size(self):
        with pytest.raises(ImageError, match="not \\(8, 9\\)"):
            Tiling((9, 8), 4).tiles(np.zeros((8, 9)))

    def test_tile_of_another_size(self):
        with pytest.raises(ImageError, match="tile 0 has \\(1, 4\\)"):
            Tiling((8, 8), 4).stitch(np.zeros((4, 1, 4)))

    @pytest.mark.parametrize("count", [3, 5])
    def test_tiles_missing_or_left_over(self, count):
        with pytest.raises(ValueError, match="argument"):
            Tiling((8, 8), 4).stitch(np.zeros((count, 4, 4)))


class TestMultiples:
    @quickly
    @given(sizes, st.integers(2, 6), st.integers(0, 4), st.integers(1, 5))
    def test_tiles_begin_at_multiples_and_overlap_enough(self, size, tile, overlap, unit):
        overlap = min(overlap, tile - 1)
        size = tuple(unit * length for length in size)
        tiling = Tiling(size, unit * tile, unit * overlap, multiple=unit)
        for axis, length in enumerate(size):
            starts = sorted({position[axis] for position in tiling.positions})
            assert all(start % unit == 0 for start in starts)
            assert starts[-1] + unit * tile >= length
            assert all(left + unit * (tile - overlap) >= right > left for left, right in pairwise(starts))
        image = random_image(size)
        np.testing.assert_allclose(tiling.stitch(tiling.stream(image)), image, rtol=1e-6)

    @pytest.mark.parametrize(("size", "tile", "overlap"), [(40, 16, 5), (40, 15, 4), (41, 16, 4)])
    def test_other_lengths_are_refused(self, size, tile, overlap):
        with pytest.raises(OptionsError, match="no multiples of 4"):
            Tiling((size, size), tile, overlap, multiple=4)
