"""The page about classes: shares, objects and their sizes, in one HTML file that carries its pictures inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autoseg.measurement.class_batch import ClassBatch, ClassImageResult
from autoseg.measurement.class_method import describe_class_method
from autoseg.measurement.class_summary import ClassSummary
from autoseg.measurement.counted import counted
from autoseg.measurement.intake import image_names
from autoseg.measurement.method import number, references
from autoseg.measurement.page_parts import area_in_words, fill_template, images_part, pixel_sizes, sizes_part
from autoseg.segmentation.provenance import Provenance


def render_classes(
    classes: Sequence[ClassSummary],
    batch: ClassBatch,
    warnings: Sequence[str],
    run: Mapping[str, Any],
    provenance: Provenance,
) -> str:
    """The page as text; `run` is what run.json holds."""
    several_images = any(sizes.statistics.images > 1 for found in classes for sizes in found.sizes.values())
    return fill_template(
        "classes.html",
        run,
        warnings,
        overview=_overview(classes, batch),
        classes=[_class(found, batch) for found in classes],
        images=images_part(
            zip(image_names(batch.images), batch.images, batch.thumbnails.pictures, strict=True), "Classes", _told
        ),
        method=describe_class_method(classes, batch, provenance),
        references=references(batch.sizes, several_images),
        confidence=f"{100 * batch.sizes.confidence:g} %",
    )


def _overview(classes: Sequence[ClassSummary], batch: ClassBatch) -> list[tuple[str, str]]:
    """Names and values."""
    unknown = sum(image.size - sum(image.pixels) for image in batch.images)
    area = sum(image.area or 0 for image in batch.images)
    return [
        ("Images analysed", str(len(batch.images))),
        ("Files that failed", str(len(batch.failures))),
        ("Classes", ", ".join(batch.names)),
        ("Pixels", str(sum(image.size for image in batch.images))),
        *([("of these of no known class", str(unknown))] if unknown else []),
        *([("Area of the fields of view", area_in_words(area))] if area else []),
        ("Objects", str(sum(found.objects or 0 for found in classes))),
        *pixel_sizes(batch.images),
    ]


def _class(found: ClassSummary, batch: ClassBatch) -> dict[str, Any]:
    """A class with its colour as CSS writes it, and the sizes of its objects."""
    things = "objects"
    parts = (
        sizes_part(
            counted(one.objects, one.statistics.column, batch.sizes), one.statistics, one.images, batch.sizes, things
        )
        for one in found.sizes.values()
    )
    return {"found": found, "colour": "#{:02x}{:02x}{:02x}".format(*found.colour), "sizes": list(parts)}


def _told(image: ClassImageResult) -> str:
    """Shares of all classes but the background."""
    each = list(zip(image.classes, image.shares, strict=True))[1:]
    return ", ".join(f"{name} {number(100 * share)} %" for name, share in each)
