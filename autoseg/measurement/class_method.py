"""How the results about classes were made, as a paragraph for a paper, from the settings that were really used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import autoseg
from autoseg.measurement.class_batch import ClassBatch
from autoseg.measurement.class_summary import ClassSummary, ObjectSizes
from autoseg.measurement.method import between, count, material_in_words, number
from autoseg.measurement.plots import size_name
from autoseg.measurement.prediction import predictor_in_words
from autoseg.measurement.sizes import Estimate, SizeOptions
from autoseg.segmentation.provenance import Provenance

_EDGE = {
    "weight": "Objects at the edge of the field of view were left out of the sizes, and each of the others was "
    "weighted by the inverse of its probability of lying wholly inside (Miles and Lantuéjoul).",
    "exclude": "Objects at the edge of the field of view were left out of the sizes, without a correction for large "
    "ones being cut more often.",
    "keep": "The sizes of objects at the edge of the field of view are those of the part that is seen.",
}


def describe_class_method(classes: Sequence[ClassSummary], batch: ClassBatch, provenance: Provenance) -> str:
    """The paragraph; empty where no image was analysed."""
    if not classes:
        return ""
    sentences = [*_decision(classes, batch, provenance), *_shares(batch), *_objects(classes, batch)]
    for found in classes[1:]:
        sentences += _results(found)
    return " ".join(sentences)


def _decision(classes: Sequence[ClassSummary], batch: ClassBatch, provenance: Provenance) -> Iterator[str]:
    """What the pixels could be, and who decided."""
    *others, last = [f'"{found.name}"' for found in classes]
    named = f"{', '.join(others)} and {last}"
    yield (
        f"{material_in_words(batch.images)}, each pixel was assigned to one of the classes {named} with autoseg "
        f"{autoseg.__version__}."
    )
    if provenance.model is not None:
        predictor = predictor_in_words(provenance.model, provenance)
        yield f"The trained model {predictor}, decided between these classes pixel by pixel."
    unknown = sum(image.size - sum(image.pixels) for image in batch.images)
    if unknown:
        yield f"{count(unknown, 'pixel')} {'was' if unknown == 1 else 'were'} assigned to no class."


def _shares(batch: ClassBatch) -> Iterator[str]:
    options = batch.sizes
    yield "The share of a class is the number of its pixels divided by that of all pixels of the field of view."
    if len(batch.images) > 1:
        yield (
            f"Shares are those of all images together, with {100 * options.confidence:g} % bootstrap intervals "
            f"(percentile method, {options.resamples} resamples of the images; seed {batch.seed})."
        )


def _objects(classes: Sequence[ClassSummary], batch: ClassBatch) -> Iterator[str]:
    yield (
        "The objects of a class are its connected regions; pixels that share an edge or a corner are connected "
        "(8-connectivity). Regions at the edge of the field of view were counted, too."
    )
    if any(found.density is not None for found in classes):
        yield "Densities are numbers of objects divided by the area of the field of view."
    measured = [sizes for found in classes for sizes in found.sizes.values() if sizes.statistics.count]
    if measured:
        yield from _size_rules(measured, batch.sizes, batch.seed)


def _size_rules(measured: Sequence[ObjectSizes], options: SizeOptions, seed: int) -> Iterator[str]:
    yield f"The size of an object is its {size_name(measured[0].statistics)}. {_EDGE[options.edge]}"
    if options.max_occlusion is not None:
        yield f"Objects with an occlusion above {options.max_occlusion:g} were left out of the sizes."
    if any(sizes.statistics.count > 1 for sizes in measured):
        several = any(sizes.statistics.images > 1 for sizes in measured)
        drawn = "the images and, within each image drawn, of its objects" if several else "the objects"
        yield (
            "Percentiles of sizes are given by number (q0; ISO 9276-2), with "
            f"{100 * options.confidence:g} % bootstrap intervals (percentile method, {options.resamples} resamples of "
            f"{drawn}; seed {seed})."
        )


def _results(found: ClassSummary) -> Iterator[str]:
    if not found.pixels:
        yield f'"{found.name}" was found nowhere.'
        return
    density = "" if found.density is None else f" ({number(found.density)} per µm²)"
    yield (
        f'"{found.name}" covers {percent(found.share)} of the field of view, in {count(found.objects or 0, "object")}'
        f"{density}."
    )
    for unit, sizes in found.sizes.items():
        if sizes.statistics.number is not None:
            median = sizes.statistics.number.d50
            yield (
                f"Their median size is {number(median.value)} {unit}{between(median.low, median.high)} by number "
                f"(N = {sizes.statistics.count})."
            )


def percent(share: Estimate) -> str:
    """A share and its interval, if it has one, in percent.

    >>> percent(Estimate(0.125, 0.1, 0.15)), percent(Estimate(0.5, None, None))
    ('12.50 % (10.00 to 15.00 %)', '50.00 %')
    """
    value, low, high = (None if end is None else 100 * end for end in (share.value, share.low, share.high))
    return f"{number(value)} %" + ("" if low is None else f" ({number(low)} to {number(high)} %)")
