"""What all figures of the wing share: colours of zones, images with the true shape of their pixels, files."""

from __future__ import annotations

import io

import matplotlib.style
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure

from autoseg.ellipsometry.map_set import MapSet
from autoseg.errors import OptionsError
from autoseg.images.colours import PALETTE

UNMEASURED = "#f4d9d9"
"Where nothing was measured: a pale red, which neither greys nor viridis have."
DELTA, PSI = "#c0392b", "#1f5fa8"
"Red for Delta and blue for Psi, as published."
_STYLE = {"font.size": 9, "axes.titlesize": 10, "legend.frameon": False, "svg.hashsalt": "autoseg"}


def canvas(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, np.ndarray]:
    """A figure, in inches, and its axes, shape (rows, columns)."""
    with matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, squeeze=False)


def map_canvas(maps: MapSet, rows: int = 1, columns: int = 1) -> tuple[Figure, np.ndarray]:
    """A figure whose axes are about as wide and high as the maps are."""
    high = maps.shape[0] * maps.row_step / maps.shape[1]
    width = 4.6
    return canvas(width * columns, rows * (np.clip(width * 0.8 * high, 1.2, 8) + 0.7), rows, columns)


def show_map(
    axes: Axes, values: np.ndarray, maps: MapSet, title: str, colours: str | Colormap = "gray", unit: str = "degrees"
) -> None:
    """An image with a colour bar, its axes in pixels, its pixels in their true shape; NaN is shown, too."""
    shades = (colormaps[colours] if isinstance(colours, str) else colours).with_extremes(bad=UNMEASURED)
    finite = values[np.isfinite(values)]
    low, high = (np.percentile(finite, [0.5, 99.5])) if finite.size else (0, 1)
    picture = axes.imshow(
        np.ma.masked_invalid(values), cmap=shades, vmin=low, vmax=high, aspect=maps.row_step, interpolation="nearest"
    )
    axes.figure.colorbar(picture, ax=axes, label=f"{title.split(' at ')[0]} / {unit}", shrink=0.9)
    _name_axes(axes, title)


def show_zones(axes: Axes, labels: np.ndarray, maps: MapSet, title: str) -> None:
    """Zones in colours of their own, with a bar that numbers them."""
    count = max(1, int(labels.max()))
    shades = ListedColormap([zone_colour(zone) for zone in range(1, count + 1)]).with_extremes(bad=UNMEASURED)
    picture = axes.imshow(
        np.ma.masked_equal(labels, 0),
        cmap=shades,
        vmin=0.5,
        vmax=count + 0.5,
        aspect=maps.row_step,
        interpolation="nearest",
    )
    axes.figure.colorbar(picture, ax=axes, label="zone", ticks=range(1, count + 1), shrink=0.9)
    _name_axes(axes, title)


def zone_colour(zone: int) -> str:
    """Told apart with every kind of colour vision up to seven zones; then paler and darker ones follow."""
    colour = PALETTE[(zone - 1) % len(PALETTE)] / 255
    turn = (zone - 1) // len(PALETTE)
    colour = colour if turn == 0 else colour * 0.6 if turn % 2 else 0.5 + colour / 2
    return "#{:02x}{:02x}{:02x}".format(*np.round(255 * colour).astype(int).tolist())


def nanometres(maps: MapSet, wavelength: int) -> str:
    """The wavelength at a place, counted from 0, for titles."""
    if not 0 <= wavelength < len(maps.wavelengths):
        advice = f"There are the indices 0 to {len(maps.wavelengths) - 1}."
        raise OptionsError(f"there is no wavelength with the index {wavelength}", advice=advice)
    return f"{maps.wavelengths[wavelength]:g} nm"


def as_png(figure: Figure, resolution: int = 110) -> bytes:
    """The figure as a picture, in dots per inch."""
    stream = io.BytesIO()
    with matplotlib.style.context(["default", _STYLE]):
        figure.savefig(stream, format="png", dpi=resolution, metadata={"Software": None})
    return stream.getvalue()


def _name_axes(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.set_xlabel("column / pixels")
    axes.set_ylabel("row / pixels")
