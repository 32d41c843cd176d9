"""What there is to do: which images, under which names, and how their files looked when they were found."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR
from typing import NamedTuple

from autoseg.images.names import names_for
from autoseg.images.pages import Page

PICTURES = 200
"So many images are shown on the page, at most."


class Source(NamedTuple):
    """A file that is read for an image."""

    path: str
    size: int
    "In bytes; -1 where there is no such file."
    modified: int
    "In ns."
    absolute: str
    "Its path from any folder."
    page: Sequence[int] | None = None
    "Which page of how many is meant, if it has several."

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Source:
        """How the file looks now."""
        absolute = os.path.abspath(path)  # noqa: PTH100 - links are not followed
        page = [path.number, path.pages] if isinstance(path, Page) else None
        try:
            status = Path(path).stat()
            size, modified = _of_all(path) if S_ISDIR(status.st_mode) else (status.st_size, status.st_mtime_ns)
        except (OSError, ValueError):
            return cls(os.fspath(path), -1, 0, absolute, page)
        return cls(os.fspath(path), size, modified, absolute, page)

    @property
    def file(self) -> Path | Page:
        """What is to be read."""
        return Path(self.path) if self.page is None else Page(Path(self.path), *self.page)

    def sha256(self) -> str | None:
        """Of its content, if it can be read."""
        return _sha256(self.absolute, self.size, self.modified)

    @property
    def stamp(self) -> list[str | int]:
        """What tells, without reading it, whether it is the same file as before."""
        return [self.absolute, self.size, self.modified]


@dataclass(frozen=True, slots=True)
class Planned:
    """An image of a batch."""

    place: int
    name: str
    "Begins the names of its files; it is the only one of this name."
    sources: tuple[Source, ...]
    "What it is made of; the last one is the image itself."
    pictured: bool
    "Whether the page may show it."

    @property
    def path(self) -> Path:
        """The image's file."""
        return Path(self.sources[-1].path)

    @property
    def file(self) -> Path | Page:
        """The image's file, or the page of it that is the image."""
        return self.sources[-1].file


Chunk = Sequence[Planned]


def plan_images(files: Sequence[Sequence[str | os.PathLike[str]]], seed: int = 0) -> list[Planned]:
    """The images of a batch in their order; of each all files that are read for it, the image itself as the last one.

    >>> [planned.name for planned in plan_images([["a.tif"], ["b.tif"], ["b.png"]])]
    ['a', 'b-tif', 'b-png']
    """
    looked_at: dict[str | Page, Source] = {}
    for path in (path for each in files for path in each):
        key = path if isinstance(path, Page) else os.fspath(path)
        looked_at[key] = looked_at.get(key) or Source.of(path)
    keyed = ((path if isinstance(path, Page) else os.fspath(path) for path in dict.fromkeys(each)) for each in files)
    return plan_sources([tuple(looked_at[key] for key in each) for each in keyed], seed)


def plan_sources(sources: Sequence[tuple[Source, ...]], seed: int = 0) -> list[Planned]:
    """The same of files that were looked at before."""
    names = names_for([files[-1].file for files in sources])
    pictured = _choose_pictures(names, seed)
    return [
        Planned(place, name, files, name in pictured)
        for place, (name, files) in enumerate(zip(names, sources, strict=True))
    ]


def _choose_pictures(names: Sequence[str], seed: int) -> set[str]:
    """A random choice in which an image stays when others join the batch, unless these take its place."""
    if len(names) <= PICTURES:
        return set(names)
    return set(sorted(names, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())[:PICTURES])


def divide(images: Sequence[Planned], size: int) -> Iterator[Chunk]:
    """The images in chunks of this size; the last one may be smaller."""
    for start in range(0, len(images), size):
        yield images[start : start + size]


def chunk_id(chunk: Chunk) -> str:
    """Follows from the images in it, so that whoever does the same work writes the same files."""
    told = "\n".join(f"{image.name} {[source[1:3] for source in image.sources]}" for image in chunk)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _of_all(folder: str | os.PathLike[str]) -> tuple[int, int]:
    """Bytes of all files of an image that is a folder, and when the last one was changed."""
    found = [one.stat() for one in Path(folder).rglob("*")]
    return sum(one.st_size for one in found), max((one.st_mtime_ns for one in found), default=0)


@lru_cache(maxsize=4)
def _sha256(path: str, size: int, modified: int) -> str | None:
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
