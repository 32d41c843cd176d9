"""Measure the particles of a segmentation: one table, one particle a row.

Columns are named as in scikit-image where it has the quantity. Lengths end in `_nm` and areas in `_nm2` where the
pixel size is known, and in `_px` and `_px2` where it is not; positions are always in pixels, with pixel centres at
whole numbers. A particle is all pixels of a label, in one piece or not; a pixel is a unit square.

- area: number of pixels. Holes do not belong to a particle.
- holes, hole_area: the regions that a particle encloses, whatever lies in them.
- equivalent_diameter_area: diameter of the disc of that area; without bias, for small particles too.
- feret_diameter_max, feret_diameter_min: longest and shortest distance of parallel lines around the particle, more
  exactly around the polygon described in `hull.py`. For discs 0.4 px too long and 0.3 px too short on average, so that
  their mean has no bias; the width of rods has none, but their sharp corners, and so 0.4 px, may fall between pixels.
- min_feret_rectangle_length: length of the rectangle whose width is feret_diameter_min.
- min_area_rectangle_length, min_area_rectangle_width: of the smallest rectangle around the same polygon.
- aspect_ratio: feret_diameter_min / feret_diameter_max (ISO 9276-6), 0.71 for a square.
- perimeter_crofton: after Crofton in four directions, with the rims of holes. Without bias for discs; straight outlines
  come out 5 % too short along rows, columns and diagonals, and up to 3 % too long between them.
- circularity: 4 pi area / perimeter_crofton^2. Exceeds 1 on small particles (1.75 for a single pixel), and scatters by
  several percent around 1 for discs, because their perimeter is less certain than their area.
- convexity: Crofton perimeter of the convex hull / perimeter_crofton. 1 for convex particles of any size; can exceed 1
  where pieces of a particle meet at corners only, or not at all.
- area_convex, solidity: pixels whose centres lie in the hull of the particle's centres; area / area_convex. 1 for
  convex particles of any size.
- axis_major_length, axis_minor_length, eccentricity, orientation: of the ellipse with the same second moments. The
  orientation is the angle in radians from the rows' axis (downwards) to the major axis, counter-clockwise.
- centroid_row, centroid_column: mean position of the pixels.
- box_top, box_left, box_bottom, box_right: the particle lies in rows top to bottom - 1 and columns left to right - 1.
- mean_intensity, min_intensity, max_intensity: grey values of the particle's pixels, as recorded.
- touches_edge: whether a pixel lies in the outermost rows or columns of the image.
- edge_weight: for how many particles of this size one counts that lies wholly inside (Miles and Lantuejoul); 0 for
  particles that touch the edge.
- contact: fraction of the outline with another particle within 2 px.
- occlusion: the smaller of contact and 1 - solidity, high for a particle that touches another and is dented. A particle
  in front touches but is not dented, and a dent without a neighbour is the particle's own. 0.05 is a useful limit.
- score: how probable it is that the particle is one, where the network that found it can tell.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pandas as pd
from scipy import ndimage

from autoseg.errors import ImageError
from autoseg.images.any_text import ANY_TEXT
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.hull import Hull, measure_hull
from autoseg.measurement.outline import measure_outlines

_COLUMNS = {
    "label": "as it is",
    "area": "area",
    **dict.fromkeys(("equivalent_diameter_area", "feret_diameter_max", "feret_diameter_min"), "length"),
    **dict.fromkeys(("min_feret_rectangle_length", "min_area_rectangle_length", "min_area_rectangle_width"), "length"),
    "aspect_ratio": "as it is",
    "perimeter_crofton": "length",
    **dict.fromkeys(("circularity", "convexity"), "as it is"),
    "area_convex": "area",
    "solidity": "as it is",
    **dict.fromkeys(("axis_major_length", "axis_minor_length"), "length"),
    **dict.fromkeys(("eccentricity", "orientation", "holes"), "as it is"),
    "hole_area": "area",
    **dict.fromkeys(("centroid_row", "centroid_column"), "position"),
    **dict.fromkeys(("box_top", "box_left", "box_bottom", "box_right"), "position"),
    **dict.fromkeys(("mean_intensity", "min_intensity", "max_intensity"), "as it is"),
    **dict.fromkeys(("touches_edge", "edge_weight", "contact", "occlusion"), "as it is"),
}
"The columns in their order, and of what kind their unit is."

Columns = dict[str, np.ndarray]


def measure(segmentation: Segmentation) -> pd.DataFrame:
    """Measure all particles of a segmentation: one a row, columns as described in this module.

    >>> from autoseg.images.micrograph import Micrograph
    >>> labels = np.zeros((40, 60), np.uint16)
    >>> labels[10:20, 30:50] = 1
    >>> table = measure(Segmentation(labels, None, Micrograph(labels, pixel_size=2.0)))
    >>> table[["image", "label", "area_nm2", "feret_diameter_min_nm", "solidity"]].values.tolist()
    [['micrograph', 1, 800.0, 20.0, 1.0]]
    """
    micrograph = segmentation.micrograph
    table = measure_labels(segmentation.labels, segmentation.image, micrograph.pixel_size)
    table.insert(0, "image", pd.Series([micrograph.name] * len(table), dtype=ANY_TEXT))
    return table if segmentation.scores is None else table.assign(score=segmentation.scores.round(3))


def measure_labels(labels: np.ndarray, image: np.ndarray, pixel_size: float | None = None) -> pd.DataFrame:
    """Measure all particles of a label image; as `measure`, without the column "image".

    `labels` are whole numbers, shape (rows, columns), 0 is background; numbers may be left out. `image` holds grey
    values, same shape. `pixel_size` is in nm.
    """
    _check(labels, image)
    numbered, numbers = _number(labels)
    boxes = ndimage.find_objects(numbered) if numbers.size else []
    found: Columns = {"label": numbers, **_moments(numbered, boxes), **_each(numbered, image, boxes)}
    found["perimeter_crofton"], found["contact"] = measure_outlines(numbered)
    found |= _boxes(boxes, labels.shape)
    return _with_units(found | _ratios(found), pixel_size)


def _check(labels: np.ndarray, image: np.ndarray) -> None:
    if labels.ndim != 2 or labels.dtype.kind not in "iu" or labels.min(initial=0) < 0:
        problem = f"labels are whole numbers from 0 in rows and columns, not {labels.dtype} of shape {labels.shape}"
        raise ImageError(problem, advice="Number the particles, for example with skimage.measure.label.")
    if image.shape != labels.shape:
        raise ImageError(f"the image has {image.shape} pixels, but its labels have {labels.shape}")


def _number(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The particles numbered from 1 without a gap, in order, and the numbers they had."""
    foreground = labels > 0
    index, numbers = pd.factorize(labels[foreground], sort=True)
    numbered = np.zeros(labels.shape, np.int32)
    numbered[foreground] = index + 1
    return numbered, numbers.astype(np.int64)


