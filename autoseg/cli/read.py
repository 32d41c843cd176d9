"""autoseg read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autoseg.cli.inputs import expanded
from autoseg.cli.messages import fail
from autoseg.cli.parameters import AsJson, Reading
from autoseg.errors import AutosegError
from autoseg.images import micrograph
from autoseg.images.micrograph import Micrograph, ReadOptions


def read(
    images: list[Path],
    /,
    *,
    options: Reading = ReadOptions(),
    as_json: AsJson = False,
) -> int:
    """Print what is known about each micrograph that can be read; fails where one cannot.

    Parameters
    ----------
    images
        Micrographs, or folders of them.
    """
    found, code = [], 0
    for path in expanded(images):
        try:
            found.append(_summary(micrograph.read(path, options)))
        except AutosegError as error:
            code = fail(error)
    if as_json or found:
        print(json.dumps(found, indent=2) if as_json else "\n\n".join(_lines(summary) for summary in found))
    return code


def _summary(micrograph: Micrograph) -> dict[str, Any]:
    height, width = micrograph.pixels.shape
    return {
        "image": str(micrograph.path),
        "width_px": width,
        "height_px": height,
        "depth": micrograph.pixels.dtype.name,
        "page": micrograph.page,
        "pages": micrograph.pages,
        "pixel_size_nm": micrograph.pixel_size,
        "pixel_size_source": micrograph.pixel_size_source,
        "unit": micrograph.unit,
        "info_bar_row": micrograph.info_bar,
        "info_bar_source": micrograph.info_bar_source,
        "notes": list(micrograph.notes),
    }


def _lines(summary: dict[str, Any]) -> str:
    size, bar = summary["pixel_size_nm"], summary["info_bar_row"]
    return "\n".join(
        [
            summary["image"],
            f"  size        {summary['width_px']} x {summary['height_px']} px, {summary['depth']}",
            f"  pixel size  {'unknown' if size is None else f'{size:.4g} nm'} ({summary['pixel_size_source']})",
            *([f"  values      in {summary['unit']}"] if summary["unit"] else []),
            f"  info bar    {'none' if bar is None else f'from row {bar}'} ({summary['info_bar_source']})",
            *(f"  note        {note}" for note in summary["notes"]),
        ]
    )
