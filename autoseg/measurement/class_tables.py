"""Tables of classes: of each image, of all objects, and of the whole batch.

Areas end in `_nm2` where the pixel size is known and in `_px2` where it is not. `share` is the part of the field of
view. `objects` are the connected regions of a class, those at the edge included; the background has none. In the table
of the whole batch areas, densities and sizes in nm are those of the images of known pixel size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from autoseg.images.any_text import ANY_TEXT
from autoseg.measurement.class_batch import ClassBatch, ClassImageResult
from autoseg.measurement.class_summary import NM2_PER_UM2, ClassSummary
from autoseg.measurement.intake import image_names
from autoseg.measurement.shape import measure_labels
from autoseg.measurement.summary import UNITS

_SUMMARY = ("class", "number", "images", "pixels", "share", "share_low", "share_high", "area_nm2", "objects")
_PERCENTILES = ("d10", "d50", "d90")


def classes_table(batch: ClassBatch) -> pd.DataFrame:
    """One row for each class of each image."""
    named = zip(image_names(batch.images), batch.images, strict=True)
    rows = [_class_row(name, image, number) for name, image in named for number in range(len(image.classes))]
    units = {image.unit for image in batch.images} or {"px"}
    areas = [f"area_{unit}2" for unit in UNITS if unit in units]
    return _table(rows, ["image", "class", "number", "pixels", "share", *areas, "objects", "objects_per_um2"])


def _class_row(name: str, image: ClassImageResult, number: int) -> dict[str, Any]:
    pixels, objects = image.pixels[number], image.objects[number]
    return {
        "image": name,
        "class": image.classes[number],
        "number": number,
        "pixels": pixels,
        "share": image.shares[number],
        f"area_{image.unit}2": pixels if image.pixel_size is None else pixels * image.pixel_size**2,
        "objects": objects,
        "objects_per_um2": None if objects is None or image.area is None else objects / (image.area / NM2_PER_UM2),
    }


def objects_table(batch: ClassBatch) -> pd.DataFrame:
    """One row for each object of every class but the background, with all that `measure` tells about particles."""
    tables = [
        table.assign(image=name, **{"class": kind})
        for name, by_class in zip(image_names(batch.images), batch.tables, strict=True)
        for kind, table in by_class.items()
        if len(table)
    ]
    if not tables:  # the columns alone
        empty = np.zeros((1, 1), np.uint8)
        tables = [measure_labels(empty, empty, batch.images[0].pixel_size if batch.images else None)]
        tables[0][["image", "class"]] = pd.DataFrame(columns=["image", "class"], dtype=ANY_TEXT)
    table = pd.concat(tables, ignore_index=True)
    first = ["image", "class"]
    return table[[*first, *(column for column in table if column not in first)]]


def class_summary_table(classes: Sequence[ClassSummary]) -> pd.DataFrame:
    """One row for each class, of all images together; sizes are by number, with the ends of their intervals."""
    rows = [_summary_row(found) for found in classes]
    columns = dict.fromkeys(name for row in rows for name in row) if rows else _SUMMARY
    return _table(rows, list(columns))


def _summary_row(found: ClassSummary) -> dict[str, Any]:
    row: dict[str, Any] = {
        "class": found.name,
        "number": found.number,
        "images": found.images,
        "pixels": found.pixels,
        "share": found.share.value,
        "share_low": found.share.low,
        "share_high": found.share.high,
        "area_nm2": found.area,
        "objects": found.objects,
        "objects_per_um2": found.density,
    }
    for unit, sizes in found.sizes.items():
        row[f"counted_{unit}"] = sizes.statistics.count
        for name in _PERCENTILES if sizes.statistics.number else ():
            estimate = getattr(sizes.statistics.number, name)
            ends = {"": estimate.value, "_low": estimate.low, "_high": estimate.high}
            row |= {f"number_{name}{end}_{unit}": value for end, value in ends.items()}
    return row


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The table; counts stay whole numbers where some are missing."""
    table = pd.DataFrame(rows, columns=list(columns))
    return table.astype({name: "Int64" for name in columns if name == "objects" or name.startswith("counted_")})
