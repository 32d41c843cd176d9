"""How the results were made, as a paragraph for a paper, built from the settings that were really used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import autoseg
from autoseg.measurement.plots import size_name
from autoseg.measurement.sizes import SizeOptions
from autoseg.measurement.summary import Group

_REFERENCES = {
    "iso": "ISO 13322-1, Particle size analysis: Image analysis methods. Part 1: Static image analysis methods.",
    "iso_9276": "ISO 9276-2, Representation of results of particle size analysis. Part 2: Calculation of average "
    "particle sizes/diameters and moments from particle size distributions.",
    "miles": "R. E. Miles, On the elimination of edge effects in planar sampling, in: E. F. Harding, D. G. Kendall "
    "(eds.), Stochastic Geometry, Wiley, London 1974, 228-247.",
    "efron": "B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7 (1979) 1-26.",
    "masuda": "H. Masuda, K. Iinoya, Theoretical study of the scatter of experimental data due to particle-size "
    "distribution, Journal of Chemical Engineering of Japan 4 (1971) 60-66.",
}
_PARTED = {
    "contact": "Touching particles were parted by a watershed from the cores of particles that the network predicted.",
    "distance": "Touching particles were parted by a watershed from the peaks of the distance to the background.",
}
_OTSU = "the threshold that Otsu's method finds in each image"
_EDGE = {
    "weight": "Such particles were left out, and each of the others was weighted by the inverse of its probability of "
    "lying wholly inside (Miles and Lantuéjoul).",
    "exclude": "Such particles were left out, without a correction for large ones being cut more often.",
    "keep": "They were counted as they are seen.",
}


def describe_method(
    groups: Sequence[Group], options: SizeOptions, seed: int, settings: Mapping[str, Any], keep: Sequence[str] = ()
) -> str:
    """The paragraph; empty where no image was analysed. `settings` as for `report`, made plain; `keep`: conditions."""
    if not groups:
        return ""
    sentences = [_material(groups), *_segmentation(settings), *_conditions(groups, keep)]
    if any(image.particles for group in groups for image in group.images):
        sentences += _selection(groups, options)
    if any(group.statistics.count > 1 for group in groups):
        sentences += _intervals(options, seed)
    for group in groups:
        sentences += _results(group, options, several=len(groups) > 1)
    return " ".join(sentences)


def references(options: SizeOptions) -> list[str]:
    """What to cite: the program, and the sources of the methods in use."""
    program = f"autoseg, version {autoseg.__version__} (computer program)."
    wanted = ["iso", "iso_9276", *(["miles"] if options.edge == "weight" else []), "efron", "masuda"]
    return [program, *(_REFERENCES[name] for name in wanted)]


def _material(groups: Sequence[Group]) -> str:
    images = [image for group in groups for image in group.images]
    fields = sorted({(image.columns, image.rows) for image in images})
    known = sorted({image.pixel_size for image in images if image.pixel_size is not None})
    unknown = sum(image.pixel_size is None for image in images)
    details = [f"{fields[0][0]} x {fields[0][1]} pixels" if len(fields) == 1 else "of different sizes"]
    if known:
        smallest = f"{known[0]:.4g} to " if len(known) > 1 else ""
        details.append(f"{smallest}{known[-1]:.4g} nm per pixel")
    if unknown:
        details.append("pixel size unknown" + (f" for {unknown}" if known else ""))
    material = f"In {count(len(images), 'micrograph')} ({', '.join(details)})"
    found = count(sum(image.particles + image.left_out for image in images), "particle")
    return f"{material}, {found} {'was' if found == '1 particle' else 'were'} found with autoseg {autoseg.__version__}."


def _segmentation(settings: Mapping[str, Any]) -> Iterator[str]:
    """What the caller told about it, and nothing where that is nothing."""
    model, engine = settings.get("model"), settings.get("engine") or settings.get("backend")
    if model:
        named = model if isinstance(model, Mapping) else {"name": model}
        details = [str(named["architecture"])] if named.get("architecture") else []
        details += [f"weights with SHA-256 {str(named['weights_sha256'])[:16]}…"] if named.get("weights_sha256") else []
        about = f" ({', '.join(details)})" if details else ""
        run = f", run by {engine}" if engine else ""
        yield f'The trained model "{named.get("name")}"{about} predicted them{run}.'
    options = settings.get("segmentation")
    if not isinstance(options, Mapping):
        return
    threshold = options.get("threshold")
    if threshold is not None:
        yield f"Foreground are pixels with a probability above {threshold if threshold != 'otsu' else _OTSU}."
    if options.get("method") in _PARTED:
        yield _PARTED[options["method"]]
    if options.get("minimum_size"):
        yield f"Particles of fewer than {options['minimum_size']} pixels were dropped."
    if options.get("exclude_edge"):
        yield "Particles at the edge of the image were dropped, too."


def _conditions(groups: Sequence[Group], keep: Sequence[str]) -> Iterator[str]:
    """Nothing where every particle was welcome."""
    if keep:
        left_out = sum(image.left_out for group in groups for image in group.images)
        yield f"Only those with {' and '.join(keep)} were kept ({left_out} left out)."


def _selection(groups: Sequence[Group], options: SizeOptions) -> Iterator[str]:
    at_edge = sum(image.at_edge for group in groups for image in group.images)
    yield f"{count(at_edge, 'particle')} touched the edge of the field of view. {_EDGE[options.edge]}"
    if options.max_occlusion is not None:
        covered = sum(group.statistics.left_out_occluded for group in groups)
        yield f"Particles with an occlusion above {options.max_occlusion:g} were left out ({covered})."
    yield f"The size of a particle is its {size_name(groups[0].statistics)}."


def _intervals(options: SizeOptions, seed: int) -> Iterator[str]:
    yield (
        "Percentiles are given by number (q0) and by volume (q3, volumes proportional to the cube of the size; "
        f"ISO 9276-2), with {100 * options.confidence:g} % bootstrap intervals (percentile method, {options.resamples} "
        f"resamplings of the particles, seed {seed})."
    )


def _results(group: Group, options: SizeOptions, several: bool) -> Iterator[str]:
    found, unit = group.statistics, group.unit
    place = f" in the images with sizes in {unit}" if several else ""
    if found.number is None or found.volume is None:
        return
    median, by_volume = found.number.d50, found.volume.d50
    yield (
        f"The median size{place} is {number(median.value)} {unit}{_between(median.low, median.high)} by number and "
        f"{number(by_volume.value)} {unit}{_between(by_volume.low, by_volume.high)} by volume "
        f"(N = {found.count})."
    )
    if found.log_normal is not None:
        yield (
            f"The log-normal distribution of greatest likelihood has a median of {number(found.log_normal.median)} "
            f"{unit} and a geometric standard deviation of {found.log_normal.geometric_standard_deviation:.3f} "
            f"(Kolmogorov-Smirnov distance {found.log_normal.distance:.3f})."
        )


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({number(low)} to {number(high)})"


def number(value: float | None) -> str:
    """Four digits, without a power of ten as far as people read them; a dash for what is not known.

    >>> number(234.5678), number(12345.6), number(0.012), number(None)
    ('234.6', '12346', '0.01200', '-')
    """
    if value is None or value != value:
        return "-"
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:#.4g}"


def count(amount: int, noun: str) -> str:
    """How many of what.

    >>> count(1, "image"), count(0, "image")
    ('1 image', '0 images')
    """
    return f"{amount} {noun}{'' if amount == 1 else 's'}"
