"""Files that hold outlines instead of pixels, of ImageJ, COCO and GeoJSON: read as labels."""

from __future__ import annotations

import json
import math
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.micrograph import ReadOptions
from autoseg.images.polygons import Filled, fill, paint
from autoseg.images.rois import read_rois

ROIS, COCO, GEOJSON = ".zip", ".json", ".geojson"
OUTLINES = frozenset((ROIS, COCO, GEOJSON))
"Endings, in small letters, of the files that hold outlines."
Shape = tuple[int, int]
_Coco = tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]


def holds_outlines(path: Path) -> bool:
    """By its name.

    >>> holds_outlines(Path("a_rois.zip")), holds_outlines(Path("a_labels.tif"))
    (True, False)
    """
    return path.suffix.lower() in OUTLINES


def read_outlines(path: Path, shape: Shape | None = None, name: str = "") -> np.ndarray:
    """Labels, uint16 or uint32, of the outlines of an image of this shape (rows, columns): the first one is 1.

    Of COCO, those of the image of this name, without ending, and its shape, which other files do not tell. A pixel
    belongs to an outline if its centre lies inside; where outlines overlap, to the first one.
    """
    if path.suffix.lower() == COCO:
        image, annotations = _coco_image(path, name)
        shape = _shape_of(image, path)
        return paint(_numbered(annotations, _annotated, shape, path, f" of {image['file_name']}"), shape, path)
    if shape is None:
        advice = "Give the folder of the images with --images, or one side as label images."
        raise ImageError("does not say how large its image is", file=path, advice=advice)
    if path.suffix.lower() == ROIS:
        return read_rois(path, shape)
    return paint(_numbered(_features(path), _drawn, shape, path), shape, path)


def coco_images(path: Path) -> list[str]:
    """The names of the images, without ending, of which a COCO file tells."""
    return [_stem(image) for image in _coco(path)[0]]


def is_coco(path: Path) -> bool:
    """Whether a JSON file is one of COCO, by what it holds."""
    try:
        return bool(_coco(path))
    except ImageError:
        return False


def _coco(path: Path) -> _Coco:
    """The images, and the annotations of each by its number."""
    try:
        status = path.stat()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}", file=path, advice="Check the name.") from None
    return _parsed_coco(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)  # it is asked for each image; evaluation has two sides
def _parsed_coco(path: Path, changed: int, size: int) -> _Coco:
    content = _read_json(path)
    parts = ("images", "annotations")
    if not isinstance(content, dict) or not all(_are_objects(content.get(part)) for part in parts):
        raise ImageError("is no COCO file: it has no lists of images and annotations", file=path)
    images = content["images"]
    if not all(isinstance(image.get("file_name"), str) for image in images):
        raise ImageError("names no file for some of its images", file=path, advice="Export it anew.")
    annotations: dict[str, list[dict[str, Any]]] = {str(image.get("id")): [] for image in images}
    for number, annotation in enumerate(content["annotations"], start=1):
        if str(annotation.get("image_id")) not in annotations:
            raise ImageError(f"tells of no image to which annotation {number} would belong", file=path)
        annotations[str(annotation.get("image_id"))].append(annotation)
    return images, annotations


def _are_objects(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _stem(image: Mapping[str, Any]) -> str:
    return unicodedata.normalize("NFC", PurePosixPath(image["file_name"].replace("\\", "/")).stem)


def _coco_image(path: Path, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The only image, or that of this name, and its annotations."""
    images, annotations = _coco(path)
    if len(images) > 1 and not name:
        raise ImageError(f"tells of {len(images)} images", file=path, advice="Give their folder with --images.")
    wanted = [image for image in images if _stem(image) == name] if len(images) > 1 else images
    if len(wanted) != 1:
        problem = f'tells of {len(images)} images, and {len(wanted)} of them are called "{name}"'
        raise ImageError(problem, file=path, advice="Name images as their micrographs, each once.")
    return wanted[0], annotations[str(wanted[0].get("id"))]


def _shape_of(image: Mapping[str, Any], path: Path) -> Shape:
    rows, columns = image.get("height", 0), image.get("width", 0)
    for name, value in (("height", rows), ("width", columns)):
        if not isinstance(value, int) or value < 1:
            raise ImageError(f'has an image whose "{name}" is {value!r}', file=path, advice="Export it anew.")
    if rows * columns > (most := ReadOptions().max_pixels):
        problem = f"has an image of {columns} x {rows} pixels, more than {most}"
        raise ImageError(problem, file=path, advice="Export it anew, in parts if it is really that large.")
    return rows, columns


def _numbered(
    items: Iterable[dict[str, Any]], filled: Callable[..., Filled], shape: Shape, path: Path, where: str = ""
) -> Iterator[tuple[str, Filled]]:
    """Each item's place in the file, as a name, and its pixels."""
    for number, item in enumerate(items, start=1):
        name = f"outline {number}{where}"
        try:
            yield name, filled(item, shape)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            problem = f"holds {name}, which cannot be read: {error}"
            raise ImageError(problem, file=path, advice="Remove it, or export the file anew.") from None


def _annotated(annotation: dict[str, Any], shape: Shape) -> Filled:
    """The pixels of a COCO annotation: polygons, or lengths of runs down the columns."""
    if annotation.get("iscrowd"):
        raise ValueError("it is a crowd, not one particle")
    segmentation = annotation["segmentation"]
    if isinstance(segmentation, list):
        return fill([_ring(np.reshape(ring, (-1, 2))) for ring in segmentation], shape)
    if tuple(segmentation["size"]) != shape:
        raise ValueError(f"its size is {segmentation['size']}, not {list(shape)}")
    counts = segmentation["counts"]
    counts = _decompressed(counts) if isinstance(counts, str) else counts
    if min(counts, default=0) < 0 or sum(counts) != math.prod(shape):
        raise ValueError("its runs do not add up to the image")
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(shape, order="F")
    return (slice(None), slice(None)), inside


def _decompressed(text: str) -> list[int]:
    """COCO's runs from its text: digits of five bits, the lowest first; from the fourth on, less those two before."""
    counts: list[int] = []
    value = digits = 0
    for character in text.encode("ascii"):
        code = character - 48
        value |= (code & 31) << 5 * digits
        digits += 1
        if not code & 32:
            value -= (1 << 5 * digits) if code & 16 else 0
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = digits = 0
    return counts


def _features(path: Path) -> list[dict[str, Any]]:
    """Of a FeatureCollection, or of the bare list of features that QuPath writes, too."""
    content = _read_json(path)
    features = content.get("features") if isinstance(content, dict) else content
    if not isinstance(features, list) or not _are_objects(features):
        raise ImageError("is no GeoJSON file with a list of features", file=path, advice="Export it anew.")
    return features


def _drawn(feature: dict[str, Any], shape: Shape) -> Filled:
    """The pixels of a GeoJSON feature; its holes are outside."""
    geometry = feature["geometry"]
    parts = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
    if geometry["type"] not in parts:
        raise ValueError(f"a {geometry['type']} has no area")
    return fill([_ring(ring) for polygon in parts[geometry["type"]] for ring in polygon], shape)


def _ring(corners: Sequence[Any] | np.ndarray) -> np.ndarray:
    ring = np.asarray(corners, float)
    if ring.ndim != 2 or ring.shape[1] < 2 or len(ring) < 3 or not np.isfinite(ring).all():
        raise ValueError("a ring needs three finite corners")
    return ring[:, :2]


def _read_json(path: str | os.PathLike[str]) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ImageError(f"cannot be read as JSON: {error}", file=path, advice="Export it anew.") from None
