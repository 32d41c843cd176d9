"""Work that finds what is bright, without a network, and images that break it in several ways."""

import os
import signal
import time

import numpy as np
import tifffile

from autoseg.batch.work import Work
from autoseg.errors import ImageError
from autoseg.images.labels import read_labels
from autoseg.images.micrograph import Micrograph
from autoseg.images.segmentation import Segmentation, numbered
from autoseg.measurement.report import ReportOptions
from autoseg.measurement.sizes import SizeOptions
from autoseg.segmentation.provenance import Provenance

FAST = ReportOptions(sizes=SizeOptions(resamples=100), save="labels,rois")


class Bright(Work):
    """Squares of one brightness are particles; the names of files say what goes wrong."""

    threshold: int = 100
    slow: float = 0.0
    "Seconds that each image takes."
    work: str = "bright"

    def open(self):
        return self._find

    def describe(self):
        return Provenance(evaluation={"threshold": str(self.threshold)})

    def _find(self, images):
        for image in images:
            time.sleep(self.slow)
            if image.name.startswith("poison"):
                os.kill(os.getpid(), signal.SIGKILL)
            if image.name.startswith("bug"):
                raise ZeroDivisionError("of all things")
            try:
                pixels = tifffile.imread(image.path)
            except Exception:
                yield ImageError("is broken", file=image.path)
                continue
            size = None if image.name.startswith("px") else 2.0
            labels = numbered(read_labels(image.path) * (pixels > self.threshold))
            yield Segmentation(labels, None, Micrograph(pixels, size, path=image.path))


def write_images(folder, count, **others):
    """Small images with a few squares each; `others` are names of images that are none, or are not as usual."""
    folder.mkdir(parents=True)
    for number in range(count):
        write_image(folder / f"image_{number:03d}.tif", number)
    for name, is_image in others.items():
        if is_image:
            write_image(folder / f"{name}.tif", len(name))
        else:
            (folder / f"{name}.tif").write_text("no image")
    return sorted([path] for path in folder.iterdir())


def write_image(path, seed):
    rng, pixels = np.random.default_rng(seed), np.zeros((48, 64), np.uint8)
    for number in range(seed % 4 + 1):
        edge = rng.integers(4, 9)
        pixels[4 + 10 * number : 4 + 10 * number + edge, 4 + 12 * number : 4 + 12 * number + edge] = 120 + number
    tifffile.imwrite(path, pixels)


def tables_of(folder):
    """All that must not depend on how a batch was worked through, by names; run.json and the page hold the date."""
    whole = {"run.json", "report.html"}
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name not in whole}
    page = (folder / "report.html").read_text("utf-8")
    return files | {"report.html": page}
