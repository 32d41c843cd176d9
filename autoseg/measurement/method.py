"""How the results were obtained, as a paragraph for a paper, from the settings that were really used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import autoseg
from autoseg.measurement.intake import ImageRecord
from autoseg.measurement.plots import size_name
from autoseg.measurement.prediction import describe_prediction
from autoseg.measurement.sizes import SizeOptions
from autoseg.measurement.summary import Group
from autoseg.segmentation.provenance import Provenance

_REFERENCES = {
    "iso": "ISO 13322-1, Particle size analysis: Image analysis methods. Part 1: Static image analysis methods.",
    "iso_9276": "ISO 9276-2, Representation of results of particle size analysis. Part 2: Calculation of average "
    "particle sizes/diameters and moments from particle size distributions.",
    "miles": "R. E. Miles, On the elimination of edge effects in planar sampling, in: E. F. Harding, D. G. Kendall "
    "(eds.), Stochastic Geometry, Wiley, London 1974, 228-247.",
    "efron": "B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7 (1979) 1-26.",
    "davison": "A. C. Davison, D. V. Hinkley, Bootstrap Methods and their Application, Cambridge University Press, "
    "Cambridge 1997.",
    "masuda": "H. Masuda, K. Iinoya, Theoretical study of the scatter of experimental data due to particle-size "
    "distribution, Journal of Chemical Engineering of Japan 4 (1971) 60-66.",
}
_INSIDE = "was weighted by the inverse of its probability of lying wholly within it (Miles and Lantuéjoul)"
_UNCORRECTED = "large particles are cut more often, which was not corrected for"


def describe_method(
    groups: Sequence[Group], options: SizeOptions, seed: int, provenance: Provenance, keep: Sequence[str] = ()
) -> str:
    """The paragraph; empty where no image was analysed. `keep` are the conditions that particles had to meet."""
    if not groups:
        return ""
    found = sum(image.particles + image.left_out for group in groups for image in group.images)
    sentences = [_material(groups, found, measured=bool(provenance.labels)), *describe_prediction(provenance, found)]
    sentences += [*_implausible(groups), *_conditions(groups, keep)]
    if any(image.particles for group in groups for image in group.images):
        sentences += _selection(groups, options)
    if any(group.statistics.count > 1 for group in groups):
        sentences += _intervals(groups, options, seed)
    for group in groups:
        sentences += _results(group, options, several=len(groups) > 1)
    return " ".join(sentences)


def references(options: SizeOptions, several_images: bool = False) -> list[str]:
    """What to cite: the program, and the sources of the methods that were used."""
    program = f"autoseg, version {autoseg.__version__} (computer program)."
    wanted = ["iso", "iso_9276", *(["miles"] if options.edge == "weight" else []), "efron"]
    wanted += [*(["davison"] if several_images else []), "masuda"]
    return [program, *(_REFERENCES[name] for name in wanted)]


def _material(groups: Sequence[Group], found: int, measured: bool) -> str:
    """How many images and particles there are, and whether autoseg found these or only measured them."""
    done = f"{'was' if found == 1 else 'were'} {'measured' if measured else 'found'}"
    images = [image for group in groups for image in group.images]
    return f"{material_in_words(images)}, {count(found, 'particle')} {done} with autoseg {autoseg.__version__}."


def material_in_words(images: Sequence[ImageRecord]) -> str:
    """How a sentence about these images begins: how many there are, and what is known of them."""
    fields = sorted({(image.columns, image.rows) for image in images})
    known = sorted({image.pixel_size for image in images if image.pixel_size is not None})
    unknown = sum(image.pixel_size is None for image in images)
    details = [f"{fields[0][0]} x {fields[0][1]} pixels" if len(fields) == 1 else "of different sizes"]
    if known:
        smallest = f"{known[0]:.4g} to " if len(known) > 1 else ""
        details.append(f"{smallest}{known[-1]:.4g} nm per pixel")
    if unknown:
        details.append("pixel size unknown" + (f" for {unknown}" if known else ""))
    return f"In {count(len(images), 'micrograph')} ({', '.join(details)})"


def _implausible(groups: Sequence[Group]) -> Iterator[str]:
    """Nothing where all was plausible."""
    doubted = [image.implausible for group in groups for image in group.images if image.shows_nothing]
    if doubted:
        regions = count(sum(doubted), "region")
        yield f"In {count(len(doubted), 'micrograph')} nothing plausible was found ({regions} left out)."


def _conditions(groups: Sequence[Group], keep: Sequence[str]) -> Iterator[str]:
    """Nothing where there are no conditions."""
    if keep:
        left_out = sum(image.left_out for group in groups for image in group.images)
        yield f"Only particles with {' and '.join(keep)} were kept; {left_out} were left out."


def _selection(groups: Sequence[Group], options: SizeOptions) -> Iterator[str]:
    yield _edge(sum(image.at_edge for group in groups for image in group.images), options)
    if options.max_occlusion is not None:
        covered = sum(group.statistics.left_out_occluded for group in groups)
        yield f"Particles with an occlusion above {options.max_occlusion:g} were left out ({covered})."
    yield f"The size of a particle is its {size_name(groups[0].statistics)}."


def _edge(at_edge: int, options: SizeOptions) -> str:
    """What became of the particles at the edge."""
    place = "touched the edge of the field of view"
    if not at_edge:
        return f"No particle {place}" + (f"; each {_INSIDE}." if options.edge == "weight" else ".")
    subject = f"The one particle that {place} was" if at_edge == 1 else f"The {at_edge} particles that {place} were"
    fate = {
        "weight": f"left out; each of the others {_INSIDE}",
        "exclude": f"left out; {_UNCORRECTED}",
        "keep": "counted with the part that is visible",
    }
    return f"{subject} {fate[options.edge]}."


def _intervals(groups: Sequence[Group], options: SizeOptions, seed: int) -> Iterator[str]:
    several = {group.statistics.images > 1 for group in groups if group.statistics.count > 1}
    where = ", where there are several," if len(several) > 1 else ""
    drawn = f"the images{where} and, within each image drawn, of its particles" if True in several else "the particles"
    yield (
        "Percentiles are given by number (q0) and by volume (q3, with volumes proportional to the cube of the size; "
        f"ISO 9276-2), with {100 * options.confidence:g} % bootstrap intervals (percentile method, {options.resamples} "
        f"resamples of {drawn}; seed {seed})."
    )


def _results(group: Group, options: SizeOptions, several: bool) -> Iterator[str]:
    found, unit = group.statistics, group.unit
    place = f" in the images with sizes in {unit}" if several else ""
    if found.number is None or found.volume is None:
        return
    median, by_volume = found.number.d50, found.volume.d50
    yield (
        f"The median size{place} is {number(median.value)} {unit}{between(median.low, median.high)} by number and "
        f"{number(by_volume.value)} {unit}{between(by_volume.low, by_volume.high)} by volume "
        f"(N = {found.count})."
    )
    if found.log_normal is not None:
        yield (
            "The log-normal distribution fitted by maximum likelihood has a median of "
            f"{number(found.log_normal.median)} {unit} and a geometric standard deviation of "
            f"{found.log_normal.geometric_standard_deviation:.3f} "
            f"(Kolmogorov-Smirnov distance {found.log_normal.distance:.3f})."
        )


def between(low: float | None, high: float | None) -> str:
    """The ends of an interval in brackets, to follow a value; nothing where there is none."""
    return "" if low is None or high is None else f" ({number(low)} to {number(high)})"


def number(value: float | None) -> str:
    """Four significant digits, without a power of ten up to a thousand million; a dash for what is not known.

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
