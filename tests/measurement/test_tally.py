"""Statistics from sums, against those for which every particle is kept and drawn anew."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from autoseg.images.overlay import OverlayOptions
from autoseg.measurement import summary
from autoseg.measurement.batch import Batch
from autoseg.measurement.counted import SHAPES, counted
from autoseg.measurement.image_result import Recording
from autoseg.measurement.plots import weighted_median
from autoseg.measurement.sizes import SizeOptions, describe_sizes
from autoseg.measurement.tally import WIDTH, Tally
from tests.measurement.reports import segmentation

OPTIONS = SizeOptions(resamples=400, max_occlusion=0.1)


def make_tables(images, particles, seed=0):
    """Log-normal sizes, whose median differs from image to image; weights differ, too."""
    rng = np.random.default_rng(seed)
    for _ in range(images):
        median, count = np.exp(rng.normal(3, 0.15)), rng.poisson(particles)
        yield pd.DataFrame(
            {
                "equivalent_diameter_area_nm": median * np.exp(rng.normal(0, 0.3, count)),
                "touches_edge": rng.random(count) < 0.1,
                "edge_weight": rng.uniform(1, 1.5, count),
                "occlusion": rng.choice([0, 0.5], count, p=[0.9, 0.1]),
                "aspect_ratio": rng.uniform(0.5, 1, count),
                "circularity": rng.uniform(0.6, 1.02, count),
            }
        )


@pytest.mark.parametrize(("images", "particles"), [(40, 150), (1, 4000)])
def test_sums_tell_the_same_as_all_particles(images, particles):
    tables, tally = list(make_tables(images, particles)), Tally(OPTIONS, 0)
    for place in np.random.default_rng(1).permutation(images):  # the order does not matter
        tally.add(int(place), tables[place])
    whole = pd.concat([table.assign(image=place) for place, table in enumerate(tables)], ignore_index=True)
    exact, found = describe_sizes(whole, np.random.default_rng(0), OPTIONS), tally.statistics()
    same = ("column", "unit", "count", "images", "left_out_at_edge", "left_out_occluded")
    assert [getattr(exact, name) for name in same] == [getattr(found, name) for name in same]
    for kind in ("number", "volume"):
        for field in dataclasses.fields(getattr(exact, kind)):
            one, other = getattr(getattr(exact, kind), field.name), getattr(getattr(found, kind), field.name)
            assert other.value == pytest.approx(one.value, rel=2 * WIDTH)
            assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.25)
    assert found.log_normal.distance == pytest.approx(exact.log_normal.distance, abs=2 * WIDTH)
    for shape in SHAPES:
        assert weighted_median(*tally.shapes()[shape]) == pytest.approx(
            weighted_median(*counted(whole, shape, OPTIONS)), abs=0.001
        )
    assert np.median(tally.sizes().values) == pytest.approx(exact.number.d50.value, rel=2 * WIDTH)
    largest = summary.find_largest(counted(whole, exact.column, OPTIONS))
    assert tally.largest().size == largest.size
    assert tally.largest().share == pytest.approx(largest.share)


def test_a_batch_of_very_many_particles_comes_from_sums(monkeypatch, tmp_path):
    batch = Batch(Recording(tmp_path, [], OverlayOptions(), SizeOptions(resamples=100), 0))
    batch.take([segmentation(seed=seed) for seed in range(3)])
    (exact,) = summary.group_by_unit(batch)
    monkeypatch.setattr(summary, "MANY", 30)
    (found,) = summary.group_by_unit(batch)
    assert found.from_sums and not exact.from_sums
    assert found.statistics.count == exact.statistics.count
    assert found.statistics.number.mean.value == pytest.approx(exact.statistics.number.mean.value, rel=WIDTH)
