"""Particles as COCO and GeoJSON annotations, exact to the pixel.

Coordinates count from the upper left corner of the image, y down; see `autoseg.images.polygons`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autoseg.errors import AutosegError
from autoseg.files import written_whole
from autoseg.images.labels import as_labels
from autoseg.images.polygons import Polygon, rings_of, signed_area, trace

if TYPE_CHECKING:
    import pandas


def write_coco(
    path: str | os.PathLike[str], labels_by_image: Mapping[str, np.ndarray], category: str = "particle"
) -> None:
    """Write the labels of one or several images, by the images' file names, as COCO object detection JSON.

    A particle without holes has polygons, one for each piece; one with holes has uncompressed RLE, because COCO's
    polygons know no holes. `label` in an annotation, an addition to the format, is the particle's number.
    """
    images, annotations = [], []
    for image_id, (name, labels) in enumerate(labels_by_image.items(), start=1):
        labels = as_labels(labels)
        height, width = labels.shape
        images.append({"id": image_id, "file_name": name, "height": height, "width": width})
        annotations += [_annotation(*traced, labels.shape, image_id) for traced in trace(labels)]
    content = {
        "info": {"description": "Particles found by autoseg"},
        "licenses": [],
        "images": images,
        "annotations": [{"id": number, **annotation} for number, annotation in enumerate(annotations, start=1)],
        "categories": [{"id": 1, "name": category, "supercategory": ""}],
    }
    _write_json(path, content)


def write_geojson(path: str | os.PathLike[str], labels: np.ndarray, table: pandas.DataFrame | None = None) -> None:
    """Write a GeoJSON FeatureCollection, one feature per particle: a Polygon, or a MultiPolygon of several pieces.

    Its properties are `label` and what the row of `table` with the same `label` says, missing values as null.
    Coordinates are in pixels; outer rings have a positive area by the shoelace formula, holes a negative one, as the
    right-hand rule asks.
    """
    traced = list(trace(as_labels(labels)))
    properties = {label: {} for label, _ in traced} if table is None else _rows_by_label(table, path)
    if properties.keys() != {label for label, _ in traced}:
        problem = "the table and the label image do not have the same labels"
        raise AutosegError(problem, file=path, advice="Give the rows of this image.")
    features = [
        {
            "type": "Feature",
            "id": label,
            "geometry": _geometry(polygons),
            "properties": {"label": label, **properties[label]},
        }
        for label, polygons in traced
    ]
    origin = "pixels from the upper left corner of the image, x to the right, y down"
    _write_json(path, {"type": "FeatureCollection", "coordinates_in": origin, "features": features})


def _annotation(label: int, polygons: list[Polygon], shape: tuple[int, int], image_id: int) -> dict[str, Any]:
    rings = rings_of(polygons)
    corners = np.concatenate(rings)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    without_holes = len(rings) == len(polygons)
    return {
        "image_id": image_id,
        "category_id": 1,
        "label": label,
        "area": int(sum(map(signed_area, rings))),
        "bbox": [left, top, right - left, bottom - top],
        "iscrowd": 0,
        "segmentation": [ring.ravel().tolist() for ring in rings] if without_holes else _run_lengths(rings, shape),
    }


def _run_lengths(rings: list[np.ndarray], shape: tuple[int, int]) -> dict[str, Any]:
    """Lengths of runs outside and inside in turn, column by column, as COCO counts them."""
    corners = np.concatenate([np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in rings])
    level = corners[corners[:, 0, 1] == corners[:, 1, 1]]  # the horizontal edges: there, a run begins or ends
    lowest, highest = np.sort(level[:, :, 0], axis=1).T
    columns = np.concatenate([np.arange(*ends) for ends in zip(lowest, highest, strict=True)])
    rows = np.repeat(level[:, 0, 1], highest - lowest)
    turns = np.sort(columns * shape[0] + rows)
    counts = np.diff(turns, prepend=0, append=shape[0] * shape[1])
    return {"counts": counts.tolist(), "size": list(shape)}


def _geometry(polygons: list[Polygon]) -> dict[str, Any]:
    closed = [[[*ring.tolist(), ring[0].tolist()] for ring in polygon] for polygon in polygons]
    if len(closed) == 1:
        return {"type": "Polygon", "coordinates": closed[0]}
    return {"type": "MultiPolygon", "coordinates": closed}


def _rows_by_label(table: pandas.DataFrame, path: str | os.PathLike[str]) -> dict[int, dict[str, Any]]:
    if "label" not in table or not table["label"].is_unique:
        problem = "the table needs a column `label` in which no number occurs twice"
        raise AutosegError(problem, file=path, advice="Give the rows of one image.")
    known = table.astype(object).where(table.notna(), None)
    return {int(row["label"]): dict(_plain(row)) for row in known.to_dict("records")}


def _plain(row: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Values as JSON knows them: infinite numbers it does not."""
    for name, value in row.items():
        value = value.item() if isinstance(value, np.generic) else value
        infinite = isinstance(value, float) and not math.isfinite(value)
        simple = value is None or isinstance(value, int | float)
        yield str(name), None if infinite else value if simple else str(value)


def _write_json(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    with written_whole(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as stream:
        json.dump(content, stream, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
