"""Simulated masks of particles that lie on and beside each other, and the identity of each particle in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from pydantic import Field
from skimage.morphology import disk

from autoseg.simulation.particles.outlines import SampleOutlines, framed
from autoseg.simulation.particles.placement import Particle, PlacementOptions, draw_particles


class MaskOptions(PlacementOptions):
    """How masks are simulated: which particles lie where, and how they cover each other."""

    max_overlap: float = Field(0.5, ge=0, le=1)
    "A particle is left out if more than this share of its area were to lie on others; 0.05 suits transmission images."
    rim: int = Field(2, ge=0)
    "Width in pixels of the dark rim of a particle, where it lies on another one."


@dataclass(frozen=True, eq=False)
class SimulatedMask:
    """What a mask shows, and what is known about the particles in it."""

    mask: np.ndarray = field(repr=False)
    "uint8 (height, width): 255 where a particle is, 0 on the background and the dark rims."
    labels: np.ndarray = field(repr=False)
    "int32 (height, width): 0 is background, 1 to n the visible particles, upper ones last; there are no dark rims."
    visible: np.ndarray = field(repr=False)
    "float (n,): the share of each particle, as far as it lies in the image, that no other covers; label 1 is first."


def simulate_mask(sample: SampleOutlines, options: MaskOptions, rng: np.random.Generator) -> SimulatedMask:
    """A random mask of particles whose outlines come from `sample(count, rng)`.

    >>> from autoseg.simulation.particles.outlines import from_examples
    >>> sample = from_examples([disk(12).astype(bool), np.ones((20, 30), bool)])
    >>> simulated = simulate_mask(sample, MaskOptions(size=(96, 128), particles=(20, 30)), np.random.default_rng(0))
    >>> simulated.mask.shape, len(simulated.visible) == len(np.unique(simulated.labels)) - 1
    ((96, 128), True)
    """
    return paint(draw_particles(sample, options, rng), options)


def paint(particles: Sequence[Particle], options: MaskOptions) -> SimulatedMask:
    """The mask of particles that are laid down one after the other; one that would overlap too much is left out.

    A particle of which the mask shows nothing has no label.
    """
    canvas = _Canvas(particles, options)
    for particle in particles:
        canvas.lay(particle)
    return canvas.image()


class _Canvas:
    """The image and so much around it that all particles lie on it whole: only then is their overlap known."""

    def __init__(self, particles: Sequence[Particle], options: MaskOptions):
        self.max_overlap, rim = options.max_overlap, options.rim
        height, width = options.size
        beyond = [max(-one.top, -one.left, one.bottom - height, one.right - width) for one in particles]
        self.rim, self.margin = disk(rim, np.uint8), max([0, *beyond]) + rim
        self.inside = np.s_[self.margin : self.margin + height, self.margin : self.margin + width]
        size = height + 2 * self.margin, width + 2 * self.margin
        self.labels, self.mask = np.zeros(size, np.int32), np.zeros(size, np.uint8)
        self.in_image = np.zeros(size, bool)
        self.in_image[self.inside] = True
        self.areas = [0]

    def lay(self, particle: Particle) -> None:
        """Lay a particle on top of what is there, and cut its dark rim out of that."""
        rim = len(self.rim) // 2
        shape = framed(particle.shape, rim)
        top, left = particle.top + self.margin - rim, particle.left + self.margin - rim
        window = np.s_[top : top + shape.shape[0], left : left + shape.shape[1]]
        covered = np.count_nonzero(self.labels[window][shape])
        if covered > self.max_overlap * np.count_nonzero(shape):
            return
        self.mask[window][cv2.dilate(shape.view(np.uint8), self.rim).view(bool)] = 0
        self.mask[window][shape] = 255
        self.labels[window][shape] = len(self.areas)
        self.areas.append(int(np.count_nonzero(self.in_image[window][shape])))

    def image(self) -> SimulatedMask:
        """The part of it that the image shows."""
        labels, mask = self.labels[self.inside], self.mask[self.inside].copy()
        seen = np.unique(labels[mask > 0])
        consecutive = np.zeros(len(self.areas), np.int32)
        consecutive[seen] = np.arange(1, len(seen) + 1)
        labels = consecutive[labels]
        areas = np.bincount(labels.ravel(), minlength=len(seen) + 1)[1:]
        return SimulatedMask(mask, labels, areas / np.array(self.areas)[seen])
