import math

import numpy as np
import pytest

from autoseg.stm.counts import Field, corrected_count, count_interval, counts_table, share_interval


def test_intervals_of_counts_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    for mean in (0.7, 6.0, 40.0):
        intervals = [count_interval(int(count)) for count in rng.poisson(mean, 400)]
        assert np.mean([low <= mean <= high for low, high in intervals]) > 0.94


def test_corrected_counts_hold_the_truth():
    rng, held = np.random.default_rng(1), 0
    for _ in range(150):
        true, efficiency = rng.poisson(60), rng.uniform(0.5, 0.95)
        count, found = rng.binomial(true, efficiency), rng.binomial(200, efficiency)
        low, high = corrected_count(int(count), int(found), 200)[1]
        held += low <= 60 <= high
    assert 0.88 <= held / 150 <= 1


def test_what_is_never_found_corrects_nothing():
    value, (low, high) = corrected_count(0, 0, 20)
    assert math.isnan(value) and low == 0 and math.isinf(high)


def test_a_density_is_a_count_over_what_is_seen():
    rows = counts_table({1: 9, 2: 0, 3: 4}, Field(360_000, 0.05, 18.0))
    assert [row["class"] for row in rows] == ["1-dimer", "2-dimer", "double-dimer"]
    first = rows[0]
    assert first["per_nm2"] == pytest.approx(9 / 900) and first["per_dimer"] == pytest.approx(9 / (360_000 / 162))
    assert first["per_nm2_by_lattice"] == pytest.approx(9 / (600 * 0.768 / 18) ** 2)
    assert first["per_nm2_low"] < first["per_nm2"] < first["per_nm2_high"]
    assert rows[1]["count_low"] == 0 < rows[1]["count_high"]


def test_what_is_not_known_stays_empty():
    row = counts_table({1: 1, 2: 0, 3: 0}, Field(100, None, None))[0]
    assert row["per_nm2"] is row["per_dimer"] is row["per_nm2_by_lattice_high"] is None and row["count"] == 1


@pytest.mark.parametrize("found", [0, 10])
def test_shares_at_the_ends_have_intervals(found):
    low, high = share_interval(found, 10)
    assert 0 <= low < high <= 1 and (high == 1) == (found == 10) and (low == 0) == (found == 0)
