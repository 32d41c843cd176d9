"""Particles as ImageJ regions of interest: a zip file for its ROI Manager, exact to the pixel."""

from __future__ import annotations

import os
import zipfile

import numpy as np
from roifile import ROI_TYPE, ImagejRoi

from autoseg.errors import AutosegError
from autoseg.files import written_whole
from autoseg.images.labels import as_labels
from autoseg.images.polygons import Polygon, rings_of, trace

_FARTHEST = 60535  # ImageJ reads what is above as a negative number
_MOVE, _LINE, _CLOSE = 0, 1, 4


def write_rois(path: str | os.PathLike[str], labels: np.ndarray, position: int = 0) -> None:
    """Write one ROI per particle, named by its label padded with zeros, into a zip file.

    A particle in one piece without holes becomes a traced polygon, as ImageJ's wand makes it; any other becomes a
    composite, so that nothing is lost. Filled by ImageJ, each gives exactly the particle's pixels. `position`: the
    slice of a stack they belong to, 1 being the first, 0 none in particular. Without particles the zip file is empty.
    """
    labels = as_labels(labels)
    if max(labels.shape) > _FARTHEST:
        problem = f"ImageJ's ROIs reach no farther than {_FARTHEST} pixels, and the image has {labels.shape}"
        raise AutosegError(problem, file=path, advice="Export labels or GeoJSON instead.")
    digits = max(4, len(str(labels.max())))
    with written_whole(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for label, polygons in trace(labels):
            name = f"{label:0{digits}}"
            # A ZipInfo of its own has a fixed date: equal results give equal files.
            entry = zipfile.ZipInfo(f"{name}.roi")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, _roi(polygons, name, position).tobytes())


def _roi(polygons: list[Polygon], name: str, position: int) -> ImagejRoi:
    rings = rings_of(polygons)
    corners = np.concatenate(rings)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    roi = ImagejRoi(name=name, position=position, left=left, top=top, right=right, bottom=bottom)
    if len(rings) == 1:
        roi.roitype = ROI_TYPE.TRACED
        roi.integer_coordinates = corners - (left, top)
        roi.n_coordinates = len(corners)
    else:
        roi.roitype = ROI_TYPE.RECT  # a composite is a rectangle with a path inside
        roi.multi_coordinates = np.concatenate([_path(ring) for ring in rings]).astype(np.float32)
        roi.shape_roi_size = len(roi.multi_coordinates)
    return roi


def _path(ring: np.ndarray) -> np.ndarray:
    """A ring as Java writes shapes: a move, lines, and a close."""
    commands = np.full(len(ring), _LINE)
    commands[0] = _MOVE
    return np.append(np.column_stack([commands, ring]).ravel(), _CLOSE)
