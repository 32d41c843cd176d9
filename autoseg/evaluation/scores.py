"""All scores of one image, and of several together.

>>> truth = np.zeros((20, 40), np.uint8)
>>> truth[5:15, 5:15], truth[5:15, 20:30] = 1, 2
>>> predicted = np.roll(np.where(truth == 1, truth, 0), 1, axis=1)  # one particle a pixel beside, the other one missed
>>> scores = evaluate(predicted, truth)
>>> round(scores.published.image_iou, 3), scores.particles.recall, round(scores.particles.mean_best_iou, 3)
(0.429, 0.5, 0.409)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoseg.errors import OptionsError
from autoseg.evaluation.labels import check_shapes, label, to_labels
from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.particles import ParticleScores, pool_particles, score_particles
from autoseg.evaluation.published import PublishedScores, average_published, count_pixels, score_instances
from autoseg.evaluation.sizes import Sizes, find_sizes, pool_sizes


@dataclass(frozen=True)
class Scores:
    """How good the segmentation of one image is, or of several."""

    images: int
    published: PublishedScores
    "Averages over the images."
    particles: ParticleScores
    "Over all particles of all images: an image with more particles weighs more."
    sizes_px: Sizes
    sizes_nm: Sizes | None
    "None if the pixel size of an image is unknown."

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {
            "images": self.images,
            "published": self.published.to_dict(),
            "particles": self.particles.to_dict(),
            "sizes_px": self.sizes_px.to_dict(),
            "sizes_nm": self.sizes_nm and self.sizes_nm.to_dict(),
        }


def evaluate(
    predicted: np.ndarray,
    truth: np.ndarray,
    *,
    pixel_size: float | None = None,
    minimum_size: int = 1,
    exclude_edge: bool = False,
) -> Scores:
    """Score a segmentation against the truth, both integer labels (height, width) or boolean masks.

    Masks are labelled first: pixels that share only a corner belong to different particles. `pixel_size` is in
    nanometres. Scores of particles leave out those of fewer than `minimum_size` pixels and, if `exclude_edge`, those at
    the edge of the image; where the two sides disagree on that, the truth decides. Scores of pixels take all of them.

    If neither side has a particle, all scores are 1; if only one side has, all are 0, except that Youden's index is
    what the background alone gives if the truth is empty.

    >>> truth = np.array([[1, 1, 0, 2, 2, 0, 0]])
    >>> scores = evaluate(np.array([[1, 1, 0, 0, 2, 0, 3]]), truth, pixel_size=2.0)
    >>> scores.particles.precision, scores.particles.recall, scores.particles.at(0.75).recall
    (0.6666666666666666, 1.0, 0.5)
    >>> scores.to_dict()["sizes_nm"]["d50"]["true"]
    3.19...
    """
    if pixel_size is not None and not 0 < pixel_size < float("inf"):
        raise OptionsError(f"a pixel size of {pixel_size} nm is not possible")
    check_shapes(predicted, truth)
    predicted, truth = to_labels(predicted), to_labels(truth, "truth")
    overlaps = find_overlaps(predicted, truth, minimum_size=minimum_size, exclude_edge=exclude_edge)
    merged_truth = label(truth, connectivity=8)
    merged = find_overlaps(predicted, merged_truth, minimum_size=minimum_size, exclude_edge=exclude_edge)
    pixels = count_pixels(predicted > 0, truth > 0)
    sizes = find_sizes(overlaps.predicted_areas, overlaps.true_areas)
    return Scores(
        images=1,
        published=PublishedScores(
            float(pixels.image_iou), float(pixels.youden), score_instances(overlaps), score_instances(merged)
        ),
        particles=score_particles(overlaps),
        sizes_px=sizes,
        sizes_nm=None if pixel_size is None else sizes.scaled(pixel_size),
    )


def pool_scores(scores: Sequence[Scores]) -> Scores:
    """The scores of several images together; their order does not matter.

    Published scores are averaged over the images; all others are those of all particles together, as if of one large
    image. The average over images of such a score is that of `one.particles.f1 for one in scores`.

    >>> truth = np.array([[1, 1, 0, 2]])
    >>> both = pool_scores([evaluate(truth, truth), evaluate(np.zeros_like(truth), truth)])
    >>> both.images, both.published.image_iou, both.particles.recall
    (2, 0.5, 0.5)
    """
    if not scores:
        raise OptionsError("there are no scores to pool", advice="Evaluate at least one image.")
    in_nm = [one.sizes_nm for one in scores if one.sizes_nm is not None]
    return Scores(
        images=sum(one.images for one in scores),
        published=average_published([one.published for one in scores], [one.images for one in scores]),
        particles=pool_particles([one.particles for one in scores]),
        sizes_px=pool_sizes([one.sizes_px for one in scores]),
        sizes_nm=pool_sizes(in_nm) if len(in_nm) == len(scores) else None,
    )
