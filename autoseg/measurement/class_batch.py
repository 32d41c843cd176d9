"""The class maps of a batch, one after the other: each is counted, measured and written, and its pixels are let go."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from autoseg.errors import ImageError
from autoseg.heads import ClassLabel
from autoseg.images.class_export import export_classes
from autoseg.images.class_map import ClassMap
from autoseg.images.class_overlay import ClassOverlayOptions
from autoseg.measurement.intake import ImageRecord, Intake, describe_source
from autoseg.measurement.shape import measure
from autoseg.measurement.sizes import SizeOptions
from autoseg.measurement.thumbnails import draw_small_classes, encoded


@dataclass(frozen=True, kw_only=True)
class ClassImageResult(ImageRecord):
    """What is kept of an image of which the pixels have classes."""

    classes: tuple[str, ...]
    "Their names, in the order of their numbers; 0 is the background."
    pixels: tuple[int, ...]
    "How many each class has."
    objects: tuple[int | None, ...]
    "How many connected regions each class has; None for the background, where they are not counted."

    @property
    def size(self) -> int:
        """How many pixels the field of view has, those of no known class included."""
        return self.rows * self.columns

    @property
    def area(self) -> float | None:
        """Of the field of view, in nm^2."""
        return None if self.pixel_size is None else self.size * self.pixel_size**2

    @property
    def shares(self) -> tuple[float, ...]:
        """Which part of the field of view each class covers."""
        return tuple(pixels / self.size for pixels in self.pixels)

    @property
    def found(self) -> dict[str, Any]:
        """For each class its pixels and objects."""
        each = zip(self.classes, self.pixels, self.objects, strict=True)
        return {"classes": {name: {"pixels": pixels, "objects": objects} for name, pixels, objects in each}}


@dataclass
class ClassBatch(Intake[ClassMap]):
    """Takes class maps, or errors in place of them; all have the same classes as the first one."""

    takes = ClassMap
    kinds: Sequence[str]
    overlay: ClassOverlayOptions
    sizes: SizeOptions
    seed: int
    legend: tuple[ClassLabel, ...] = ()
    images: list[ClassImageResult] = field(default_factory=list)
    tables: list[dict[str, pd.DataFrame]] = field(default_factory=list)
    "For each image, by the names of the classes, the objects measured: one a row."

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(one.name for one in self.legend)

    def _take(self, found: ClassMap, seconds_waited: float) -> None:
        start = time.monotonic()
        if self.legend and found.names != self.names:
            problem = f"has the classes {', '.join(found.names)}, and images before it had {', '.join(self.names)}"
            raise ImageError(problem, advice="Make a report of each kind, in a folder of its own.")
        kinds = [kind for kind in self.kinds if kind != "probability" or found.probability is not None]
        tables = {name: measure(found.objects(name)).drop(columns="image") for name in found.names[1:]}
        name = self._name(found.micrograph)
        files = export_classes(found, self.folder, name, kinds, self.overlay)
        self.thumbnails.add(encoded(draw_small_classes(found, self.overlay)))
        self.legend = self.legend or found.legend
        self.tables.append(tables)
        self.images.append(
            ClassImageResult(
                **describe_source(found.micrograph),
                name=name,
                classes=found.names,
                pixels=tuple(found.pixels.tolist()),
                objects=(None, *(len(table) for table in tables.values())),
                files=files,
                seconds_waited=round(seconds_waited, 3),
                seconds_written=round(time.monotonic() - start, 3),
            )
        )
