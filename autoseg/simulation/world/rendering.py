"""Whole pictures: particles on a ground, through a microscope, overprinted, and published."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from autoseg.images.geometry import draw_spread
from autoseg.images.polarity import Polarity
from autoseg.simulation.recording import add_noise, add_scan_lines, add_trails, draw_low, jitter_lines
from autoseg.simulation.world.distractors import draw_overprint
from autoseg.simulation.world.figures import publish
from autoseg.simulation.world.grounds import draw_ground
from autoseg.simulation.world.options import AppearanceOptions, WorldOptions
from autoseg.simulation.world.population import draw_population, without_particles
from autoseg.simulation.world.scanning import show_surface
from autoseg.simulation.world.scene import lay_down, visible
from autoseg.simulation.world.transmission import show_transmission


@dataclass(frozen=True, eq=False)
class WorldPicture:
    """A picture, and which particle is seen where."""

    image: np.ndarray = field(repr=False)
    "float32 (height, width) in 0..1."
    labels: np.ndarray = field(repr=False)
    "int32 (height, width): 0 is ground and print, 1 to n are the particles, upper ones last."
    polarity: Polarity
    "Whether the particles are brighter or darker than the ground."

    @property
    def mask(self) -> np.ndarray:
        """bool (height, width): particles, without two pixels of a lower one where a higher one begins."""
        labels = self.labels.astype(np.float32)
        return (labels > 0) & (cv2.dilate(labels, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))) == labels)


def render_world(options: WorldOptions, rng: np.random.Generator) -> WorldPicture:
    """A picture of particles of any kind.

    >>> picture = render_world(WorldOptions(size=(64, 96)), np.random.default_rng(0))
    >>> picture.image.shape, picture.labels.shape
    ((64, 96), (64, 96))
    """
    appearance, size = options.appearance, options.size
    empty = rng.random() < options.empty
    population = without_particles(size, rng) if empty else draw_population(size, options.population, rng)
    transmission = rng.random() < appearance.transmission
    dark = transmission != (rng.random() < appearance.inverted)
    ground = draw_ground(size, population.diameter, transmission, options.ground, rng)
    spread = draw_low(rng, appearance.spread)
    factors = draw_spread(rng, spread, len(population.bodies) + 1).astype(np.float32)
    scene = lay_down(population, size, factors[1:], transmission, rng)
    if transmission:
        image = show_transmission(scene, ground, population.diameter, dark, appearance, rng)
    else:
        image = show_surface(scene, ground, population.diameter, factors, dark, appearance, rng)
    image = _recorded(image, scene.labels > 0, population.diameter, transmission, appearance, rng)
    overprint = draw_overprint(size, options.distractors, float(image.mean()), rng)
    image = publish(overprint.printed_on(image), options.figure, rng)
    labels = np.where(overprint.hidden, 0, scene.labels)
    polarity = Polarity.DARK if dark else Polarity.BRIGHT
    return WorldPicture(image, visible(labels, options.population.smallest), polarity)


def _recorded(
    image: np.ndarray,
    cover: np.ndarray,
    diameter: float,
    transmission: bool,
    options: AppearanceOptions,
    rng: np.random.Generator,
) -> np.ndarray:
    """The picture as focus, detector and the operator's contrast leave it."""
    low, high = np.log(options.blur)
    blur = min(
        float(np.exp(low + (high - low) * rng.random() ** 3)), max(options.blur_share * diameter, options.blur[0])
    )
    image = cv2.GaussianBlur(image, (0, 0), max(blur, 0.2), borderType=cv2.BORDER_REFLECT)
    if not transmission:
        image = add_trails(image, draw_low(rng, options.charging), rng.uniform(10, 60))
        image = jitter_lines(image, draw_low(rng, options.vibration), rng)
        image = add_scan_lines(image, draw_low(rng, options.scan_lines), rng)
    image = _stretched(image, options, rng)
    share = rng.random()
    noise = draw_low(rng, options.noise) * (0.2 + 0.8 * rng.random())
    noise = min(noise, options.buried * min(0.2 + diameter / 50, 1) * _contrast(image, cover))
    return add_noise(image, share * noise, (1 - share) * noise, draw_low(rng, options.grain), rng).clip(0, 1)


def _contrast(image: np.ndarray, cover: np.ndarray) -> float:
    """By how much the mean of what is covered by particles differs from that of the ground; 1 if there is only one."""
    if not cover.any() or cover.all():
        return 1.0
    return abs(float(image[cover].mean()) - float(image[~cover].mean()))


def _stretched(image: np.ndarray, options: AppearanceOptions, rng: np.random.Generator) -> np.ndarray:
    """Grey values from flat to saturated."""
    kind = rng.random()
    if kind < options.saturated:
        low, high = np.quantile(image, [0.02 * rng.random() ** 2, 1 - 0.02 * rng.random() ** 2])
        return (image - low) / max(float(high - low), 0.3)
    if kind < options.saturated + options.flat:
        span = rng.uniform(0.35, 0.8)
        return image * span + rng.uniform(0, 1 - span)
    return image
