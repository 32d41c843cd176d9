"""Results as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from autoseg.measurement.method import number
from autoseg.measurement.sizes import Estimate


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each row, its cells below each other.

    >>> aligned([["class", "share"], ["grain", "5 %"]])
    ['class  share', 'grain  5 %']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def with_interval(estimate: Estimate | None) -> str:
    """A value with its interval in brackets, as far as they are known.

    >>> with_interval(Estimate(2.0, 1.0, 3.0)), with_interval(None)
    ('2.000 [1.000, 3.000]', '-')
    """
    if estimate is None:
        return number(None)
    interval = "" if estimate.low is None else f" [{number(estimate.low)}, {number(estimate.high)}]"
    return number(estimate.value) + interval
