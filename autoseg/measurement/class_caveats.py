"""What a reader must know before trusting the shares and objects of classes, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autoseg.evaluation.intervals import ENOUGH_IMAGES
from autoseg.measurement.caveats import about_failures, about_pixel_sizes
from autoseg.measurement.class_batch import ClassBatch
from autoseg.measurement.class_summary import ClassSummary
from autoseg.measurement.image_result import SMALL
from autoseg.measurement.method import count

_MANY = 0.2
"Share of objects from which on something is worth a warning."


def find_class_caveats(classes: Sequence[ClassSummary], batch: ClassBatch) -> tuple[str, ...]:
    """All warnings of a batch: failures, pixel sizes, classes that are missing, few images, cut and small objects."""
    images, warnings = batch.images, about_failures(batch.images, len(batch.failures))
    if not images:
        return tuple(warnings)
    warnings += about_pixel_sizes(images, "objects")
    if len({image.pixel_size for image in images}) > 1:
        warnings.append("Shares of all images together count every pixel alike, whatever its size.")
    warnings += _about_pixels(classes, batch)
    for found in classes[1:]:
        warnings += _about_objects(found, batch)
    return tuple(warnings)


def _about_pixels(classes: Sequence[ClassSummary], batch: ClassBatch) -> Iterator[str]:
    images = batch.images
    missing = [f'"{found.name}"' for found in classes if not found.pixels]
    if missing:
        yield f"No pixel of any image belongs to {' or '.join(missing)}."
    unknown = sum(image.size - sum(image.pixels) for image in images)
    if unknown:
        part = 100 * unknown / sum(image.size for image in images)
        yield f"{part:.3g} % of the pixels belong to no known class; shares are of all pixels, these included."
    if len(images) == 1:
        yield "One image cannot tell how much images differ: shares have no intervals."
    elif len(images) < ENOUGH_IMAGES:
        yield (
            f"{len(images)} images hardly tell how much images differ: with fewer than {ENOUGH_IMAGES}, the intervals "
            "of shares and sizes are too narrow."
        )


def _about_objects(found: ClassSummary, batch: ClassBatch) -> Iterator[str]:
    at_edge = small = 0
    for table, image in zip((tables[found.name] for tables in batch.tables), batch.images, strict=True):
        at_edge += int(table["touches_edge"].sum())
        diameters = table[f"equivalent_diameter_area_{image.unit}"] / (image.pixel_size or 1)
        small += int((diameters < SMALL).sum())
    objects = count(found.objects or 0, "object")
    if at_edge > _MANY * (found.objects or 0):
        yield f'{at_edge} of {objects} of "{found.name}" touch the edge of the field of view, which cuts them.'
    if small > _MANY * (found.objects or 0):
        yield (
            f'{small} of {objects} of "{found.name}" are smaller than {SMALL} pixels: they may be specks of the '
            "classification, and their sizes are uncertain by the pixels."
        )
    for unit, sizes in found.sizes.items():
        needed, counted = sizes.statistics.needed_for_number_mean, sizes.statistics.count
        if needed is not None and counted < needed:
            yield (
                f'{count(counted, "object")} of "{found.name}" with sizes in {unit} are too few: {needed} are needed '
                f"for a number-weighted mean within {100 * batch.sizes.wanted_error:.3g} % of its value, if sizes are "
                "log-normal (ISO 13322-1)."
            )
