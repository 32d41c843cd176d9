"""What the recording of a micrograph adds to it: noise, uneven scan lines, and trails along them."""

from __future__ import annotations

import math

import cv2
import numpy as np

from autoseg.simulation.fields import smooth_field

BANDED = 0.3
"Share of the images in which the brightness of scan lines also drifts."


def draw_low(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """A random strength of a disturbance: low ones are more frequent, as people take good images if they can.

    >>> draw_low(np.random.default_rng(0), (0.1, 0.1))
    0.1
    """
    return limits[0] + (limits[1] - limits[0]) * float(rng.random()) ** 2


def add_noise(image: np.ndarray, constant: float, shot: float, grain: float, rng: np.random.Generator) -> np.ndarray:
    """The image (height, width) in 0..1 with noise of variance constant^2 + shot^2 x signal, blurred by `grain` pixels.

    >>> grey = np.full((200, 200), 0.25, np.float32)
    >>> round(float(add_noise(grey, 0.03, 0.08, 0.0, np.random.default_rng(0)).std()), 3)
    0.05
    """
    noise: np.ndarray = rng.standard_normal(image.shape, np.float32)
    if grain > 0.3:  # below, the blur changes next to nothing
        noise = cv2.GaussianBlur(noise, (0, 0), grain, borderType=cv2.BORDER_REFLECT)
    return image + np.sqrt(constant**2 + shot**2 * np.maximum(image, 0)) * noise


def add_noise_of(background: np.ndarray, image: np.ndarray, cover: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image with noise as a real background has it, where particles `cover` it (0..1).

    Brighter pixels get more noise than the background has, darker ones less: somewhere between not at all, as
    amplifiers make it, and with the square root of the grey value, as electrons do.
    """
    deviation, grain = measure_noise(background)
    noise: np.ndarray = rng.standard_normal(image.shape, np.float32)
    if max(grain) > 0:
        noise = cv2.GaussianBlur(noise, (9, 9), max(grain[1], 0.01), sigmaY=max(grain[0], 0.01))
        noise = noise / noise.std()
    grey = max(float(background.mean()), 0.02)
    growth = (np.maximum(image, 0) / grey) ** rng.uniform(0, 0.5)
    # What shines through at a blurred rim has its own noise already; variances add up.
    return image + np.sqrt(1 - (1 - cover) ** 2) * deviation * growth * noise


def measure_noise(image: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Standard deviation of the noise of an image (height, width), and by how many pixels it is blurred, both ways.

    It is told by the differences of pixels one and two apart, most of which no structure disturbs. The blur is that of
    a Gaussian, down the columns and along the rows; one of more than a pixel counts as one.

    >>> grey = add_noise(np.full((200, 200), 0.25, np.float32), 0.05, 0, 0.6, np.random.default_rng(0))
    >>> deviation, grain = measure_noise(grey)
    >>> round(deviation / float(grey.std()), 1), [0.5 < blur < 0.7 for blur in grain]
    (1.0, [True, True])
    """
    blurs, variances = [], []
    for axis in (0, 1):
        next_to, beyond = (_variance_of_difference(image, axis, apart) for apart in (1, 2))
        # Of such noise, pixels k apart are correlated by c^(k k): (1 - c^4) / (1 - c) = 1 + c + c^2 + c^3.
        correlation = np.linspace(0, math.exp(-1 / 4), 100)
        excess = np.polyval([1, 1, 1, 1], correlation) - beyond / max(next_to, 1e-12)
        found = float(correlation[np.argmin(np.abs(excess))])
        blurs.append(math.sqrt(-1 / (4 * math.log(found))) if found else 0.0)
        variances.append(beyond / (1 - found**4))
    return math.sqrt(float(np.mean(variances))), (blurs[0], blurs[1])


def _variance_of_difference(image: np.ndarray, axis: int, apart: int) -> float:
    """Half the variance of the difference of pixels that lie so far apart, robust against outliers."""
    length = image.shape[axis]
    ahead, behind = np.take(image, range(apart, length), axis), np.take(image, range(length - apart), axis)
    return (float(np.median(np.abs(ahead - behind))) / 0.6745) ** 2 / 2


def blur_by_drift(layers: np.ndarray, length: float, direction: float) -> np.ndarray:
    """Layers (height, width, channels), blurred by `length` pixels along a direction in radians from the rows."""
    reach = int(np.ceil(length)) + 1
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along = columns * np.cos(direction) + rows * np.sin(direction)
    across = rows * np.cos(direction) - columns * np.sin(direction)
    # A line of this length has this variance; across it, so much that the kernel falls between no pixels.
    kernel = np.exp(-(along**2) / (2 * length**2 / 12 + 0.1) - across**2 / 0.1)
    return cv2.filter2D(layers, -1, (kernel / kernel.sum()).astype(np.float32), borderType=cv2.BORDER_REFLECT)


def jitter_lines(layers: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Layers (height, width, channels) whose rows are shifted by a random fraction of a pixel, as vibrations do."""
    if deviation < 0.05:
        return layers
    height, width = layers.shape[:2]
    shifts = np.clip(deviation * rng.standard_normal(height), -1.5, 1.5).astype(np.float32)
    columns = np.arange(width, dtype=np.float32) + shifts[:, None]
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    return cv2.remap(layers, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def add_scan_lines(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """The image with rows that differ in brightness, each for itself and in broad bands, where it is bright most."""
    rows = image.shape[0]
    brightness: np.ndarray = rng.standard_normal((rows, 1), np.float32)
    if rng.random() < BANDED:
        brightness = brightness + smooth_field((rows, 1), rng.uniform(10, 60), rng)
    return image + deviation * brightness * (0.3 + image)


def add_trails(image: np.ndarray, strength: float, length: float) -> np.ndarray:
    """The image, darker right of what is brighter than most, as a detector is that recovers over `length` pixels."""
    excess = np.maximum(image - np.quantile(image[::4, ::4], 0.8), 0)
    kernel = np.zeros((1, 2 * int(3 * length) + 1), np.float32)
    kernel[0, : kernel.size // 2] = np.exp(-np.arange(kernel.size // 2, 0, -1) / length)
    return image - strength * cv2.filter2D(excess, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
