"""Micrographs of simulated masks, rendered without any network: particles as electrons show them."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field

from autoseg.errors import ImageError
from autoseg.images.geometry import draw_spread
from autoseg.images.intensity import Amounts, IntensityOptions, draw_intensity
from autoseg.images.polarity import Polarity
from autoseg.options import Options
from autoseg.simulation.particles.masks import SimulatedMask
from autoseg.simulation.particles.relief import Relief, build_relief
from autoseg.simulation.particles.surfaces import (
    draw_creases,
    draw_facets,
    draw_texture,
    measure_facing,
    measure_occlusion,
)
from autoseg.simulation.recording import (
    add_noise,
    add_noise_of,
    add_scan_lines,
    add_trails,
    blur_by_drift,
    draw_low,
    jitter_lines,
)
from autoseg.simulation.substrates import draw_substrate

FAINTEST = 0.06
"Particles differ from the ground by at least so much of the grey values' range, else there is nothing to learn."
DIMMEST = 0.1
"The darkest places of particles, in the deepest gaps, keep this share of the contrast."
LEVEL = 0.75
"Brightness of level surface, relative to the contrast: rims and slopes that face the detector go beyond it."
THINNEST = 0.3
"The thinnest places of particles, relative to a typical one: real rims are steep, and thickness 0 would be invisible."
DRIFTING = 0.2
"Share of the images that drift blurs."


class RenderingOptions(Options):
    """How micrographs look. From each range a value is drawn for each image; for disturbances, often a low one."""

    polarity: Polarity = Polarity.BRIGHT
    "Whether particles are brighter than what they lie on, as in SEM, darker, as in TEM, or either."
    thickness_contrast: float = Field(0.15, ge=0, le=1)
    "Share of the images of bright particles in which thick ones are brightest, as in dark-field STEM."
    ground: Amounts = (0.04, 0.4)
    "Grey value of the ground, counted from black for bright particles, and from white for dark ones."
    contrast: Amounts = (0.2, 0.9)
    "How much of the range of grey values between the ground and white, or black, particles use."
    spread: Amounts = (0.05, 0.3)
    "Standard deviation of the brightness of particles, relative to their contrast."
    height_brightness: Amounts = (0.0, 0.6)
    "By how much brighter a particle is than those it lies on, relative to its contrast."
    rim: Amounts = (0.0, 1.2)
    "How much brighter the rim of a particle is than its middle, relative to its contrast."
    rim_width: Amounts = (0.04, 0.3)
    "Width of this rim, relative to a particle's radius."
    shading: Amounts = (0.0, 0.5)
    "How much darker a slope is than level surface, relative to the contrast."
    lighting: Amounts = (0.0, 0.3)
    "How much brighter slopes are that face the detector, and darker those that do not, relative to the contrast."
    facets: Amounts = (0.0, 0.12)
    "How much the facets of a particle differ, relative to the contrast."
    texture: Amounts = (0.0, 0.12)
    "Standard deviation of the texture of surfaces, relative to the contrast."
    shadow: Amounts = (0.0, 0.9)
    "How dark gaps and contacts between particles are, and the ground next to them: 1 is black."
    crease: Amounts = (0.0, 0.6)
    "How dark the thin lines are along which particles touch; for each particle a random share of it: 1 is black."
    opacity: Amounts = (0.5, 5.0)
    "Thickness of a typical particle, relative to the path after which 37 % of the electrons are left."
    fringe: Amounts = (0.0, 0.8)
    "Strength of the bright fringe that underfocus draws around particles in transmission."
    substrate: Amounts = (0.0, 0.1)
    "Strength of the texture of the ground, in grey values from 0 to 1."
    blur: Amounts = (0.4, 1.5)
    "Standard deviation in pixels of the blur that focus and beam leave."
    drift: Amounts = (0.0, 2.0)
    "Length in pixels of the blur by drift, in a random direction, in a fifth of the images."
    vibration: Amounts = (0.0, 0.2)
    "Standard deviation in pixels by which scan lines are shifted."
    gradient: float = Field(0.15, ge=0, lt=1)
    "Uneven brightness by charging or a tilted detector, at most by this factor up and down."
    charging: Amounts = (0.0, 0.15)
    "Strength of the dark trails behind bright particles along scan lines."
    scan_lines: Amounts = (0.0, 0.012)
    "Standard deviation of the brightness of scan lines."
    noise: Amounts = (0.0, 0.03)
    "Standard deviation of noise that is alike in dark and bright pixels."
    shot_noise: Amounts = (0.01, 0.1)
    "Standard deviation at grey value 1 of noise that grows with the square root of the signal."
    grain: Amounts = (0.0, 0.8)
    "Standard deviation in pixels of the blur of the noise, as averaging and compression leave it."


def render(
    simulated: SimulatedMask,
    options: RenderingOptions,
    rng: np.random.Generator,
    background: np.ndarray | None = None,
) -> np.ndarray:
    """A micrograph of a simulated mask: float32 (height, width) in 0..1, whose particles lie where its labels are.

    `background` is a micrograph of the same size without particles, in 0..1: the particles are put into it, with its
    noise, and away from them it stays as it is. Without it, substrate and noise are made up.

    >>> from autoseg.simulation.particles.masks import MaskOptions, simulate_mask
    >>> from autoseg.simulation.particles.outlines import from_examples
    >>> rng, outlines = np.random.default_rng(0), from_examples([np.ones((20, 30), bool)])
    >>> simulated = simulate_mask(outlines, MaskOptions(size=(96, 128), particles=(20, 30)), rng)
    >>> image = render(simulated, RenderingOptions(), rng)
    >>> image.shape, bool(image[simulated.labels > 0].mean() > image[simulated.labels == 0].mean())
    ((96, 128), True)
    """
    _refuse_background(background, simulated.labels.shape)
    relief = build_relief(simulated)
    ground: np.ndarray
    dark = _draw_polarity(background, options, rng)
    if background is None:
        ground = _draw_ground(simulated.labels.shape, relief, dark, options, rng)
        level = np.full_like(ground, ground.mean())
    else:
        ground = background.astype(np.float32, copy=False)
        level = cv2.blur(ground, (31, 31), borderType=cv2.BORDER_REFLECT)
    if dark or rng.random() < options.thickness_contrast:
        layers = _thickness_contrast(simulated.labels, relief, level, dark, options, rng)
    else:
        layers = _surface_contrast(simulated.labels, relief, level, options, rng)
    layers = _optics(layers, options, rng)
    light, cover, shade = np.moveaxis(layers, -1, 0)
    image = ground * (1 - shade) * (1 - cover) + light
    image = _recorded(image, options, rng) if background is None else add_noise_of(ground, image, cover, rng)
    return image.clip(0, 1)


def _refuse_background(background: np.ndarray | None, shape: tuple[int, ...]) -> None:
    if background is None:
        return
    if background.shape != shape:
        raise ImageError(f"the background has {background.shape} pixels, but the mask {shape}")
    if background.dtype.kind != "f" or not 0 <= background.min() <= background.max() <= 1:
        raise ImageError("the grey values of a background are floating-point numbers from 0 to 1")


def _draw_polarity(background: np.ndarray | None, options: RenderingOptions, rng: np.random.Generator) -> bool:
    """Whether particles are dark; where both may be, the brighter a background, the more probably."""
    if options.polarity != Polarity.EITHER:
        return options.polarity == Polarity.DARK
    return rng.random() < (0.5 if background is None else float(background.mean()))


def _draw_ground(
    shape: tuple[int, int], relief: Relief, dark: bool, options: RenderingOptions, rng: np.random.Generator
) -> np.ndarray:
    """A made-up substrate, as sharp as the particles will be only by chance: films and filters lie deeper."""
    grey = rng.uniform(*options.ground)
    texture = draw_substrate(shape, max(2 * relief.typical_radius, 8), rng)
    texture *= min(rng.uniform(*options.substrate), 0.6 * grey)
    ground: np.ndarray = np.clip(grey + texture, 0, 1)
    if rng.random() < 0.5:
        ground = cv2.GaussianBlur(ground, (0, 0), rng.uniform(0.5, 2.5))
    return 1 - ground if dark else ground


def _surface_contrast(
    labels: np.ndarray, relief: Relief, level: np.ndarray, options: RenderingOptions, rng: np.random.Generator
) -> np.ndarray:
    """Light, cover and shade (height, width, 3), as a detector of secondary electrons sees surfaces."""
    elevation, radius = relief.elevation(labels), relief.typical_radius
    rim_width = np.maximum(rng.uniform(*options.rim_width) * relief.radii, 0.7)
    emission = LEVEL + rng.uniform(*options.rim) * np.exp(-relief.depth / np.take(rim_width, labels))
    emission -= rng.uniform(*options.shading) * (1 - relief.dome)
    emission += rng.uniform(*options.lighting) * measure_facing(elevation, radius, rng.uniform(0, 2 * np.pi))
    emission += _draw_details(labels, relief, options, rng)
    # What lies on others is nearer to the detector, and charges.
    raised = 1 + rng.uniform(*options.height_brightness) * (relief.levels - 0.5)
    emission *= np.take(_draw_brightness(relief, options, rng) * raised, labels)

    occlusion, shadow = measure_occlusion(elevation, radius), rng.uniform(*options.shadow)
    emission *= (1 - shadow * occlusion) * (1 - rng.uniform(*options.crease) * draw_creases(labels, rng))
    cover = (labels > 0).astype(np.float32)
    light = level + _contrast(1 - level, options, rng) * np.maximum(emission, DIMMEST)
    shade = rng.uniform(0.2, 0.8) * shadow * occlusion * (1 - cover)
    return np.dstack([light * cover, cover, shade])


def _thickness_contrast(
    labels: np.ndarray,
    relief: Relief,
    level: np.ndarray,
    dark: bool,
    options: RenderingOptions,
    rng: np.random.Generator,
) -> np.ndarray:
    """Light, cover and shade (height, width, 3) of electrons that pass through: thick particles scatter most."""
    density = np.take(_draw_brightness(relief, options, rng), labels)  # differs with composition and orientation
    path = relief.thickness / (2 * relief.typical_radius) * density * (1 + _draw_details(labels, relief, options, rng))
    path = np.where(labels > 0, np.maximum(path, THINNEST), 0)
    scattered = 1 - np.exp(-rng.uniform(*options.opacity) * path)
    scattered /= max(float(np.quantile(scattered, 0.99)), 1e-6)
    change = _contrast(level if dark else 1 - level, options, rng) * scattered
    light = level - change if dark else level + change
    fringe = rng.uniform(*options.fringe) if dark else 0.0
    halo = fringe * (light - cv2.GaussianBlur(light, (0, 0), rng.uniform(1, 2), borderType=cv2.BORDER_REFLECT))
    cover = (labels > 0).astype(np.float32)
    return np.dstack([np.maximum(light + halo, 0) * cover, cover, (1 - cover) * -halo / np.maximum(level, 0.01)])


def _contrast(room: np.ndarray, options: RenderingOptions, rng: np.random.Generator) -> np.ndarray:
    """The grey values (height, width) by which particles differ, in the room that the ground leaves."""
    return np.maximum(rng.uniform(*options.contrast) * room, FAINTEST)


def _draw_brightness(relief: Relief, options: RenderingOptions, rng: np.random.Generator) -> np.ndarray:
    """A factor around 1 for each particle (n + 1,)."""
    deviation = rng.uniform(*options.spread)
    return draw_spread(rng, deviation, len(relief.radii)).astype(np.float32)


def _draw_details(
    labels: np.ndarray, relief: Relief, options: RenderingOptions, rng: np.random.Generator
) -> np.ndarray:
    """Facets and texture (height, width), to be added to a surface's brightness of 1."""
    facets = rng.uniform(*options.facets) * draw_facets(labels, relief, rng)
    return facets + rng.uniform(*options.texture) * draw_texture(labels.shape, relief.typical_radius, rng)


