"""Omicron Matrix scans (.Z_mtrx), with access2thematrix: one channel a file, and the settings in another."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from autoseg.errors import ImageError
from autoseg.images.readers.family import Direction, Family, Wanted
from autoseg.images.readers.packages import package
from autoseg.images.readers.picture import Picture, chosen_page
from autoseg.images.readers.scans import Frame, Trace, nanometres, picture_of

_DIRECTIONS: tuple[Direction, ...] = ("forward", "backward")


def read(path: Path, wanted: Wanted) -> Picture:
    """Read one trace of an Omicron scan; where it was scanned up and down, page 2 is the way down."""
    data = _opened(path, _settings(path))
    passes = [way for way in ("up", "down") if f"forward/{way}" in data.traces]
    if not passes:
        raise ImageError(
            "holds curves, and no image", advice="Give a file of a scan, such as one that ends in .Z_mtrx."
        )
    page = chosen_page(wanted.page or 1, len(passes), [])
    way = passes[page - 1]
    notes = [f"The way {way} was read; page=1 is the way up, page=2 the way down."] if len(passes) > 1 else []
    images = {direction: data.select_image(f"{direction}/{way}")[0] for direction in _DIRECTIONS}
    traces = [_trace(data, direction, image) for direction, image in images.items() if image.data.size]
    picture = picture_of(traces, dataclasses.replace(wanted, page=None))
    return dataclasses.replace(picture, page=page, pages=len(passes), notes=(*notes, *picture.notes))


def _trace(data: Any, direction: Direction, image: Any) -> Trace:
    width, height = nanometres(image.width, "m"), nanometres(image.height, "m")
    frame = Frame(width, height, "Omicron settings: XYScanner Width / Points", float(getattr(image, "angle", 0)))
    name, unit = data.channel_name_and_unit
    return Trace(name, direction, unit, frame, lambda: image.data[::-1])  # stored from the bottom up


def _settings(path: Path) -> Path:
    """The file that holds the settings of the session, without which the numbers mean nothing."""
    start, dashes, rest = path.name.rpartition("--")
    if path.suffix == ".mtrx":
        raise ImageError("holds the settings of an Omicron session", advice="Give its scans: they end in .Z_mtrx.")
    if not dashes or rest.count("_") < 2:
        raise ImageError("was renamed", advice="Give it the name that Omicron gave it, such as NAME--1_1.Z_mtrx.")
    settings = path.with_name(f"{start}_0001.mtrx")
    if not settings.is_file():
        raise ImageError(f"lacks its settings, {settings.name}", advice="Put that file beside it.")
    return settings


def _opened(path: Path, settings: Path) -> Any:
    data = package("access2thematrix", "Omicron", "stm").MtrxData()
    traces, message = data.open(str(path))
    if data.param["BREF"] != path.name:
        problem = f"is not listed in {settings.name}, which should hold its settings"
        raise ImageError(problem, advice="Put the file of the same session beside it.")
    if not traces:
        raise ImageError(f"cannot be read ({message.rstrip('.')})", advice="Copy it and its settings again.")
    return data


FAMILY = Family(name="Omicron", endings=(".z_mtrx",), starts=(b"ONTMATRX0101",), read=read, scan=True)
