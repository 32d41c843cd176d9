"""Panels of a scan side by side: as it was recorded, made level, and what was found."""

from __future__ import annotations

from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from autoseg.files import written_whole
from autoseg.images.overlay import to_grey
from autoseg.stm.classes import DEFECTS, ROWS
from autoseg.stm.segmenter import SurfaceMap

_OPACITY, _ROWS_OPACITY = 0.7, 0.4
_BLUE = (0.0, 0.5, 1.0)


def draw_panels(found: SurfaceMap) -> Figure:
    """The scan as recorded, made level, with its defects, and, where they are told, with its rows."""
    known = ROWS in found.also
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(20 if known else 15, 5.2), layout="constrained")
        panels = figure.subplots(1, 4 if known else 3)
        panels[0].imshow(found.image if found.recorded is None else found.recorded, cmap="inferno")
        level = to_grey(found.image)
        for panel in panels[1:]:
            panel.imshow(level, cmap="gray")
        _show_defects(panels[2], found)
        if known:
            _tint(panels[3], found.also[ROWS][..., 0] > 0.5, _BLUE, _ROWS_OPACITY)
        for panel, title in zip(panels, ("recorded", "level", "defects", "rows"), strict=False):
            panel.set_title(title)
            panel.set_axis_off()
        figure.suptitle(found.micrograph.path.stem if found.micrograph.path else found.micrograph.name)
    return figure


def write_panels(path: Path, found: SurfaceMap) -> None:
    """Write the panels as a PNG file."""
    figure = draw_panels(found)
    with written_whole(path) as partial:
        figure.savefig(partial, dpi=150)


def _show_defects(panel: Axes, found: SurfaceMap) -> None:
    patches = []
    for kind in DEFECTS:
        red, green, blue = (value / 255 for value in found.colours[kind])
        colour = (red, green, blue)
        _tint(panel, found.classes == kind, colour, _OPACITY)
        patches.append(Patch(color=colour, label=f"{found.names[kind]}: {found.defects.counts[kind]}"))
    panel.legend(handles=patches, loc="lower right", fontsize=8)


def _tint(panel: Axes, mask: np.ndarray, colour: tuple[float, ...], opacity: float) -> None:
    layer = np.zeros((*mask.shape, 4))
    layer[mask] = (*colour, opacity)
    panel.imshow(layer)