def _moments(labels: np.ndarray, boxes: list[Any]) -> Columns:
    """Areas, centroids and ellipses of the same second moments, from sums over all pixels at once."""
    index, y, x, n = _runs(labels)
    top, left = np.array([[axis.start for axis in box] for box in boxes], int).reshape(-1, 2).T
    y, x = y - top[index], x - left[index]  # small whole numbers, so that the sums are exact
    run_x, run_xx = n * x + n * (n - 1) // 2, n * x * (x + n - 1) + n * (n - 1) * (2 * n - 1) // 6
    area, sum_y, sum_x, sum_yy, sum_xx, sum_xy = (
        np.bincount(index, weights, len(boxes)) for weights in (n, n * y, run_x, n * y * y, run_xx, y * run_x)
    )
    yy, xx, xy = (
        (area * sum_ab - sum_a * sum_b) / area**2
        for sum_ab, sum_a, sum_b in ((sum_yy, sum_y, sum_y), (sum_xx, sum_x, sum_x), (sum_xy, sum_x, sum_y))
    )
    spread = np.hypot((yy - xx) / 2, xy)
    major, minor = (yy + xx) / 2 + spread, np.maximum((yy + xx) / 2 - spread, 0)
    return {
        "area": area,
        "centroid_row": top + sum_y / area,
        "centroid_column": left + sum_x / area,
        "axis_major_length": 4 * np.sqrt(major),
        "axis_minor_length": 4 * np.sqrt(minor),
        "eccentricity": np.sqrt(1 - np.divide(minor, major, out=np.ones_like(major), where=major > 0)),
        "orientation": np.arctan2(2 * xy, yy - xx) / 2,
    }