def _optics(layers: np.ndarray, options: RenderingOptions, rng: np.random.Generator) -> np.ndarray:
    """Layers (height, width, channels), as sharp as focus, drift and vibrations leave them."""
    layers = cv2.GaussianBlur(layers, (0, 0), max(rng.uniform(*options.blur), 0.2), borderType=cv2.BORDER_REFLECT)
    drift, direction = rng.uniform(*options.drift), rng.uniform(0, np.pi)
    if rng.random() < DRIFTING:
        layers = blur_by_drift(layers, drift, direction)
    return jitter_lines(layers, draw_low(rng, options.vibration), rng)


def _recorded(image: np.ndarray, options: RenderingOptions, rng: np.random.Generator) -> np.ndarray:
    """The image as a detector reads it, line by line."""
    if options.gradient:
        uneven = draw_intensity(rng, IntensityOptions(shading=options.gradient))
        image = image * (2 * uneven.apply(np.full_like(image, 0.5)))
    image = add_trails(image, draw_low(rng, options.charging), rng.uniform(10, 40))
    noise, shot_noise = draw_low(rng, options.noise), draw_low(rng, options.shot_noise)
    image = add_noise(image, noise, shot_noise, rng.uniform(*options.grain), rng)
    return add_scan_lines(image, draw_low(rng, options.scan_lines), rng)
