"""Segmentations to report on, and a reader of the pages that come of them."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from autoseg.images.micrograph import Micrograph
from autoseg.images.segmentation import Segmentation, numbered
from autoseg.measurement.report import ReportOptions
from autoseg.measurement.sizes import SizeOptions

FAST = ReportOptions(sizes=SizeOptions(resamples=100))
PER_IMAGE = ("_labels.tif", "_probability.tif", "_overlay.png", "_rois.zip")


def segmentation(path=None, pixel_size=2.0, particles=12, seed=0, shape=(72, 96), **known):
    """Discs of several sizes on a grid, one of them at the edge, over grey values with noise."""
    rng = np.random.default_rng(seed)
    labels, (y, x) = np.zeros(shape, int), np.indices(shape)
    for index in range(particles):
        row, column = 12 + 20 * (index // 5), (0 if index == 0 else 10) + 19 * (index % 5)
        labels[np.hypot(y - row, x - column) < rng.uniform(4, 9)] = index + 1
    pixels = (60 + 100 * (labels > 0) + rng.normal(0, 5, shape)).astype(np.uint8)
    known = {"pixel_size_source": "given" if pixel_size else "no calibration found", **known}
    return Segmentation(
        numbered(labels), (labels > 0).astype(np.float32), Micrograph(pixels, pixel_size, path=path, **known)
    )


class Page(HTMLParser):
    """The page's tags, and its tables as rows of text."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.tables, self.text, self._cell = [], {}, "", None
        self.content = path.read_text(encoding="utf-8")
        self.feed(self.content)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self._rows = self.tables.setdefault(dict(attrs).get("id", f"table {len(self.tables)}"), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._cell = None

    def handle_data(self, data):
        self.text += data
        if self._cell:
            self._rows[-1][-1] += data.strip()


def page_of(report):
    return Page(report.files["page"])


def names_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())
