"""What a reader must know before trusting the results of a batch, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from autoseg.errors import enumerate_briefly
from autoseg.measurement.image_result import SMALL, ImageResult
from autoseg.measurement.intake import ImageRecord, image_names
from autoseg.measurement.method import count
from autoseg.measurement.summary import Group

_MANY = 0.2
"Share of the particles above which something is worth a warning."
_LARGEST_SHARE, _TIMES_MEAN = 0.05, 20
"One particle has too much of the volume if it has more than this share, and this many times the average."


def find_caveats(
    groups: Sequence[Group], images: Sequence[ImageResult], failed: int, keep: Sequence[str] = ()
) -> tuple[str, ...]:
    """All warnings of a batch: what failed or is empty, unknown pixel sizes, too few, cut and too small particles.

    `keep` are the conditions that particles had to meet.
    """
    warnings = about_failures(images, failed)
    if not images:
        return tuple(warnings)
    warnings += [*_about_plausibility(images), *_about_conditions(images, keep), *_about_images(images)]
    for group in groups:
        place = f"Sizes in {group.unit}: " if len(groups) > 1 else ""
        warnings += [place + warning for warning in (*_about_particles(group), *group.statistics.warnings)]
    return tuple(warnings)


def about_failures(images: Sequence[ImageRecord], failed: int) -> list[str]:
    """That there is no result, or that some of the files are missing in it."""
    sentence = f"{count(failed, 'file')} could not be analysed"
    if not images:
        return [f"There is no result: {sentence}." if failed else "There is no result: no image was given."]
    return [f"{sentence}; the results are those of the other images."] if failed else []


def _about_plausibility(images: Sequence[ImageResult]) -> list[str]:
    """Nothing was dropped in silence: what there was, and how to see it."""
    doubted = [image for image in images if image.shows_nothing]
    if not doubted:
        return []
    regions = count(sum(image.implausible for image in doubted), "region")
    return [
        f"Nothing plausible was found in {count(len(doubted), 'image')}: {names_of(doubted, images)}. The network "
        f"predicted {regions} there, which {'was' if regions == '1 region' else 'were'} not taken for particles: the "
        "notes on images in the report say why. To see what was predicted all the same, segment with --plausibility 0 "
        "--minimum-score 0."
    ]


def _about_conditions(images: Sequence[ImageResult], keep: Sequence[str]) -> list[str]:
    left_out = sum(image.left_out for image in images)
    if not left_out:
        return []
    found = left_out + sum(image.particles for image in images)
    emptied = [image for image in images if image.left_out and not image.particles]
    sentence = (
        f"{' and '.join(keep)} left out {left_out} of {count(found, 'particle')}: all results are about the others."
    )
    return [sentence, *([f"No particle is left in {names_of(emptied, images)}."] if emptied else [])]


def _about_images(images: Sequence[ImageResult]) -> list[str]:
    empty = [image for image in images if not image.particles + image.left_out + image.implausible]
    warnings = about_pixel_sizes(images, "particles")
    if empty:
        warnings.append(f"No particle was found in {count(len(empty), 'image')}: {names_of(empty, images)}.")
    return warnings


def about_pixel_sizes(images: Sequence[ImageRecord], things: str) -> list[str]:
    """That some are not known, or that they differ."""
    unknown = [image for image in images if image.pixel_size is None]
    known = {image.pixel_size for image in images if image.pixel_size is not None}
    warnings = []
    if unknown:
        sentence = (
            "The pixel size is unknown" if len(unknown) == len(images) else "The pixel size of some images is unknown"
        )
        warnings.append(
            f"{sentence}: {names_of(unknown, images)}. Their sizes are in pixels"
            + (", and kept apart from those in nm." if known else ".")
            + (
                " Together they are meaningful only if all were taken at the same magnification."
                if len(unknown) > 1
                else ""
            )
        )
    if len(known) > 1:
        warnings.append(
            f"The pixel sizes differ, from {min(known):.4g} to {max(known):.4g} nm: the smallest {things} that can be "
            "found differ, too."
        )
    return warnings


def _about_particles(group: Group) -> list[str]:
    particles = sum(image.particles for image in group.images)
    at_edge = sum(image.at_edge for image in group.images)
    small = sum(image.small for image in group.images)
    warnings = []
    if particles and at_edge > _MANY * particles:
        warnings.append(
            f"{at_edge} of {particles} particles touch the edge of the field of view: it is small for such "
            "particles, and images at a lower magnification would give better statistics."
        )
    if particles and small > _MANY * particles:
        warnings.append(
            f"{small} of {particles} particles are smaller than {SMALL} pixels: their sizes are uncertain, and "
            "their shapes even more so."
        )
    return warnings + _about_the_largest(group)


def _about_the_largest(group: Group) -> list[str]:
    largest = group.largest
    if largest is None or largest.share <= max(_LARGEST_SHARE, _TIMES_MEAN / group.statistics.count):
        return []
    return [
        f"A single particle of {largest.size:.4g} {group.unit} makes up {100 * largest.share:.0f} % of the volume and "
        "dominates all volume-weighted results: check in the overlay that it is a single particle."
    ]


def names_of(chosen: Sequence[ImageRecord], images: Sequence[ImageRecord]) -> str:
    """Names of some of the images, for a sentence."""
    if len(chosen) == len(images) > 1:
        return "all images"
    places = {id(image) for image in chosen}
    return enumerate_briefly(
        name for name, image in zip(image_names(images), images, strict=True) if id(image) in places
    )
