"""Tables as CSV and Excel files in which no text is mistaken for a formula."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from autoseg.errors import AutosegError
from autoseg.files import written_whole

if TYPE_CHECKING:
    import pandas

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(path: str | os.PathLike[str], table: pandas.DataFrame) -> None:
    """Write the columns, without the index, as UTF-8 CSV; numbers with all their digits.

    Text that a spreadsheet would take for a formula, in cells or column names, gets an apostrophe in front.
    """
    with written_whole(path) as partial:
        _harmless(table).to_csv(partial, index=False, encoding="utf-8", lineterminator="\n")


def write_csv_in_parts(
    path: str | os.PathLike[str],
    make_parts: Callable[[], Iterable[pandas.DataFrame]],
    samples: Iterable[pandas.DataFrame] | None = None,
) -> None:
    """Write tables below each other, as `write_csv` would write them `joined`, one of them in memory at a time.

    All must be seen before it is known which columns there are, and of what type: where there are no `samples` of each
    kind of table, they are made twice.
    """
    like = joined(_samples(make_parts()) if samples is None else samples)
    with written_whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        for number, part in enumerate(make_parts()):
            complete = part.reindex(columns=like.columns).astype(like.dtypes)
            _harmless(complete).to_csv(stream, index=False, header=number == 0, lineterminator="\n")


def joined(parts: Iterable[pandas.DataFrame]) -> pandas.DataFrame:
    """The rows of all tables; what a table has no column for is missing."""
    import pandas as pd

    return pd.concat([_typed(part) for part in parts], ignore_index=True)


def _samples(parts: Iterable[pandas.DataFrame]) -> Iterable[pandas.DataFrame]:
    """A row of each kind of table that there is."""
    kinds: dict[Any, pandas.DataFrame] = {}
    for part in map(_typed, parts):
        kinds.setdefault(tuple(zip(part.columns, map(str, part.dtypes), strict=True)), part.head(1))
    return kinds.values()


def _typed(part: pandas.DataFrame) -> pandas.DataFrame:
    """Columns in which everything is missing hold numbers: then others decide what they hold."""
    missing = [name for name in part if len(part) and part[name].dtype == object and part[name].isna().all()]
    return part.astype(dict.fromkeys(missing, float))


def write_excel(path: str | os.PathLike[str], table: pandas.DataFrame) -> None:
    """Write the columns, without the index, as an Excel file (.xlsx); needs the package openpyxl."""
    if find_spec("openpyxl") is None:
        raise AutosegError("Excel files need one more package", file=path, advice="Run: pip install openpyxl")
    from openpyxl.utils.exceptions import IllegalCharacterError

    with written_whole(path) as partial:
        try:
            _harmless(table).to_excel(partial, index=False, engine="openpyxl")
        except (ValueError, IllegalCharacterError) as error:  # too many rows or columns, or a control character
            raise AutosegError(f"Excel cannot hold this table ({error})", file=path, advice="Write CSV.") from error


def _harmless(table: pandas.DataFrame) -> pandas.DataFrame:
    safe = table.copy()
    safe.columns = safe.columns.map(_as_text)
    for place, kind in enumerate(safe.dtypes):
        if kind.kind not in "biufcmM":
            safe.isetitem(place, safe.iloc[:, place].astype(object).map(_as_text))
    return safe


def _as_text(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_DANGEROUS) else cell
