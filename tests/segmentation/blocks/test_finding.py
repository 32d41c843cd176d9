"""A large image in blocks shows the same particles as the whole, whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from autoseg.images.micrograph import Micrograph
from autoseg.segmentation.options import SegmentOptions
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.segment import Segmenter
from tests.segmentation.test_segment import make_judging_model, make_model


def discs(shape=(600, 604), count=400, seed=0):
    """Discs of many sizes, some of them large, on noise; many touch, and the largest crosses several blocks."""
    rng = np.random.default_rng(seed)
    image = np.zeros(shape, np.float32)
    centres = np.column_stack([rng.uniform(0, shape[0], count), rng.uniform(0, shape[1], count)])
    for (row, column), radius in zip([*centres, (300, 310)], [*rng.uniform(3, 9, count), 90], strict=True):
        top, left = max(int(row - 2 * radius), 0), max(int(column - 2 * radius), 0)
        part = image[top : int(row + 2 * radius), left : int(column + 2 * radius)]
        rows, columns = np.indices(part.shape)
        distance = np.hypot(rows + top - row, columns + left - column)
        np.maximum(part, np.clip(1.2 - distance / radius, 0, 1), out=part)
    return np.rint(40 + 160 * np.minimum(image * 1.5, 1) + rng.normal(0, 4, shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=[make_model, make_judging_model])
def segmenter(request):
    return Segmenter(request.param(diameter_range=(8, 16)), leave_out_letters=False, plausibility=0)


@pytest.fixture(scope="module")
def whole(segmenter):
    return segmenter(Micrograph(discs()))


@pytest.mark.parametrize("edge", [150, 200, 600])
def test_blocks_show_what_the_whole_shows(segmenter, whole, edge):
    found = segmenter.segment_in_blocks(Micrograph(discs()), edge)
    assert whole.count > 50
    np.testing.assert_array_equal(found.labels, whole.labels)
    assert found.labels.dtype == whole.labels.dtype
    assert found.implausible == whole.implausible
    assert found.plausibility == pytest.approx(whole.plausibility)
    if whole.scores is not None:
        np.testing.assert_allclose(found.scores, whole.scores, atol=1e-5)


def test_only_images_beyond_the_limit_are_cut(segmenter):
    small = Micrograph(discs()[:100, :100])
    assert segmenter.block_edge(small) is None
    asked = Segmenter(segmenter.model, segmenter.options, segmenter.predictor, block=64)
    assert asked.block_edge(small) == 64
    assert segmenter.block_edge(Micrograph(np.broadcast_to(np.uint8(0), (10_001, 10_000)))) == 2000


def test_options_that_need_the_whole_image_get_it(segmenter):
    options = SegmentOptions(block=64, instances={"exclude_edge": True})
    assert Segmenter(segmenter.model, options).block_edge(Micrograph(discs())) is None


def test_a_batch_tells_of_blocks_and_keeps_no_probability(segmenter, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", discs())
    asked = Segmenter(segmenter.model, segmenter.options, segmenter.predictor, block=200)
    (found,) = segment_all([tmp_path / "a.tif"], asked)
    assert found.probability is None
    assert any("blocks of 200 pixels" in note for note in found.micrograph.notes)
    assert found.count > 50
