"""Micrographs of discs, bright or dark, with their true labels, and example outlines, as files."""

import imageio.v3 as imageio
import numpy as np

from autoseg.images.labels import write_labels


def scene(rng, size=(144, 160), count=12, bright=True):
    """A noisy micrograph, uint8, with discs in its left half, and its labels."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    labels = np.zeros(size, np.uint16)
    for label in range(1, count + 1):
        centre, radius = rng.uniform((10, 10), (size[0] - 10, size[1] / 2)), rng.uniform(6, 10)
        labels[np.hypot(rows - centre[0], columns - centre[1]) < radius] = label
    image = np.where((labels > 0) == bright, 170, 70) + rng.normal(0, 12, size)
    return image.clip(0, 255).astype(np.uint8), labels


def write_scenes(folder, count, sizes=((144, 160),), **settings):
    """Micrographs 0.png, 1.png, ... of these sizes in turn in the folder `images`, and their labels in `truth`."""
    rng = np.random.default_rng(0)
    for number in range(count):
        image, labels = scene(rng, size=sizes[number % len(sizes)], **settings)
        (folder / "images").mkdir(exist_ok=True)
        imageio.imwrite(folder / "images" / f"{number}.png", image)
        write_labels(folder / "truth" / f"{number}_labels.tif", labels)


def write_outlines(folder, count=6):
    """Ellipses, white on black, in the folder `outlines`."""
    rng, (rows, columns) = np.random.default_rng(1), np.mgrid[-16:16, -16:16]
    (folder / "outlines").mkdir()
    for number in range(count):
        height, width = rng.uniform(6, 12, 2)
        inside = (rows / height) ** 2 + (columns / width) ** 2 < 1
        imageio.imwrite(folder / "outlines" / f"{number}.png", (255 * inside).astype(np.uint8))
