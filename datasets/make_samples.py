"""Makes the sample micrographs in `samples/`: own renderings, free for any use. Run it to get the same files again."""

from pathlib import Path

import cv2
import numpy as np
import tifffile
from scipy import ndimage

SAMPLES = Path(__file__).parent / "samples"
HEIGHT, WIDTH = 480, 640


def ellipsoids(rng, count, radius, elongation):
    """Height and rim of randomly placed ellipsoids, later ones on top: two (HEIGHT, WIDTH) arrays in 0..1."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    height, rim = np.zeros((HEIGHT, WIDTH)), np.zeros((HEIGHT, WIDTH))
    for _ in range(count):
        centre_y, centre_x = rng.uniform(0, HEIGHT), rng.uniform(0, WIDTH)
        short = radius * rng.lognormal(0, 0.2)
        angle, long = rng.uniform(0, np.pi), short * rng.uniform(1, elongation)
        along = (x - centre_x) * np.cos(angle) + (y - centre_y) * np.sin(angle)
        across = (y - centre_y) * np.cos(angle) - (x - centre_x) * np.sin(angle)
        distance = np.hypot(along / long, across / short)
        inside = distance < 1
        height[inside] = np.sqrt(1 - distance[inside] ** 2) * rng.uniform(0.8, 1)
        rim[inside] = distance[inside] ** 6
    return height, rim


def texture(rng, scale):
    """A smooth random field with mean 0 and standard deviation 1."""
    field = ndimage.gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), scale, mode="wrap")
    return field / field.std()


def secondary_electrons(rng):
    """Bright particles with bright rims on a dark, slightly structured ground, 0..1."""
    height, rim = ellipsoids(rng, count=90, radius=22, elongation=1.4)
    signal = 0.18 + 0.03 * texture(rng, 6) + 0.4 * height + 0.25 * rim
    signal = ndimage.gaussian_filter(signal, 0.8)
    return np.clip(signal + 0.03 * rng.standard_normal(signal.shape) * (0.5 + signal), 0, 1)


def transmission(rng):
    """Dark rods on bright ground, 0..1."""
    height, _ = ellipsoids(rng, count=45, radius=11, elongation=4.5)
    signal = 0.75 + 0.02 * texture(rng, 15) - 0.5 * height
    signal = ndimage.gaussian_filter(signal, 1.0)
    return np.clip(signal + 0.025 * rng.standard_normal(signal.shape), 0, 1)


def with_info_bar(pixels, text):
    """The micrograph with a black bar of 40 rows and white text below it, as microscopes add it."""
    bar = np.zeros((40, pixels.shape[1]), np.uint8)
    cv2.putText(bar, text, (12, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 255, 1, cv2.LINE_AA)
    return np.vstack([pixels, bar])


def write(name, pixels, pixel_size):
    """A compressed ImageJ TIFF that knows its pixel size in nm."""
    per_micrometre = 1000 / pixel_size
    settings = {"resolution": (per_micrometre, per_micrometre), "metadata": {"unit": "um"}, "compression": "zlib"}
    tifffile.imwrite(SAMPLES / name, pixels, imagej=True, **settings)


if __name__ == "__main__":
    SAMPLES.mkdir(exist_ok=True)
    grey = np.round(255 * secondary_electrons(np.random.default_rng(1))).astype(np.uint8)
    write("bright_spheroids.tif", with_info_bar(grey, "autoseg   5.00 nm/px   rendered sample"), pixel_size=5.0)
    write(
        "dark_rods_16bit.tif",
        np.round(40000 * transmission(np.random.default_rng(2))).astype(np.uint16),
        pixel_size=0.8,
    )
