"""Random changes of an image's grey values, drawn once and replayed exactly, noise included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.polynomial import legendre
from pydantic import AfterValidator, Field

from autoseg.errors import ImageError
from autoseg.images.geometry import Factors, draw_factor, ordered
from autoseg.options import Options

Amounts = Annotated[tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]], AfterValidator(ordered)]
"The lowest and the highest of a range that begins at 0 or above."


class IntensityOptions(Options):
    """Which changes of grey values, for images in 0..1, are drawn and applied, in this order; by default none."""

    shading: float = Field(0.0, ge=0, lt=1)
    "Uneven illumination: a gain that changes smoothly over the image, between 1 - this and 1 + this."
    blur: Amounts = (0.0, 0.0)
    "Standard deviation in pixels of a Gaussian blur."
    motion_blur: Amounts = (0.0, 0.0)
    "Length in pixels of a blur along a line in a random direction, as from drift; up to 1 is none."
    motion_blur_probability: float = Field(1.0, ge=0, le=1)
    "Fraction of the views with motion blur."
    noise: Amounts = (0.0, 0.0)
    "Standard deviation of Gaussian noise that is alike in dark and bright pixels."
    shot_noise: Amounts = (0.0, 0.0)
    "Standard deviation at grey value 1 of noise that grows with the square root of the grey value."
    contrast: Factors = (1.0, 1.0)
    "Factor on each pixel's difference from the mean of the image."
    brightness: float = Field(0.0, ge=0, le=1)
    "At most this much is added to, or taken from, all pixels."
    gamma: Factors = (1.0, 1.0)
    "Exponent of the grey values."


WEAK = IntensityOptions(noise=(0.0, 0.02), contrast=(0.9, 1.1), brightness=0.05, gamma=(0.9, 1.1))
"The same field of view taken once more with the same instrument."

STRONG = IntensityOptions(
    shading=0.3,
    blur=(0.0, 2.0),
    motion_blur=(3.0, 9.0),
    motion_blur_probability=0.2,
    noise=(0.0, 0.1),
    shot_noise=(0.0, 0.1),
    contrast=(0.6, 1.6),
    brightness=0.2,
    gamma=(0.6, 1.6),
)
"The same field of view taken under poor conditions, with another detector and other settings."


@dataclass(frozen=True)
class Intensity:
    """One change of grey values. What is left out changes nothing.

    >>> Intensity(gamma=2).apply(np.array([[0, 0.5, 1]], np.float32)).tolist()
    [[0.0, 0.25, 1.0]]
    """

    shading: tuple[float, ...] = ()
    "Of the gain: what its Legendre polynomials of degree (row, column) 01, 02, 10, 11 and 20 add to 1."
    blur: float = 0.0
    motion_blur: float = 0.0
    motion_direction: float = 0.0
    "Angle in degrees between the line of the motion blur and the rows, counter-clockwise."
    noise: float = 0.0
    shot_noise: float = 0.0
    contrast: float = 1.0
    brightness: float = 0.0
    gamma: float = 1.0
    seed: int = 0
    "Of the noise."

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The changed copy of a float32 image (height, width[, channels]) in 0..1, clipped to 0..1."""
        if image.dtype != np.float32:
            raise ImageError(f"grey values are changed in float32 images from 0 to 1, not {image.dtype}")
        view = image
        if self.shading:
            view = view * _gain(self.shading, image.shape)
        # Reflection that repeats the rim gives every pixel the same total weight, and so keeps the mean.
        if self.blur:
            view = cv2.GaussianBlur(view, (0, 0), self.blur, borderType=cv2.BORDER_REFLECT)
        if self.motion_blur > 1:
            view = cv2.filter2D(view, -1, _line(self.motion_blur, self.motion_direction), borderType=cv2.BORDER_REFLECT)
        view = view.reshape(image.shape)  # OpenCV drops a single channel
        if self.noise or self.shot_noise:
            view = view + self._noise(view)
        if self.contrast != 1 or self.brightness:
            mean = view.mean()
            view = (view - mean) * self.contrast + (mean + self.brightness)
        view = view.clip(0, 1)
        return view if self.gamma == 1 else view**self.gamma

    def _noise(self, image: np.ndarray) -> np.ndarray:
        variance = self.noise**2 + self.shot_noise**2 * np.maximum(image, 0)
        field = np.random.default_rng(self.seed).standard_normal(image.shape, np.float32)
        return np.sqrt(variance) * field


def draw_intensity(rng: np.random.Generator, options: IntensityOptions) -> Intensity:
    """Draw a change of grey values within the options' limits.

    >>> intensity = draw_intensity(np.random.default_rng(0), IntensityOptions(gamma=(0.5, 2.0)))
    >>> round(intensity.gamma, 2), intensity.contrast
    (1.06, 1.0)
    """
    shaken = rng.random() < options.motion_blur_probability
    return Intensity(
        shading=_draw_shading(rng, options.shading) if options.shading else (),
        blur=rng.uniform(*options.blur),
        motion_blur=rng.uniform(*options.motion_blur) if shaken else 0.0,
        motion_direction=rng.uniform(0, 180),
        noise=rng.uniform(*options.noise),
        shot_noise=rng.uniform(*options.shot_noise),
        contrast=draw_factor(rng, options.contrast),
        brightness=rng.uniform(-options.brightness, options.brightness),
        gamma=draw_factor(rng, options.gamma),
        seed=int(rng.integers(2**63)),
    )


def _draw_shading(rng: np.random.Generator, strongest: float) -> tuple[float, ...]:
    """Random coefficients whose absolute values add up to at most `strongest`; so does then the sum of polynomials."""
    coefficients = rng.standard_normal(5)
    return tuple((coefficients * rng.uniform(0, strongest) / np.abs(coefficients).sum()).tolist())


def _gain(shading: tuple[float, ...], shape: tuple[int, ...]) -> np.ndarray:
    """A smooth gain with mean 1, to be multiplied with an image of this shape."""
    rows, columns = ((2 * np.arange(length) + 1) / length - 1 for length in shape[:2])
    by_column, by_column_squared, by_row, by_both, by_row_squared = shading
    coefficients = [[1, by_column, by_column_squared], [by_row, by_both, 0], [by_row_squared, 0, 0]]
    gain = legendre.leggrid2d(rows, columns, coefficients).astype(np.float32)
    return gain.reshape(shape[:2] + (1,) * (len(shape) - 2))


def _line(length: float, direction: float) -> np.ndarray:
    """The kernel that averages along a line one pixel wide, with soft ends and sides; its sum is 1."""
    reach = int(np.ceil(length / 2))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    angle = np.deg2rad(direction)
    along = columns * np.cos(angle) - rows * np.sin(angle)
    across = columns * np.sin(angle) + rows * np.cos(angle)
    kernel = np.clip((length + 1) / 2 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)
