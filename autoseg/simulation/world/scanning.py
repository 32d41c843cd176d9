"""Pictures of surfaces, as a scanning electron microscope makes them."""

from __future__ import annotations

import cv2
import numpy as np

from autoseg.simulation.world.options import AppearanceOptions
from autoseg.simulation.world.scene import Scene

DULL = 0.25
"Share of the pictures in which slopes are darker than level surface."
STEEPEST = 3.0
"Slopes count up to this, as electrons leave a rim from some depth."


def show_surface(
    scene: Scene,
    ground: np.ndarray,
    diameter: float,
    brightness: np.ndarray,
    dark: bool,
    options: AppearanceOptions,
    rng: np.random.Generator,
) -> np.ndarray:
    """Grey values, float32 (height, width), of a scene on such a ground, with a brightness around 1 for each label.

    Particles are brighter than the ground, or `dark`.
    """
    grey = rng.uniform(*options.ground) * rng.uniform(0.7, 1)
    grey = 1 - grey if dark else grey  # there is to be room for what is darker
    below = np.clip(grey * (1 + 2 * ground), 0, 1)
    if not scene.count:
        return below.astype(np.float32)
    cover = scene.labels > 0
    emission = _emission(scene, diameter, options, rng)
    emission *= np.take(brightness, scene.labels)
    occlusion, shadow = _occlusion(scene.height, diameter), rng.uniform(*options.shadow)
    emission *= 1 - shadow * occlusion
    emission /= max(float(np.quantile(emission[cover], 0.9)), 0.05)
    below = below * (1 - rng.uniform(0.2, 1) * shadow * occlusion)
    room = grey if dark else 1 - grey
    change = max(rng.uniform(*options.contrast) * room, options.least)
    start = grey * (1.0 if dark else rng.uniform(0.1, 1))  # shaded sides may be darker than the ground
    lit = start - change * (1.3 - 0.8 * emission) if dark else start + (grey + change - start) * emission
    lit = _distinct(lit, cover, below, options.least, dark)
    return np.where(cover, lit, below).astype(np.float32)


def _emission(scene: Scene, diameter: float, options: AppearanceOptions, rng: np.random.Generator) -> np.ndarray:
    """How bright each place of the surfaces is, about 1 where they are level."""
    height = cv2.GaussianBlur(scene.height, (0, 0), float(np.clip(0.015 * diameter, 0.4, 1.5)))
    across, down = cv2.Sobel(height, -1, 1, 0, scale=1 / 8), cv2.Sobel(height, -1, 0, 1, scale=1 / 8)
    steepness = across**2 + down**2  # not by OpenCV, whose last digits depend on where in memory arrays lie
    level = 1 / np.sqrt(1 + np.minimum(steepness, STEEPEST**2))
    if rng.random() < DULL:
        emission = 1 - rng.uniform(*options.shading) * (1 - level)
    else:
        emission = 0.8 + rng.uniform(*options.edge) * (1 - level) ** rng.uniform(0.8, 2.5)
    angle, light = rng.uniform(0, 2 * np.pi), rng.uniform(*options.light) * rng.uniform(0.2, 1)
    facing = (np.cos(angle) * across + np.sin(angle) * down) / np.sqrt(1 + steepness)
    emission += light * facing
    edges = cv2.dilate(scene.labels.astype(np.float32), np.ones((3, 3), np.uint8)) != scene.labels
    depth = cv2.distanceTransform(((scene.labels > 0) & ~edges).astype(np.uint8), cv2.DIST_L2, 3)
    width = max(rng.uniform(0.02, 0.2) * diameter, 0.7)
    emission += rng.uniform(*options.rim) * rng.random() * np.exp(-depth / width)
    emission += scene.tint
    if rng.random() < 0.4:  # deeper ones are darker
        emission *= 0.5 + 0.5 * scene.height / max(float(scene.height.max()), 1e-6)
    if rng.random() < 0.2:  # cores shine through
        emission += rng.uniform(0, 0.6) * (scene.path / max(float(scene.path.max()), 1e-6) - 0.5)
    return np.maximum(emission, 0.08)


def _occlusion(height: np.ndarray, diameter: float) -> np.ndarray:
    """How much of what leaves a place is caught by what rises around it: 0..1."""
    result = np.zeros_like(height)
    for reach in (0.07, 0.35):
        sigma = float(np.clip(reach * diameter, 0.8, 40))
        shrink = max(int(sigma / 3), 1)
        small = cv2.resize(height, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        around = cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_REFLECT)
        around = cv2.resize(around, height.shape[::-1], interpolation=cv2.INTER_LINEAR)
        result += np.maximum(around - height, 0) / (sigma + 0.1 * diameter)
    return 1 - np.exp(-1.2 * result)


def _distinct(lit: np.ndarray, cover: np.ndarray, below: np.ndarray, least: float, dark: bool) -> np.ndarray:
    """Particles that differ from the ground by at least `least`: else nothing is to be learned from them."""
    if cover.all():
        return lit
    ground, least = float(below[~cover].mean()), max(least, float(below[~cover].std()))
    difference = float(lit[cover].mean()) - ground
    missing = least - (-difference if dark else difference)
    return lit + (-missing if dark else missing) if missing > 0 else lit
