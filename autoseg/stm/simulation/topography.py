"""A whole topography: terraces, defects, brightness, distortion and scan, as the options tell."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from autoseg.images.segmentation import numbered
from autoseg.stm.simulation import plane
from autoseg.stm.simulation.cell import modulated_cell
from autoseg.stm.simulation.defects import Canvas, on_any_dimer, on_published_cells, on_published_grid
from autoseg.stm.simulation.distortion import Layers, canvas_size, distort, distort_as_published
from autoseg.stm.simulation.edges import draw_terraces
from autoseg.stm.simulation.layout import Layout
from autoseg.stm.simulation.options import PUBLISHED_SIZE, VARIED, Effect, SurfaceOptions
from autoseg.stm.simulation.scan import record
from autoseg.stm.simulation.shading import blur_edges, shade


@dataclass(frozen=True, eq=False)
class Topography:
    """A made-up picture of a surface, and what it shows; all arrays have its shape."""

    image: np.ndarray = field(repr=False)
    "uint8."
    classes: np.ndarray = field(repr=False)
    "uint8: 0 background, 1 to 3 the classes of defects."
    instances: np.ndarray = field(repr=False)
    "uint16: 0 background, 1 to n the defects that are seen."
    rows: np.ndarray = field(repr=False)
    "uint8: 1 on rows of dimers, 0 in the troughs between them."
    terraces: np.ndarray = field(repr=False)
    "uint8: the number of the terrace, upwards."
    effects: tuple[Effect, ...]


def draw_topography(options: SurfaceOptions, rng: np.random.Generator, variant: int = 0) -> Topography:
    """A random topography; `variant`, 0 to 15, chooses the effects unless the options name them.

    >>> topography = draw_topography(SurfaceOptions(size=128), np.random.default_rng(0))
    >>> topography.image.shape, topography.image.dtype, topography.rows.max()
    ((128, 128), dtype('uint8'), np.uint8(1))
    """
    effects = draw_effects(options, variant, rng)
    published = options.rules == "published"
    size = canvas_size(options.size, () if published else effects)
    layout = _draw_layout(options, size, rng)
    grey, canvas = _paint(options, layout, rng)
    layers = Layers(grey, canvas.classes, canvas.instances, layout.rows(), layout.numbers)
    angle = rng.uniform(*options.angle)
    layers = (distort_as_published if published else distort)(layers, options.size, effects, angle, rng)
    return Topography(
        image=record(layers.grey, effects, options.rules, rng),
        classes=layers.classes,
        instances=numbered(layers.instances),
        rows=layers.rows,
        terraces=layers.terraces,
        effects=effects,
    )


def draw_effects(options: SurfaceOptions, variant: int, rng: np.random.Generator) -> tuple[Effect, ...]:
    """The effects of a picture; of a variant, those whose bits are set in its number, and the others at random.

    >>> draw_effects(SurfaceOptions(rules="published"), 3, np.random.default_rng(1))
    ('xy', 'zones')
    """
    published = options.rules == "published"
    if options.effects is not None:
        return options.effects
    if published and options.generator == "plane":
        return ()
    by_chance: tuple[Effect, ...] = ("tilt",) if published else ("tilt", "oscillation")
    chosen = [effect for bit, effect in enumerate(VARIED) if variant >> bit & 1]
    return (*chosen, *(effect for effect in by_chance if rng.random() < 0.5))


def _draw_layout(options: SurfaceOptions, size: int, rng: np.random.Generator) -> Layout:
    if options.generator == "plane":
        return plane.draw_levels(size, options.steps, rng)
    return draw_terraces(size, options.steps, options.doubled, rng)


def _paint(options: SurfaceOptions, layout: Layout, rng: np.random.Generator) -> tuple[np.ndarray, Canvas]:
    """The grey values of the canvas, float32, and what they show."""
    if options.generator == "terraces":
        canvas = Canvas.of(layout.paint([modulated_cell(rng) for _ in range(layout.count)]))
        _try_defects(canvas, layout, options, rng)
        return blur_edges(shade(canvas.grey, layout, rng), layout.numbers), canvas
    surface = layout.paint([plane.draw_cell(rng) for _ in range(layout.count)])
    if options.rules == "published":  # defects lie on what is shaded already
        canvas = Canvas.of(plane.shade_plane(surface, layout, rng))
        _try_defects(canvas, layout, options, rng)
        return canvas.grey.astype(np.float32), canvas
    canvas = Canvas.of(surface)
    _try_defects(canvas, layout, options, rng)
    return plane.shade_plane(canvas.grey, layout, rng).astype(np.float32), canvas


def _try_defects(canvas: Canvas, layout: Layout, options: SurfaceOptions, rng: np.random.Generator) -> None:
    share = canvas.grey.size / canvas_size(PUBLISHED_SIZE, ()) ** 2
    count = int(rng.integers(*options.tries, endpoint=True) * share + rng.random())
    if options.rules == "corrected":
        canvas.try_defects(count, layout, on_any_dimer, options.outline, rng, apart=True)
    elif options.generator == "terraces":
        canvas.try_defects(count, layout, on_published_grid, options.outline, rng)
    else:
        canvas.try_defects(count, layout, on_published_cells, options.outline, rng, on_one_terrace=False)
