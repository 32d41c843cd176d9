"""Results as short tables for people."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(header: Sequence[str], rows: Sequence[Sequence[object]], texts: int = 1) -> str:
    """Columns side by side: the first `texts` of them to the left, numbers to the right; None is a dash.

    >>> print(aligned(["image", "particles"], [["a.tif", 12], ["long name.tif", None]]))
    image          particles
    a.tif                 12
    long name.tif          -
    """
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
