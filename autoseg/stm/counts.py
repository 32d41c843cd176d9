"""How many defects there are per area and per dimer, with intervals, and how many of them a network would find."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from autoseg.evaluation.intervals import Interval
from autoseg.stm.classes import DEFECTS, LEGEND
from autoseg.stm.lattice import ROW_DISTANCE, Material

_LEVEL = 0.95
_DRAWS = 100_000


def count_interval(count: int) -> Interval:
    """The 95 % interval of the mean of a Poisson distribution of which a count is known (Garwood).

    >>> [round(end, 2) for end in count_interval(10)]
    [4.8, 18.39]
    """
    tail = (1 - _LEVEL) / 2
    low = special.gammaincinv(count, tail) if count else 0.0
    return Interval(float(low), float(special.gammaincinv(count + 1, 1 - tail)))


def share_interval(found: int, tried: int) -> Interval:
    """The 95 % interval of a probability of which `found` of `tried` are known (Clopper and Pearson).

    >>> [round(end, 3) for end in share_interval(9, 10)]
    [0.555, 0.997]
    """
    tail = (1 - _LEVEL) / 2
    low = special.betaincinv(found, tried - found + 1, tail) if found else 0.0
    high = special.betaincinv(found + 1, tried - found, 1 - tail) if found < tried else 1.0
    return Interval(float(low), float(high))


def corrected_count(count: int, found: int, tried: int) -> tuple[float, Interval]:
    """A count over the efficiency with which planted defects are found, and its 95 % interval.

    The interval is that of the ratio of a Poisson mean and a probability, each of which is as uncertain as its numbers
    leave it (by Jeffreys' priors); it has no upper end where nothing planted was found.

    >>> value, interval = corrected_count(40, 80, 100)
    >>> value, [round(end) for end in interval]
    (50.0, [36, 69])
    """
    rng = np.random.default_rng(0)
    means = rng.gamma(count + 0.5, size=_DRAWS)
    efficiencies = rng.beta(found + 0.5, tried - found + 0.5, size=_DRAWS)
    low, high = np.quantile(means / efficiencies, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    if not found:
        return math.nan, Interval(float(low) if count else 0.0, math.inf)
    return count * tried / found, Interval(float(low) if count else 0.0, float(high))


@dataclass(frozen=True)
class Field:
    """How large a field of view is."""

    pixels: int
    pixel_size: float | None
    "nm; None: not known."
    spacing: float | None
    "Distance of rows in px; None: no rows were found."

    @property
    def area(self) -> float | None:
        """In nm2, by the pixel size."""
        return None if self.pixel_size is None else self.pixels * self.pixel_size**2

    @property
    def dimers(self) -> float | None:
        """How many dimers a perfect surface of this area has: one in half the square of the distance of rows."""
        return None if self.spacing is None else self.pixels / (self.spacing**2 / 2)


def lattice_area(field: Field, material: Material) -> float | None:
    """The area of a field in nm2, by the distance of its rows."""
    return None if field.dimers is None else field.dimers * ROW_DISTANCE[material] ** 2 / 2


def counts_table(counts: dict[int, int], field: Field, material: Material = "Si") -> list[dict[str, Any]]:
    """A row for each class of defects: counts and densities, each with the ends of its 95 % interval.

    >>> row = counts_table({1: 10, 2: 0, 3: 1}, Field(600 * 600, 0.0427, 18.0))[0]
    >>> row["class"], row["count"], round(row["per_nm2"], 4), round(row["per_dimer"], 5)
    ('1-dimer', 10, 0.0152, 0.0045)
    """
    areas = {"per_nm2": field.area, "per_nm2_by_lattice": lattice_area(field, material), "per_dimer": field.dimers}
    rows = []
    for kind in DEFECTS:
        low, high = count_interval(counts[kind])
        row: dict[str, Any] = {"class": LEGEND[kind].name, "count": counts[kind], "count_low": low, "count_high": high}
        for name, area in areas.items():
            for end, value in {"": counts[kind], "_low": low, "_high": high}.items():
                row[name + end] = None if area is None else value / area
        rows.append(row)
    return rows
