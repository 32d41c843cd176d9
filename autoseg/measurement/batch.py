"""The images of a batch, one after the other: each is measured and written, and then only its table is kept."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from autoseg.errors import AutosegError
from autoseg.images.export import export
from autoseg.images.labels import read_labels
from autoseg.images.names import names_for
from autoseg.images.overlay import OverlayOptions
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.conditions import Condition, keep_measured
from autoseg.measurement.shape import measure, measure_labels
from autoseg.measurement.sizes import SizeOptions, SizeStatistics, describe_sizes
from autoseg.measurement.thumbnails import Thumbnails, draw_small_overlay

SMALL = 10
"Particles with a smaller equivalent diameter, in pixels, are too small to be measured reliably."
_END = object()


@dataclass(frozen=True)
class ImageResult:
    """What is kept of an image: where it came from, what was found in it, and where its files are."""

    name: str
    "Begins the names of its files."
    path: Path | None
    page: int
    pages: int
    sha256: str | None
    "Of the input file; None for an image that is no file."
    rows: int
    columns: int
    info_bar_rows: int
    pixel_size: float | None
    "In nm."
    pixel_size_source: str
    notes: tuple[str, ...]
    particles: int
    left_out: int
    "Particles that were found, but do not meet the conditions; all other numbers are about those that do."
    at_edge: int
    small: int
    "Particles smaller than SMALL."
    coverage: float
    "Share of the field of view that particles cover."
    statistics: SizeStatistics
    files: Mapping[str, Path]
    seconds_waited: float
    "For the segmentation, if it was made while the report waited for it."
    seconds_written: float
    "For measuring and writing."

    @property
    def unit(self) -> str:
        """Of the lengths measured in this image."""
        return "px" if self.pixel_size is None else "nm"


@dataclass
class Batch:
    """Takes segmentations, or errors in place of them; keeps what was measured, but no image."""

    folder: Path
    kinds: Sequence[str]
    overlay: OverlayOptions
    sizes: SizeOptions
    seed: int
    inputs: Sequence[str | os.PathLike[str]] = ()
    "All files that will come, as far as they are known: then their results are named all at once."
    conditions: Sequence[Condition] = ()
    "Only particles that meet all of them are kept."
    images: list[ImageResult] = field(default_factory=list)
    tables: list[pd.DataFrame] = field(default_factory=list)
    failures: list[AutosegError] = field(default_factory=list)
    thumbnails: Thumbnails = field(default_factory=Thumbnails)

    def __post_init__(self) -> None:
        """Reserve the names of the known inputs."""
        self._used = names_for(self.inputs)
        self._reserved: dict[str, list[str]] = {}
        for source, name in zip(self.inputs, self._used, strict=True):
            self._reserved.setdefault(Path(source).as_posix(), []).append(name)

    def take(self, items: Iterable[Segmentation | AutosegError]) -> None:
        """Work through all of them; each is released before the next one is asked for."""
        iterator, start = iter(items), time.monotonic()
        while (item := next(iterator, _END)) is not _END:
            seconds_waited = time.monotonic() - start
            if isinstance(item, AutosegError):
                self.failures.append(item)
            elif isinstance(item, Segmentation):
                with writing_to(self.folder):
                    self._try(item, seconds_waited)
            else:
                raise AutosegError(f"a report is made of segmentations, not of {type(item).__name__}")
            del item
            start = time.monotonic()

    def _try(self, segmentation: Segmentation, seconds_waited: float) -> None:
        try:
            self._take(segmentation, seconds_waited)
        except AutosegError as error:
            source = segmentation.micrograph.path or segmentation.micrograph.name
            self.failures.append(AutosegError(error.problem, file=source, advice=error.advice))

    def _take(self, found: Segmentation, seconds_waited: float) -> None:
        start, micrograph = time.monotonic(), found.micrograph
        segmentation, table = keep_measured(found, measure(found).drop(columns="image"), self.conditions)
        statistics = describe_sizes(table, np.random.default_rng([self.seed, len(self.images)]), self.sizes)
        kinds = [kind for kind in self.kinds if kind != "probability" or segmentation.probability is not None]
        name = self._name(Path(micrograph.path or micrograph.name).as_posix())
        files = export(segmentation, self.folder, name, kinds, table, self.overlay)
        self.thumbnails.add(draw_small_overlay(segmentation, self.overlay))
        self.tables.append(table)
        self.images.append(
            ImageResult(
                name=name,
                path=micrograph.path,
                page=micrograph.page,
                pages=micrograph.pages,
                sha256=_sha256(micrograph.path),
                rows=segmentation.labels.shape[0],
                columns=segmentation.labels.shape[1],
                info_bar_rows=len(micrograph.pixels) - len(segmentation.labels),
                pixel_size=micrograph.pixel_size,
                pixel_size_source=printable(micrograph.pixel_size_source),
                notes=tuple(map(printable, micrograph.notes)),
                particles=segmentation.count,
                left_out=found.count - segmentation.count,
                at_edge=int(segmentation.touches_edge.sum()),
                small=int(np.sum(np.sqrt(4 / np.pi * segmentation.areas) < SMALL)),
                coverage=float(np.mean(segmentation.labels > 0)) if segmentation.labels.size else 0.0,
                statistics=statistics,
                files=files,
                seconds_waited=round(seconds_waited, 3),
                seconds_written=round(time.monotonic() - start, 3),
            )
        )

    def _name(self, source: str) -> str:
        """The name reserved for a known input; for another one a name that is still free."""
        if reserved := self._reserved.get(source):
            return reserved.pop(0)
        taken = [f"{name}.taken" for name in self._used]  # the ending is what `names_for` takes off
        self._used.append(names_for([*taken, source])[-1])
        return self._used[-1]

    def particles(self) -> pd.DataFrame:
        """One particle a row: the tables of all images, named in the column "image"."""
        named = zip(image_names(self.images), self.tables, strict=True)
        tables = [table.assign(image=name) for name, table in named if len(table)]
        if not tables:  # the columns alone
            empty = np.zeros((1, 1), np.uint8)
            tables = [measure_labels(empty, empty, self.images[0].pixel_size if self.images else None)]
            tables[0]["image"] = pd.Series(dtype="str")
        table = pd.concat(tables, ignore_index=True)
        return table[["image", *(column for column in table if column != "image")]]

    def failures_table(self) -> pd.DataFrame:
        """What failed, one file a row, and why."""
        rows = [(printable(error.file or "unknown"), printable(_reason(error))) for error in self.failures]
        return pd.DataFrame(rows, columns=["file", "reason"], dtype="str")


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn a full disk or a missing permission into an error that names the file."""
    try:
        yield
    except OSError as error:
        problem = f"cannot be read or written ({error.strerror or error})"
        raise AutosegError(
            problem, file=error.filename or folder, advice="Check the free space and your permissions."
        ) from error