def _runs(labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Runs of one particle's pixels along the rows: its index, the row, the first column, and the length of each."""
    ended = np.pad(labels, ((0, 0), (0, 1))).ravel()  # a column of background ends each row
    starts = np.flatnonzero(np.diff(ended, prepend=0))
    lengths = np.diff(starts, append=ended.size)
    starts, lengths = starts[ended[starts] > 0], lengths[ended[starts] > 0]
    rows, columns = np.divmod(starts, labels.shape[1] + 1)
    return ended[starts] - 1, rows, columns, lengths


def _each(labels: np.ndarray, image: np.ndarray, boxes: list[Any]) -> Columns:
    """What is measured on one particle after the other."""
    hulls, holes, intensities = [], [], []
    for number, box in enumerate(boxes, start=1):
        mask = labels[box] == number
        values = image[box][mask]
        hulls.append(measure_hull(mask))
        holes.append(_holes(mask))
        intensities.append((values.mean(dtype=float), values.min(), values.max()))
    hole_names, intensity_names = ("holes", "hole_area"), ("mean_intensity", "min_intensity", "max_intensity")
    return {
        **_columns(Hull._fields, hulls, float),
        **_columns(hole_names, holes, np.int64),
        **_columns(intensity_names, intensities, float),
    }


def _columns(names: tuple[str, ...], rows: list[Any], dtype: Any) -> Columns:
    return dict(zip(names, np.array(rows, dtype).reshape(-1, len(names)).T, strict=True))


def _holes(mask: np.ndarray) -> tuple[int, int]:
    """Number and area of the regions that a particle encloses."""
    _, tree = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if np.all(tree[0, :, 3] < 0):  # no outline lies in another: found out far sooner than regions are counted
        return 0, 0
    outside = cv2.copyMakeBorder((~mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    count, _, statistics, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    # The first component is the particle itself, the second what lies around it, corners of the frame included.
    return count - 2, int(statistics[2:, cv2.CC_STAT_AREA].sum())


def _boxes(boxes: list[Any], shape: tuple[int, int]) -> Columns:
    """Bounding boxes, and what follows from their place in the image."""
    bounds = np.array([[(axis.start, axis.stop) for axis in box] for box in boxes], np.int64).reshape(-1, 2, 2)
    (top, left), (bottom, right) = bounds[..., 0].T, bounds[..., 1].T
    rows, columns = shape
    touches = (top == 0) | (left == 0) | (bottom == rows) | (right == columns)
    # In how many places a box of this size lies inside without touching, of all places in the image.
    free = (rows - 1 - (bottom - top)) * (columns - 1 - (right - left))
    weight = np.divide(rows * columns, free, out=np.zeros(len(boxes)), where=~touches)
    corners = {"box_top": top, "box_left": left, "box_bottom": bottom, "box_right": right}
    return {**corners, "touches_edge": touches, "edge_weight": weight}


def _ratios(found: Columns) -> Columns:
    solidity = found["area"] / found["area_convex"]
    return {
        "equivalent_diameter_area": np.sqrt(4 / np.pi * found["area"]),
        "aspect_ratio": found["feret_diameter_min"] / found["feret_diameter_max"],
        "circularity": 4 * np.pi * found["area"] / found["perimeter_crofton"] ** 2,
        "convexity": found["perimeter_convex"] / found["perimeter_crofton"],
        "solidity": solidity,
        "occlusion": np.minimum(found["contact"], 1 - solidity),
    }


def _with_units(found: Columns, pixel_size: float | None) -> pd.DataFrame:
    """The table: columns in their order, with units in their names, scaled where the pixel size is known."""
    size, unit = (1.0, "px") if pixel_size is None else (pixel_size, "nm")
    units = {"as it is": ("", None), "position": ("_px", None), "length": (f"_{unit}", size)}
    units["area"] = (f"_{unit}2", size**2)
    table = {}
    for name, kind in _COLUMNS.items():
        suffix, scale = units[kind]
        table[name + suffix] = found[name] if scale is None else found[name] * scale
    return pd.DataFrame(table)
