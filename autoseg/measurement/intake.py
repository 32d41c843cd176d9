"""The results of a batch, taken one after the other: named, timed, and their failures noted, whatever they hold."""

from __future__ import annotations

import hashlib
import os
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pandas as pd

from autoseg.errors import AutosegError
from autoseg.images.any_text import ANY_TEXT
from autoseg.images.class_map import ClassMap
from autoseg.images.micrograph import Micrograph
from autoseg.images.names import names_for
from autoseg.images.pages import page_of
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.thumbnails import Thumbnails

_KINDS = {Segmentation: "segmentations", ClassMap: "class maps"}
_END = object()
Item = TypeVar("Item", bound=Segmentation | ClassMap)


@dataclass(frozen=True, kw_only=True)
class ImageRecord(ABC):
    """What is kept of every image: where it came from, and where its files are."""

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
    files: Mapping[str, Path]
    seconds_waited: float
    "For the result, if it was made while the report waited for it."
    seconds_written: float
    "For measuring and writing."

    @property
    def unit(self) -> str:
        """Of the lengths measured in this image."""
        return "px" if self.pixel_size is None else "nm"

    @property
    @abstractmethod
    def found(self) -> dict[str, Any]:
        """What was found in it, in a few numbers, as run.json and the command line tell it."""


@dataclass
class Intake(ABC, Generic[Item]):
    """Takes results, or errors in place of them; what becomes of a result, each kind of batch says itself."""

    takes: ClassVar[type]
    "Which results make up such a batch."
    folder: Path
    inputs: Sequence[str | os.PathLike[str]] = field(default=(), kw_only=True)
    "All files that will come, as far as they are known: then their results are named all at once."
    failures: list[AutosegError] = field(default_factory=list, kw_only=True)
    thumbnails: Thumbnails = field(default_factory=Thumbnails, kw_only=True)

    def __post_init__(self) -> None:
        """Reserve the names of the known inputs."""
        self._used: list[str] = names_for(self.inputs)
        self._reserved: dict[tuple[str, int | None], list[str]] = {}
        for source, name in zip(self.inputs, self._used, strict=True):
            self._reserved.setdefault((Path(source).as_posix(), page_of(source)), []).append(name)

    def take(self, items: Iterable[Item | AutosegError], waited: float = 0) -> None:
        """Work through all of them; each is released before the next one is asked for.

        `waited`: how many seconds somebody waited for the first one already.
        """
        iterator, start = iter(items), time.monotonic() - waited
        while (item := next(iterator, _END)) is not _END:
            seconds_waited = time.monotonic() - start
            if isinstance(item, AutosegError):
                self.failures.append(item)
            else:
                self._refuse_others(item)
                with writing_to(self.folder):
                    self._try(item, seconds_waited)
            del item
            start = time.monotonic()

    @abstractmethod
    def _take(self, found: Item, seconds_waited: float) -> None:
        """Measure and write a result, and keep what is small of it."""

    def _refuse_others(self, item: Any) -> None:
        if isinstance(item, self.takes):
            return
        if isinstance(item, tuple(_KINDS)):
            raise _mixed()
        raise AutosegError(f"a report is made of {_KINDS[self.takes]}, not of {type(item).__name__}")

    def _try(self, found: Any, seconds_waited: float) -> None:
        try:
            self._take(found, seconds_waited)
        except AutosegError as error:
            source = found.micrograph.path or found.micrograph.name
            self.failures.append(AutosegError(error.problem, file=source, advice=error.advice))

    def _name(self, micrograph: Micrograph) -> str:
        """The name reserved for a known input; for another one a name that is still free."""
        source = Path(micrograph.path or micrograph.name).as_posix()
        for page in (micrograph.page, None):
            if reserved := self._reserved.get((source, page)):
                return reserved.pop(0)
        taken = [f"{name}.taken" for name in self._used]  # the ending is what `names_for` takes off
        self._used.append(names_for([*taken, source])[-1])
        return self._used[-1]

    def failures_table(self) -> pd.DataFrame:
        """What failed, one file a row, and why."""
        return failures_table(self.failures)


def failures_table(failures: Iterable[AutosegError]) -> pd.DataFrame:
    """What failed, one file a row, and why."""
    rows = [(printable(error.file or "unknown"), printable(_reason(error))) for error in failures]
    return pd.DataFrame(rows, columns=["file", "reason"], dtype=ANY_TEXT)


class Arrivals(Iterable[Any]):
    """The items of a batch, of which the first that is no error is already here, so that its kind is known."""

    def __init__(self, items: Iterable[Any]):
        self.failures: list[AutosegError] = []
        "What came before it."
        self.waited = 0.0
        "Seconds that it took to come."
        self._first: list[Any] = []
        self._rest, start = iter(items), time.monotonic()
        for item in self._rest:
            if not isinstance(item, AutosegError):
                self.waited, self._first = time.monotonic() - start, [item]
                break
            self.failures.append(item)
            start = time.monotonic()

    def are(self, kind: type) -> bool:
        """Whether the first of them is of this kind; none is where nothing came but errors."""
        return any(isinstance(item, kind) for item in self._first)

    def __iter__(self) -> Iterator[Any]:
        """The first result and all that come after; nothing that was handed over is kept."""
        while self._first:
            yield self._first.pop()
        yield from self._rest


def refuse_mixed(items: Iterable[Any]) -> None:
    """Raise an error where both kinds of results are already there, before anything is written."""
    if len({kind for item in items for kind in _KINDS if isinstance(item, kind)}) > 1:
        raise _mixed()


def _mixed() -> AutosegError:
    problem = f"a report is made of {' or of '.join(_KINDS.values())}, and this batch holds both"
    return AutosegError(problem, advice="Make a report of each kind, in a folder of its own.")


def describe_source(micrograph: Micrograph) -> dict[str, Any]:
    """What an ImageRecord holds about where an image came from."""
    rows, columns = micrograph.field.shape
    return {
        "path": micrograph.path,
        "page": micrograph.page,
        "pages": micrograph.pages,
        "sha256": _sha256(micrograph.path),
        "rows": rows,
        "columns": columns,
        "info_bar_rows": len(micrograph.pixels) - rows,
        "pixel_size": micrograph.pixel_size,
        "pixel_size_source": printable(micrograph.pixel_size_source),
        "notes": tuple(map(printable, micrograph.notes)),
    }


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


def image_names(images: Sequence[ImageRecord]) -> list[str]:
    """The images' file names; with folders, pages or names of results where they would be equal otherwise."""
    paths = [Path(image.path or "micrograph") for image in images]
    places = Counter(path.name for path in set(paths))
    names = [path.as_posix() if places[path.name] > 1 else path.name for path in paths]
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


def _reason(error: AutosegError) -> str:
    return error.problem + (f". {error.advice}" if error.advice else "")


def _sha256(path: Path | None) -> str | None:
    if path is None or not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
