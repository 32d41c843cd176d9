"""Pictures of electrons that pass through, as a transmission electron microscope makes them."""

from __future__ import annotations

import cv2
import numpy as np

from autoseg.images.geometry import draw_factor
from autoseg.simulation.fields import smooth_field
from autoseg.simulation.world.options import AppearanceOptions
from autoseg.simulation.world.scene import Scene

THINNEST = 0.22
"The thinnest places of particles, relative to a typical one: real rims are steep."


def show_transmission(
    scene: Scene, ground: np.ndarray, diameter: float, dark: bool, options: AppearanceOptions, rng: np.random.Generator
) -> np.ndarray:
    """Grey values, float32 (height, width), of a scene on such a film; not `dark` is a dark field."""
    grey = 1 - rng.uniform(*options.ground)
    below = np.clip(grey + ground, 0, 1)
    if not scene.count:
        return below.astype(np.float32)
    cover = scene.labels > 0
    typical = max(float(np.median(scene.path[cover])), 1e-3)
    path = np.where(cover, np.maximum(scene.path, THINNEST * typical), 0) / typical
    mottled = smooth_field(cover.shape, draw_factor(rng, (0.8, max(0.3 * diameter, 2))), rng)
    path *= np.maximum(1 + rng.uniform(*options.mottling) * mottled, 0.2)
    if rng.random() < options.diffracting:
        path *= _diffraction(scene, diameter, rng)
    scattered = 1 - np.exp(-draw_factor(rng, options.opacity) * path)
    scattered /= max(float(np.quantile(scattered[cover], 0.95)), 1e-3)
    below, grey = (1 - below, 1 - grey) if not dark else (below, grey)
    room = 1 - grey if not dark else grey
    change = max(rng.uniform(*options.contrast) * room, 1.5 * options.least, 1.5 * float(below.std()))
    change = max(change, min(options.least / max(float(scattered[cover].mean()), 0.05), room))
    if not dark:
        image = below + change * scattered
    else:
        image = below - change * scattered * (below / max(grey, 0.05)).clip(0, 1.5)
    return (image + _fringes(scattered * change, diameter, options, rng)).astype(np.float32)


def _diffraction(scene: Scene, diameter: float, rng: np.random.Generator) -> np.ndarray:
    """Factors on the path: some crystals are much darker, and bands or patches run through some."""
    share, strength = rng.uniform(0.05, 0.4), rng.uniform(1, 4)
    count = scene.count + 1
    whole = np.where(rng.random(count) < share, 1 + strength * rng.random(count), 1).astype(np.float32)
    banded = rng.uniform(0, 1.2) * (rng.random(count) < rng.uniform(0.2, 1))
    phase = smooth_field(scene.labels.shape, max(diameter * rng.uniform(0.4, 1), 2), rng)
    phase = rng.uniform(1, 3) * phase + rng.uniform(0, 6, count)[scene.labels]
    bands = np.maximum(np.sin(phase), 0) ** rng.uniform(1, 4)
    return np.take(whole, scene.labels) * (1 + np.take(banded, scene.labels) * bands)


def _fringes(
    scattered: np.ndarray, diameter: float, options: AppearanceOptions, rng: np.random.Generator
) -> np.ndarray:
    """Bright and dark lines along edges, as defocus draws them where thickness changes."""
    strength = rng.uniform(*options.fringe) * rng.random() * rng.choice([1, 1, -0.6])
    width = float(np.clip(rng.uniform(0.6, 2) * (diameter / 30) ** 0.3, 0.6, 4))
    blurred = [cv2.GaussianBlur(scattered, (0, 0), width * factor) for factor in (0.5, 1, 2)]
    return strength * (2 * (blurred[1] - blurred[0]) - 0.7 * (blurred[2] - blurred[1]))
