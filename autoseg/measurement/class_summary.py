"""The classes of all images of a batch together: their shares, objects and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from autoseg.heads import class_colours
from autoseg.measurement.class_batch import ClassBatch
from autoseg.measurement.sizes import Estimate, SizeOptions, SizeStatistics, describe_sizes
from autoseg.measurement.summary import UNITS

NM2_PER_UM2 = 1e6


@dataclass(frozen=True, eq=False)
class ObjectSizes:
    """The objects of a class in all images whose lengths have the same unit."""

    images: int
    objects: pd.DataFrame
    statistics: SizeStatistics


@dataclass(frozen=True, eq=False)
class ClassSummary:
    """A class in all images of a batch."""

    name: str
    number: int
    colour: tuple[int, int, int]
    images: int
    pixels: int
    share: Estimate
    "Of all pixels of the fields of view, with an interval over the images where there are several."
    area: float | None
    "In nm^2, in the images of known pixel size; None where there is none."
    objects: int | None
    "Connected regions; None for the background."
    density: float | None
    "Objects per um^2, in the images of known pixel size."
    sizes: Mapping[str, ObjectSizes]
    "By the unit of their lengths."


def summarize_classes(batch: ClassBatch) -> list[ClassSummary]:
    """All classes, in the order of their numbers; none where there is no image."""
    if not batch.images:
        return []
    shares = _shares(batch)
    colours = class_colours(batch.legend)
    return [_summary(number, shares[number], colours[number], batch) for number in range(len(batch.legend))]


def _summary(number: int, share: Estimate, colour: tuple[int, int, int], batch: ClassBatch) -> ClassSummary:
    name, images = batch.names[number], batch.images
    known = [image for image in images if image.pixel_size is not None]
    counts = [image.objects[number] for image in images]
    area = sum(image.shares[number] * (image.area or 0) for image in known)
    density = sum(image.objects[number] or 0 for image in known) / _field_area(batch) if known else None
    return ClassSummary(
        name=name,
        number=number,
        colour=colour,
        images=len(images),
        pixels=sum(image.pixels[number] for image in images),
        share=share,
        area=area if known else None,
        objects=sum(count or 0 for count in counts) if number else None,
        density=density if number else None,
        sizes=_sizes(name, number, batch) if number else {},
    )


def _field_area(batch: ClassBatch) -> float:
    """In um^2, of the images of known pixel size."""
    return sum(image.area or 0 for image in batch.images) / NM2_PER_UM2


def _shares(batch: ClassBatch) -> list[Estimate]:
    pixels = np.array([image.pixels for image in batch.images], float)
    totals = np.array([image.size for image in batch.images], float)
    return estimate_shares(pixels, totals, np.random.default_rng(batch.seed), batch.sizes)


def estimate_shares(
    pixels: np.ndarray, totals: np.ndarray, rng: np.random.Generator, options: SizeOptions
) -> list[Estimate]:
    """The share of each class in all images together, with a bootstrap interval (percentile method) over the images.

    `pixels` (images, classes) says how many a class has, `totals` (images,) how many there are. Images are drawn with
    replacement, each as a whole: the pixels of one image are no independent measurements.

    >>> estimate_shares(np.array([[30.0, 70.0]]), np.array([100.0]), np.random.default_rng(0), SizeOptions())[1]
    Estimate(value=0.7, low=None, high=None)
    """
    images = len(totals)
    shares = pixels.sum(axis=0) / totals.sum()
    if images < 2:
        return [Estimate(float(share), None, None) for share in shares]
    times = rng.multinomial(images, np.full(images, 1 / images), options.resamples)
    drawn = times @ pixels / (times @ totals)[:, np.newaxis]
    tail = (1 - options.confidence) / 2
    ends = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return [Estimate(*map(float, each)) for each in zip(shares, *ends, strict=True)]


def _sizes(name: str, number: int, batch: ClassBatch) -> dict[str, ObjectSizes]:
    """As the groups of particles: lengths in nm and in pixels are never mixed."""
    sizes = {}
    for unit in UNITS:
        chosen = [place for place, image in enumerate(batch.images) if image.unit == unit]
        tables = [batch.tables[place][name].assign(image=place) for place in chosen]  # names may be equal
        if tables:
            objects = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
            statistics = describe_sizes(objects, np.random.default_rng([batch.seed, number]), batch.sizes)
            sizes[unit] = ObjectSizes(len(tables), objects, statistics)
    return sizes
