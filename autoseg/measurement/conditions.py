"""Conditions on what was measured, such as "area_nm2 >= 100": particles that do not meet them are left out."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import AfterValidator

from autoseg.errors import ImageError, OptionsError
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.shape import measure, measure_labels

_COMPARISONS: dict[str, Callable[[Any, float], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(rf"\s*(?P<column>\w+)\s*(?P<comparison>{'|'.join(_COMPARISONS)})\s*(?P<number>[-+.\w]+)\s*")
_UNITS = {"nm": "px", "nm2": "px2", "px": "nm", "px2": "nm2"}
"Each unit, and what it is where the pixel size is unknown, or known."


class Condition(NamedTuple):
    """A comparison of a column of the table with a number."""

    text: str
    column: str
    comparison: str
    number: float

    def holds(self, table: pd.DataFrame) -> np.ndarray:
        """For which rows it holds: bool, shape (rows,)."""
        return np.asarray(_COMPARISONS[self.comparison](table[self.column].to_numpy(float), self.number))


def parse_condition(text: str) -> Condition:
    """Read a condition: a column as `measure` names them, one of < <= > >= == !=, and a number.

    >>> parse_condition("circularity > 0.8")[1:]
    ('circularity', '>', 0.8)
    """
    try:
        return _parsed(text)
    except ValueError as error:
        raise OptionsError(f"a condition {error}, not {text!r}") from None


def keep(segmentation: Segmentation, conditions: str | Iterable[str]) -> Segmentation:
    """Only the particles that meet all conditions, numbered anew.

    Conditions hold for what `measure` finds before any particle is left out. Measured anew, the particles that are kept
    have less contact, as the others are gone; a report with the same conditions tells what was found before.

    >>> from autoseg.images.micrograph import Micrograph
    >>> labels = np.repeat([[1, 0, 2, 2, 2, 0, 3, 3]], 4, axis=0).astype(np.uint16)
    >>> found = Segmentation(labels, None, Micrograph(labels, pixel_size=2.0))
    >>> keep(found, ["area_nm2 > 16", "feret_diameter_max_nm >= 10"]).labels[0].tolist()
    [0, 0, 1, 1, 1, 0, 0, 0]
    """
    texts = [conditions] if isinstance(conditions, str) else conditions
    parsed = [parse_condition(text) for text in texts]
    return keep_measured(segmentation, measure(segmentation), parsed)[0]


def keep_measured(
    segmentation: Segmentation, table: pd.DataFrame, conditions: Iterable[Condition]
) -> tuple[Segmentation, pd.DataFrame]:
    """The particles that meet all conditions, and their rows of the table that `measure` made, both numbered anew."""
    kept = np.ones(segmentation.count, bool)
    for condition in conditions:
        _check_unit(condition, table, segmentation)
        kept &= condition.holds(table)
    if kept.all():
        return segmentation, table
    rows = table[kept].reset_index(drop=True)
    return segmentation.select(kept), rows.assign(label=np.arange(1, len(rows) + 1))


def _parsed(text: str) -> Condition:
    """A condition; otherwise the predicate of what is wrong with the text."""
    found = _CONDITION.fullmatch(text)
    number = _number(found["number"]) if found else math.nan
    if found is None or not math.isfinite(number):
        comparisons = " ".join(sorted(_COMPARISONS))
        raise ValueError(f'must be a column, one of {comparisons}, and a number, such as "area_nm2 >= 100"')
    if found["column"] not in _columns():
        raise ValueError(f"must begin with a measured column, {_nearest(found['column'])}")
    return Condition(text.strip(), found["column"], found["comparison"], number)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


@cache
def _columns() -> tuple[str, ...]:
    """The columns of tables with and without a pixel size."""
    nothing = np.zeros((1, 1), np.uint8)
    return tuple(dict.fromkeys([*measure_labels(nothing, nothing, 1.0), *measure_labels(nothing, nothing)]))


def _nearest(column: str) -> str:
    """What was probably meant; a name without its unit may be meant in either one."""
    complete = [f"{column}_{unit}" for unit in _UNITS if f"{column}_{unit}" in _columns()]
    nearest = complete or difflib.get_close_matches(column, _columns(), n=1, cutoff=0.4)
    return f"such as {' or '.join(nearest)}" if nearest else f"one of {', '.join(_columns())}"


def _check_unit(condition: Condition, table: pd.DataFrame, segmentation: Segmentation) -> None:
    """Refuse nanometres where the pixel size is unknown, and pixels where lengths are in nanometres."""
    if condition.column in table:
        return
    micrograph = segmentation.micrograph
    name, _, unit = condition.column.rpartition("_")
    if micrograph.pixel_size is None:
        problem, advice = "needs a pixel size, but it is unknown", "Give the pixel size, or compare"
    else:
        problem, advice = "is in pixels, but the pixel size is known and lengths are in nm", "Compare"
    raise ImageError(
        f'the condition "{condition.text}" {problem}',
        file=micrograph.path or micrograph.name,
        advice=f"{advice} {name}_{_UNITS[unit]}.",
    )


ConditionText = Annotated[str, AfterValidator(lambda text: _parsed(text).text)]
"A condition as an option: checked when it is given, and kept as it was written."
