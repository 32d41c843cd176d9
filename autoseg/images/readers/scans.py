"""What all scanning-probe files share: a choice of channel and direction, nm, square pixels, whole lines."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.calibration import NANOMETRES
from autoseg.images.readers.family import Direction, Wanted
from autoseg.images.readers.picture import Picture, Scale, check_size, chosen_page, finished

_TOPOGRAPHY = re.compile(r"z|z[\s_(-].*|.*(z ?sensor|height|topo).*", re.IGNORECASE)
_CURRENT = re.compile(r".*current.*|i", re.IGNORECASE)
_DIRECTION = re.compile(r"[\s_\-(\[]*(retrace|backward|bwd|trace|forward|fwd)[)\]]*", re.IGNORECASE)
_BACKWARD = ("retrace", "backward", "bwd")
_SQUARE = 0.01  # by how much the sides of a square pixel may differ


@dataclass(frozen=True)
class Frame:
    """The part of the surface that was scanned; sides in nm, None where the file does not tell."""

    width: float | None
    height: float | None
    source: str
    angle: float = 0.0
    "By how many degrees the frame was turned on the surface."


@dataclass(frozen=True, eq=False)
class Trace:
    """One channel in one direction of scanning."""

    name: str
    direction: Direction | None
    "None where the file does not tell."
    unit: str
    frame: Frame
    load: Callable[[], np.ndarray]
    "Gives the values, shape (rows, columns), as the surface lies: top row first, left column first."


def picture_of(traces: Sequence[Trace], wanted: Wanted) -> Picture:
    """The wanted channel of a scan as a picture of square pixels, heights in nm."""
    notes: list[str] = []
    page = chosen_page(wanted.page, 1, notes)
    told_apart = _told_apart(traces)
    trace, values = _chosen_trace(told_apart, wanted, notes)
    frame = trace.frame
    check_size(values.shape, wanted.max_pixels)
    sides = _pixel_sides(frame, values.shape)
    values, unit = _in_nanometres(_whole_lines(values, notes), trace.unit)
    if sides:
        values = _with_square_pixels(values, sides, wanted.max_pixels, notes)
    if abs(frame.angle) >= 0.05:
        notes.append(f"The frame was turned by {frame.angle:g} degrees on the surface, and is shown as it was scanned.")
    source = frame.source if sides else "no calibration found"
    channels = tuple(dict.fromkeys(one.name for one in told_apart))
    scale = Scale(min(sides) if sides else None, source, unit, channels)
    return Picture(finished(values), page, 1, tuple(notes), scale)


def without_direction(title: str) -> tuple[str, Direction | None]:
    """The name of a channel, and the direction that its title tells.

    >>> without_direction("HeightRetrace"), without_direction("Z [Forward]"), without_direction("Z")
    (('Height', 'backward'), ('Z', 'forward'), ('Z', None))
    """
    found = _DIRECTION.search(title)
    if not found:
        return title, None
    name = (title[: found.start()] + title[found.end() :]).strip()
    return name or title, "backward" if found[1].lower() in _BACKWARD else "forward"


def is_topography(name: str) -> bool:
    """Whether a channel of this name holds heights.

    >>> is_topography("Z"), is_topography("ZSensor"), is_topography("Phase")
    (True, True, False)
    """
    return _TOPOGRAPHY.fullmatch(name) is not None


def nanometres(value: float, unit: str) -> float | None:
    """A length in nm, None where it is no length.

    >>> nanometres(2e-8, "m"), nanometres(1, "V")
    (20.0, None)
    """
    factor = NANOMETRES.get(unicodedata.normalize("NFKC", unit).strip().lower())
    usable = factor is not None and math.isfinite(value) and value > 0
    return value * factor if usable and factor else None


def _told_apart(traces: Sequence[Trace]) -> list[Trace]:
    """The traces, where several have one name, with numbers behind it: else all but the first could not be read."""
    seen: Counter[tuple[str, Direction | None]] = Counter()
    named = []
    for trace in traces:
        key = _folded(trace.name), trace.direction
        seen[key] += 1
        named.append(trace if seen[key] == 1 else replace(trace, name=f"{trace.name} ({seen[key]})"))
    return named


def _chosen_trace(traces: Sequence[Trace], wanted: Wanted, notes: list[str]) -> tuple[Trace, np.ndarray]:
    """The wanted trace and its values."""
    names = list(dict.fromkeys(trace.name for trace in traces))
    name = _named(names, wanted.channel) if wanted.channel is not None else _topography(traces)
    trace = _in_direction(traces, name, wanted.direction)
    values = trace.load()
    if wanted.channel is None and _is_flat(values):
        trace, values = _instead_of_flat(traces, trace, wanted, notes)
    direction = f" ({trace.direction})" if trace.direction else ""
    others = f"; there are {', '.join(names)}" if len(names) > 1 else ""
    notes.append(f"Channel {trace.name}{direction} was read{others}.")
    return trace, values


def _named(names: list[str], wanted: str) -> str:
    """The channel that is meant, whatever its case, and with blanks for underscores."""
    for name in names:
        if _folded(name) == _folded(wanted):
            return name
    raise ImageError(f"has no channel {wanted}", advice=f"Choose one of {', '.join(names)}.")


def _folded(name: str) -> str:
    return name.casefold().replace("_", " ")


def _topography(traces: Sequence[Trace]) -> str:
    lengths = [trace.name for trace in traces if nanometres(1, trace.unit)]
    named = [trace.name for trace in traces if is_topography(trace.name)]
    return next(iter([name for name in named if name in lengths] + named + lengths + [traces[0].name]))


def _in_direction(traces: Sequence[Trace], name: str, direction: Direction) -> Trace:
    named = [trace for trace in traces if trace.name == name]
    for trace in named:
        if trace.direction == direction or (trace.direction is None and direction == "forward"):
            return trace
    there = sorted({trace.direction for trace in named if trace.direction})
    problem = f"does not hold channel {name} in the direction {direction}"
    advice = f"Choose the direction {there[0]}." if there else "It does not tell directions: leave out the direction."
    raise ImageError(problem, advice=advice)


def _instead_of_flat(
    traces: Sequence[Trace], flat: Trace, wanted: Wanted, notes: list[str]
) -> tuple[Trace, np.ndarray]:
    """The current, where the topography is flat: a scan at constant height."""
    for name in dict.fromkeys(trace.name for trace in traces if _CURRENT.fullmatch(trace.name)):
        trace = _in_direction(traces, name, wanted.direction)
        values = trace.load()
        if not _is_flat(values):
            notes.append(f"Channel {flat.name} is flat: a scan at constant height.")
            return trace, values
    others = ", ".join(dict.fromkeys(trace.name for trace in traces if trace.name != flat.name))
    advice = f"Choose another channel: {others}." if others else "Export another channel."
    raise ImageError(f"holds nothing but one value in channel {flat.name}", advice=advice)


def _is_flat(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return known.size > 1 and float(np.ptp(known)) == 0


def _pixel_sides(frame: Frame, shape: tuple[int, ...]) -> tuple[float, float] | None:
    """Height and width of a pixel in nm, where both are known."""
    if not frame.width or not frame.height:
        return None
    return frame.height / shape[0], frame.width / shape[1]


def _whole_lines(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """The lines of a scan that was stopped, without those that it did not reach."""
    whole = np.isfinite(values).all(axis=1)
    if whole.all():
        return values
    if not whole.any():
        raise ImageError("holds no line without gaps (NaN)", advice="Export it again.")
    lines = np.flatnonzero(whole)
    first, last = lines[0], lines[-1] + 1
    if not whole[first:last].all():
        problem = f"lacks values (NaN) in {np.count_nonzero(~whole[first:last])} lines in the middle of the scan"
        raise ImageError(problem, advice="Interpolate or cut them in the program it comes from.")
    cut = len(values) - len(lines)
    notes.append(f"{cut} of {len(values)} lines were cut off, because the scan was stopped and lacks their values.")
    return values[first:last]


def _in_nanometres(values: np.ndarray, unit: str) -> tuple[np.ndarray, str | None]:
    factor = nanometres(1, unit)
    if factor is None:
        return values, unit.strip() or None
    with np.errstate(over="ignore"):  # of damaged files, whose infinite values are refused
        return values * (values.dtype.type(factor) if values.dtype.kind == "f" else factor), "nm"


def _with_square_pixels(
    values: np.ndarray, sides: tuple[float, float], max_pixels: int, notes: list[str]
) -> np.ndarray:
    """The coarser axis interpolated to pixels as short as those of the finer one."""
    if math.isclose(*sides, rel_tol=_SQUARE):
        return values
    height, width = sides
    axis, ratio = (0, height / width) if height > width else (1, width / height)
    length = max(1, round(values.shape[axis] * ratio))
    check_size((length, values.shape[1 - axis]), max_pixels)
    sizes = f"{width:.4g} x {height:.4g} nm"
    notes.append(f"The pixels are not square ({sizes}); the picture was interpolated to square ones.")
    return _interpolated(values, axis, length)


def _interpolated(values: np.ndarray, axis: int, length: int) -> np.ndarray:
    """Linear interpolation at the centres of `length` pixels along an axis."""
    old = values.shape[axis]
    place = np.clip((np.arange(length) + 0.5) * old / length - 0.5, 0, old - 1)
    low = np.minimum(place.astype(int), max(old - 2, 0))
    weight = np.expand_dims(place - low, 1 - axis)
    below, above = np.take(values, low, axis), np.take(values, np.minimum(low + 1, old - 1), axis)
    between = below * (1 - weight) + above * weight  # no difference, which wraps where there are no negative numbers
    return (between if values.dtype.kind == "f" else np.rint(between)).astype(values.dtype)
