"""The results of a segmentation as the files that other programs open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autoseg.errors import AutosegError
from autoseg.images.annotations import write_geojson
from autoseg.images.labels import write_labels, write_probability
from autoseg.images.micrograph import Micrograph
from autoseg.images.names import names_for, refuse_inputs
from autoseg.images.overlay import OverlayOptions, write_overlay
from autoseg.images.rois import write_rois
from autoseg.images.segmentation import Segmentation
from autoseg.images.uncertainty import entropy

if TYPE_CHECKING:
    import pandas

ENDINGS = {
    "labels": "_labels.tif",
    "probability": "_probability.tif",
    "uncertainty": "_uncertainty.tif",
    "overlay": "_overlay.png",
    "rois": "_rois.zip",
    "geojson": ".geojson",
}
"How the name of each kind of file ends."

ON_REQUEST = frozenset(("uncertainty", "geojson"))
"Kinds of files that are written only if asked for."


def export(
    segmentation: Segmentation,
    folder: str | os.PathLike[str],
    name: str | None = None,
    kinds: Iterable[str] | None = None,
    table: pandas.DataFrame | None = None,
    overlay: OverlayOptions | None = None,
) -> dict[str, Path]:
    """Write files of some kinds, the keys of ENDINGS, into a folder, and tell their paths.

    By default that is all but those ON_REQUEST, and the probability where there is one. `name` begins the file names;
    for several images take it from `names_for`. `table` adds measured properties to GeoJSON, a row per label. Nothing
    is written where one of the files would be the micrograph itself.
    """
    writers = _writers(segmentation, table, overlay or OverlayOptions())
    return write_kinds(kinds, writers, ENDINGS, folder, name, segmentation.micrograph)


def write_kinds(
    kinds: Iterable[str] | None,
    writers: Mapping[str, Callable[[Path], None]],
    endings: Mapping[str, str],
    folder: str | os.PathLike[str],
    name: str | None,
    micrograph: Micrograph,
) -> dict[str, Path]:
    """Write files of some kinds about a micrograph, and tell their paths; `export` says how.

    `writers` holds a function for each kind that there is data for, `endings` how the names of all kinds end.
    """
    kinds = [kind for kind in writers if kind not in ON_REQUEST] if kinds is None else list(kinds)
    _check(kinds, writers, endings)
    name = name or names_for([micrograph.path or micrograph.name])[0]
    paths = {kind: Path(folder, name + endings[kind]) for kind in kinds}
    refuse_inputs(paths.values(), [micrograph.path] if micrograph.path else [])
    for kind, path in paths.items():
        writers[kind](path)
    return paths


def _writers(
    segmentation: Segmentation, table: pandas.DataFrame | None, overlay: OverlayOptions
) -> dict[str, Callable[[Path], None]]:
    """The function that writes each kind of file, for the kinds that the segmentation has data for."""
    labels, probability, micrograph = segmentation.labels, segmentation.foreground, segmentation.micrograph
    position = micrograph.page if micrograph.pages > 1 else 0
    writers: dict[str, Callable[[Path], None]] = {
        "labels": lambda path: write_labels(path, labels, micrograph.pixel_size),
        "overlay": lambda path: write_overlay(path, segmentation.image, labels, micrograph.pixel_size, overlay),
        "rois": lambda path: write_rois(path, labels, position),
        "geojson": lambda path: write_geojson(path, labels, table),
    }
    if probability is not None:
        writers["probability"] = lambda path: write_probability(path, probability, micrograph.pixel_size)
        writers["uncertainty"] = lambda path: write_probability(path, entropy(probability), micrograph.pixel_size)
    return writers


def _check(kinds: Iterable[str], writers: Mapping[str, object], endings: Mapping[str, str]) -> None:
    for kind in kinds:
        if kind not in endings:
            raise AutosegError(f'there is no kind of file "{kind}"', advice=f"Choose from {', '.join(endings)}.")
        if kind not in writers:
            problem = f'this segmentation has no probability to write as "{kind}"'
            raise AutosegError(problem, advice=f"Do not ask for {kind} where no network was run.")
