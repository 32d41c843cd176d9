"""Tables as CSV and Excel files in which no text is mistaken for a formula."""

from __future__ import annotations

import os
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
