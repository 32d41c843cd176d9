"""Step edges: where terraces end, straight where rows of the lower one meet the edge, frayed where they run along it.

Places are rows of cells, one for each column of cells; edges move by units of two cells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autoseg.stm.simulation.layout import Layout, blown_up, cells_in

UNIT = 2
MARGIN = 2
"Cells of the canvas above the first edge, and below the last one, at least."
APART = 6
"Cells between edges, at least."
_PATIENCE = 10  # columns after which a frayed edge has to move
_DOWN, _CLOCKWISE = 0, 3


def draw_terraces(size: int, steps: tuple[int, int], double_steps: float, rng: np.random.Generator) -> Layout:
    """Terraces between step edges that cross a canvas of `size` px from left to right.

    Rows turn by 90 degrees across a step, or, across the share `double_steps` of them, keep their direction.
    """
    rows, columns = cells_in(size)
    most = 1 + (rows - 1 - 2 * MARGIN) // APART
    count = min(int(rng.integers(*steps, endpoint=True)), most)
    along = _draw_directions(count + 1, double_steps, rng)
    edges = draw_edges(along[:count], rows, columns, rng)
    numbers = (edges[:, None] <= np.arange(rows)[None, :, None]).sum(axis=0)
    found, numbers = np.unique(numbers, return_inverse=True)  # a terrace may have vanished between edges
    turned = tuple(_CLOCKWISE if along[number] else _DOWN for number in found)
    return Layout(blown_up(numbers.reshape(rows, columns), size), turned, ((0, 0),) * len(turned))


def draw_edges(along: Sequence[bool], rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """An edge for each terrace that ends below, shape (edges, columns); `along`: its rows run along the edge."""
    last = (rows - 1 - MARGIN) // UNIT * UNIT
    starts = np.linspace(MARGIN, last, len(along)).astype(int) // UNIT * UNIT
    edges = []
    for number, frayed in enumerate(along):
        low = starts[number - 1] + APART if number else MARGIN
        high = starts[number + 1] - APART if number + 1 < len(along) else last
        draw = _draw_frayed if frayed else _draw_stairs
        edge = draw(int(np.clip(starts[number], low, high)), (low, high), columns, rng)
        edges.append(edge if np.ptp(edge) else _with_a_step(edge, (low, high), rng))
    return _apart(np.array(edges), along)


def _draw_directions(count: int, double_steps: float, rng: np.random.Generator) -> list[bool]:
    """Whether the rows of each terrace run across the canvas, which is along its edges."""
    along = [bool(rng.integers(2))]
    for _ in range(count - 1):
        keeps = double_steps > 0 and rng.random() < double_steps
        along.append(along[-1] if keeps else not along[-1])
    return along


def _draw_frayed(start: int, corridor: tuple[int, int], columns: int, rng: np.random.Generator) -> np.ndarray:
    """An edge that jumps here and there."""
    share, longest, direction = rng.uniform(0.1, 0.4), int(rng.integers(2, 5, endpoint=True)), _draw_sign(rng)
    places, unchanged = [start], 0
    for _ in range(columns - 1):
        jumps = rng.random() < share
        units = int(rng.integers(2, longest, endpoint=True)) if jumps else int(rng.integers(2))
        place = int(np.clip(places[-1] + direction * units * UNIT, *corridor))
        unchanged = unchanged + 1 if place == places[-1] else 0
        if unchanged > _PATIENCE:
            unchanged = 0
            if not corridor[0] <= place + direction * UNIT <= corridor[1]:
                direction = -direction
            place = int(np.clip(place + direction * UNIT, *corridor))
        places.append(place)
    return np.array(places)


def _draw_stairs(start: int, corridor: tuple[int, int], columns: int, rng: np.random.Generator) -> np.ndarray:
    """An edge of plateaus, each a unit beyond the one before, which is flat where its corridor ends."""
    direction, place, places = _draw_sign(rng), start, list[int]()
    while len(places) < columns:
        places += [place] * int(rng.choice([2, 4, 6]))
        place = int(np.clip(place + direction * UNIT, *corridor))
    return np.array(places[:columns])


def _with_a_step(edge: np.ndarray, corridor: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A flat edge with one step in its middle."""
    column = int(rng.integers(len(edge) // 4, 3 * len(edge) // 4, endpoint=True))
    down = edge[0] + UNIT <= corridor[1]
    return np.where(np.arange(len(edge)) < column, edge, edge + (UNIT if down else -UNIT))


def _apart(edges: np.ndarray, frayed: Sequence[bool]) -> np.ndarray:
    """Edges that keep their distance: stairs are moved as a whole, frayed ones where they come too close."""
    edges = edges.copy()
    for number in range(1, len(edges)):
        edges[number] = _moved(edges[number], edges[number - 1] + APART, frayed[number], 1)
    for number in reversed(range(len(edges) - 1)):
        edges[number] = _moved(edges[number], edges[number + 1] - APART, frayed[number], -1)
    return edges


def _moved(edge: np.ndarray, limit: np.ndarray, frayed: bool, sign: int) -> np.ndarray:
    missing = np.maximum(sign * (limit - edge), 0)
    return edge + sign * (missing if frayed else missing.max())


def _draw_sign(rng: np.random.Generator) -> int:
    return 1 if rng.integers(2) else -1
