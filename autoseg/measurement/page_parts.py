"""Parts of the page that those of several kinds share: templates, pictures, sizes and settings."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from autoseg.measurement.counted import Weighted
from autoseg.measurement.intake import ImageRecord
from autoseg.measurement.method import count, number
from autoseg.measurement.plots import (
    as_svg,
    draw_cumulative,
    draw_sizes,
    size_name,
)
from autoseg.measurement.sizes import Distribution, Estimate, SizeOptions, SizeStatistics

_QUANTITIES = {
    "d10": "D10",
    "d50": "D50 (median)",
    "d90": "D90",
    "mean": "Mean",
    "standard_deviation": "Standard deviation",
    "geometric_mean": "Geometric mean",
    "geometric_standard_deviation": "Geometric standard deviation",
}


def fill_template(
    name: str, run: Mapping[str, Any], warnings: Sequence[str], package: str = "autoseg.measurement", **content: Any
) -> str:
    """A page as text: the template of this name, filled with what every page has, and with its own content.

    `run` is what run.json holds; `package` is where the template lies, which may extend those of this one.
    """
    loader = ChoiceLoader(
        [PackageLoader(place, "templates") for place in dict.fromkeys((package, "autoseg.measurement"))]
    )
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number=number, interval=_interval, percents=_percents, area=area_in_words)
    environment.globals.update(count=count)
    return environment.get_template(name).render(
        title=run["report"]["title"],
        run=run,
        warnings=warnings,
        failures=run["failures"],
        settings=flat({**run["settings"], "report": run["report"]}),
        **content,
    )


def pixel_sizes(images: Sequence[ImageRecord]) -> Iterator[tuple[str, str]]:
    """Rows of the overview: each pixel size there is, and where it is known from."""
    calibrations: dict[tuple[float | None, str], int] = {}
    for image in images:
        key = image.pixel_size, image.pixel_size_source
        calibrations[key] = calibrations.get(key, 0) + 1
    for (size, source), times in calibrations.items():
        known = "unknown" if size is None else f"{size:.4g} nm"
        yield (
            "Pixel size",
            f"{known} ({source})" + (f", {count(times, 'image')}" if len(calibrations) > 1 else ""),
        )


def sizes_part(
    sizes: Weighted, found: SizeStatistics, images: int, options: SizeOptions, things: str = "particles"
) -> dict[str, Any]:
    """Figures and numbers of the sizes of particles, or other `things`, which come from so many `images`."""
    figures, confidence = [], f"{100 * options.confidence:g} %"
    if found.count > 1:
        name = size_name(found)
        figures = [
            (f"Histogram of the {name} by number, with percentiles", as_svg(draw_sizes(*sizes, found, things))),
            (f"Cumulative distributions; bars: {confidence} intervals", as_svg(draw_cumulative(*sizes, found))),
        ]
    return {
        "unit": found.unit,
        "images": images,
        "statistics": found,
        "size": size_name(found),
        "figures": [(name, embedded("image/svg+xml", figure)) for name, figure in figures],
        "rows": _rows(found.number, found.volume, found.unit),
        "confidence": confidence,
        "several_images": found.images > 1,
    }


def _rows(
    number: Distribution | None, volume: Distribution | None, unit: str
) -> list[tuple[str, str, Estimate, Estimate]]:
    """Name, unit, estimate by number, estimate by volume."""
    if number is None or volume is None:
        return []
    return [
        (name, "" if field.startswith("geometric_s") else unit, getattr(number, field), getattr(volume, field))
        for field, name in _QUANTITIES.items()
    ]


def images_part(
    images: Iterable[tuple[str, Any, bytes | None]], shows: str, found: Callable[[Any], str]
) -> list[dict[str, Any]]:
    """Each image by its name, with its picture, if there is one: what that `shows`, and what was `found` in it."""
    return [
        {
            "name": name,
            "result": image,
            "picture": picture and embedded("image/jpeg", picture),
            "link": quote(image.files["overlay"].name) if "overlay" in image.files else None,
            "shows": f"{shows} in {name}",
            "found": found(image),
        }
        for name, image, picture in images
    ]


def flat(values: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as rows of a dotted name and a value.

    >>> flat({"network": {"filters": [4, 8], "outputs": [["mask", 1]], "device": None}})
    [('network.filters', '4, 8'), ('network.outputs', '(mask, 1)'), ('network.device', 'not set')]
    """
    if not isinstance(values, Mapping):
        return [(prefix or "value", _text(values))]
    return [row for key, value in values.items() for row in flat(value, f"{prefix}.{key}" if prefix else str(key))]


def _text(value: Any) -> str:
    """A value without its quotes and brackets; lists within a list are in parentheses."""
    if isinstance(value, list):
        return ", ".join(f"({_text(part)})" if isinstance(part, list) else _text(part) for part in value)
    return "not set" if value is None else str(value)


def area_in_words(area: float | None) -> str:
    """An area in nm^2 with its unit, in µm^2 where it is large.

    >>> area_in_words(250.0), area_in_words(1.5e6), area_in_words(None)
    ('250.0 nm²', '1.500 µm²', '-')
    """
    if area is None or area != area:
        return "-"
    return f"{number(area / 1e6)} µm²" if area >= 1e5 else f"{number(area)} nm²"


def embedded(kind: str, content: bytes) -> str:
    """Content of a file, to stand in the page itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "-"
    return f"{number(estimate.low)} to {number(estimate.high)}"


def _percents(share: Estimate) -> str:
    """The interval of a share."""
    if share.low is None or share.high is None:
        return "-"
    return f"{number(100 * share.low)} to {number(100 * share.high)} %"
