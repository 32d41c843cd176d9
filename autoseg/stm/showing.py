"""How a scan is shown to a network: its heights level, and its rows 18 px apart."""

from __future__ import annotations

import dataclasses

from autoseg.images.micrograph import Micrograph
from autoseg.stm.lattice import NETWORK_SPACING, Rows
from autoseg.stm.levelling import LevellingOptions, level

_LARGEST = 6.0
"Times: rows that would have to be magnified by more are too fine for the picture."


def made_level(micrograph: Micrograph, options: LevellingOptions | None = None) -> Micrograph:
    """The micrograph with its heights made level, and a note about that; pictures of grey values stay as they are."""
    if micrograph.unit is None:
        return micrograph
    levelled = level(micrograph.field, options or LevellingOptions())
    filled = int(levelled.scars.sum() + levelled.outliers.sum())
    note = f"Heights were made level (a report shows both); {filled} pixels of scars and outliers were filled."
    return dataclasses.replace(micrograph, pixels=levelled.heights, info_bar=None, notes=(*micrograph.notes, note))


def magnification_of(rows: Rows | None) -> float:
    """By what a scan with these rows is magnified; without any, it is shown as it is.

    >>> magnification_of(None)
    1.0
    """
    return 1.0 if rows is None else min(NETWORK_SPACING / rows.spacing, _LARGEST)
