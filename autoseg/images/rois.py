"""Particles as ImageJ regions of interest: zip files of its ROI Manager, written exact to the pixel, and read."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np
from roifile import ROI_TYPE, ImagejRoi

from autoseg.errors import AutosegError, ImageError
from autoseg.files import written_whole
from autoseg.images.labels import as_labels
from autoseg.images.polygons import Filled, Polygon, fill, paint, rings_of, trace

_LARGEST = 2**28  # bytes of a ROI; larger ones are no outlines
_FARTHEST = 60535  # ImageJ reads what is above as a negative number
_MOVE, _LINE, _CLOSE = 0, 1, 4
_AREAS = {
    ROI_TYPE.POLYGON,
    ROI_TYPE.FREEHAND,
    ROI_TYPE.TRACED,
    ROI_TYPE.RECT,
    ROI_TYPE.OVAL,
}
"The types that have an inside: lines, angles and points have none."
_UNREADABLE = (OSError, EOFError, ValueError, IndexError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error)
"What damaged files lead to."


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


def read_rois(path: str | os.PathLike[str], shape: tuple[int, int]) -> np.ndarray:
    """Labels, uint16 or uint32 of this shape (rows, columns), of the ROIs in a zip file: the first ROI is 1.

    A pixel belongs to a ROI if its centre lies inside; where ROIs overlap, to the first one. What is no area, such as a
    line, and a ROI of which no pixel is left, are refused.
    """
    return paint(_filled(_read(path), shape, path), shape, path)


def _filled(
    rois: list[ImagejRoi], shape: tuple[int, int], path: str | os.PathLike[str]
) -> Iterator[tuple[str, Filled]]:
    """The name of each ROI, and its pixels; holes of composites are outside."""
    for roi in rois:
        if roi.roitype not in _AREAS:
            kind = getattr(roi.roitype, "name", str(roi.roitype)).lower()
            advice = "Remove it in ImageJ's ROI Manager, and save the others anew."
            raise ImageError(f'holds the ROI "{roi.name}", a {kind}, which has no area', file=path, advice=advice)
        rings = [np.asarray(ring, float) for ring in roi.coordinates(multi=True)]
        yield f'the ROI "{roi.name}"', fill(rings, shape)


def _read(path: str | os.PathLike[str]) -> list[ImagejRoi]:
    """The ROIs of a zip file, in the order in which ImageJ lists them."""
    rois = []
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.filename.lower().endswith(".roi"):
                    if entry.file_size > _LARGEST:
                        raise ValueError(f"{entry.filename} would take {entry.file_size} bytes")
                    rois.append(ImagejRoi.frombytes(archive.read(entry)))
    except _UNREADABLE as error:
        problem = f"cannot be read as ImageJ's ROIs: {error}"
        raise ImageError(problem, file=path, advice="Save the ROIs anew from ImageJ's ROI Manager.") from None
    if not rois:
        raise ImageError("holds no ROIs", file=path, advice="Save them from ImageJ's ROI Manager: More, Save.")
    return rois


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