def image_names(images: Sequence[ImageResult]) -> list[str]:
    """The images' file names; with folders, pages or names of results where they would be equal otherwise."""
    paths = [Path(image.path or "micrograph") for image in images]
    names = [path.name for path in paths]
    names = _distinguished(names, [path.as_posix() for path in paths])
    names = _distinguished(names, [f"{name}, page {image.page}" for name, image in zip(names, images, strict=True)])
    names = _distinguished(names, [f"{name} ({image.name})" for name, image in zip(names, images, strict=True)])
    return [printable(name) for name in names]


def _distinguished(names: list[str], longer: list[str]) -> list[str]:
    """The longer name in place of each one that occurs more than once."""
    occurrences = Counter(names)
    return [long if occurrences[name] > 1 else name for name, long in zip(names, longer, strict=True)]


def printable(name: str | os.PathLike[str]) -> str:
    """A file name as text that every file can hold; what is not a character becomes a replacement mark.

    >>> printable("a\\udcff.tif")
    'a\ufffd.tif'
    """
    return os.fspath(name).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class LabelsOnDisk(Mapping[str, np.ndarray]):
    """The labels of each image by its name, as high as the image with its info bar, read when they are asked for."""

    def __init__(self, images: Sequence[ImageResult]):
        self._images = dict(zip(image_names(images), images, strict=True))

    def __getitem__(self, name: str) -> np.ndarray:
        """Read one of them."""
        image = self._images[name]
        return np.pad(read_labels(image.files["labels"]), ((0, image.info_bar_rows), (0, 0)))

    def __iter__(self) -> Iterator[str]:
        """The images' names."""
        return iter(self._images)

    def __len__(self) -> int:
        """How many images there are."""
        return len(self._images)


def _reason(error: AutosegError) -> str:
    return error.problem + (f". {error.advice}" if error.advice else "")


def _sha256(path: Path | None) -> str | None:
    if path is None or not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
