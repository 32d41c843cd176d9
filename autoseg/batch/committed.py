"""A batch as its committed parts tell it: read from disk where it is asked for, and never kept in memory as a whole."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np
import pandas as pd

from autoseg.batch.plan import Planned
from autoseg.batch.store import Row, Store, as_told
from autoseg.errors import AutosegError
from autoseg.images.pages import Page
from autoseg.measurement.batch import Shown
from autoseg.measurement.image_result import ImageResult, Recording, describe_place
from autoseg.measurement.intake import failures_table, image_names
from autoseg.measurement.sizes import describe_sizes
from autoseg.measurement.thumbnails import Thumbnails

_NOTHING = pd.DataFrame({"equivalent_diameter_area_px": [], "touches_edge": [], "edge_weight": []}, dtype=float)
_NOT_SUMMED: dict[str, Any] = {
    "notes": (),
    "files": {},
    "sha256": None,
    "medians": {},
    "statistics": describe_sizes(_NOTHING, np.random.default_rng(0)),
}


Item = TypeVar("Item")


class _Place(NamedTuple):
    """Where an image's line is."""

    part: str
    line: int
    ok: bool


class Committed:
    """What is committed of the images that are planned."""

    def __init__(self, planned: Sequence[Planned], recording: Recording, retry_failed: bool = False):
        self.planned, self.recording, self.folder = planned, recording, recording.folder
        self.store = Store(recording.folder)
        self.changed: list[Planned] = []
        "Images whose files, or whose results, are not what they were."
        self._places: dict[int, _Place] = {}
        self._failed: dict[int, AutosegError] = {}
        self._find(retry_failed)
        self.images = _ReadAnew(self.done, self.result)
        self.tables = _ReadAnew(self.done, self.table)

    @property
    def inputs(self) -> list[Path | Page]:
        """The images' files, or the pages of them."""
        return [image.file for image in self.planned]

    @property
    def missing(self) -> list[Planned]:
        """Images that are still to be worked on, in their order."""
        return [image for image in self.planned if image.place not in self._places]

    @cached_property
    def done(self) -> list[int]:
        """Places of the images that did not fail, in their order."""
        return [place for place in sorted(self._places) if self._places[place].ok]

    @cached_property
    def records(self) -> list[ImageResult]:
        """Each image without what is not needed for sums."""
        return [dataclasses.replace(image, **_NOT_SUMMED) for image in self.images]

    def shown(self) -> list[Shown]:
        """The images that were chosen for the page."""
        names, shown, thumbnails = image_names(self.records), [], Thumbnails()
        for name, place in zip(names, self.done, strict=True):
            if self.planned[place].pictured:
                path = self.store.picture(self.planned[place].name)
                thumbnails.add(path.read_bytes() if path.is_file() else None)
                shown.append((name, self.result(place)))
        return [Shown(*one, picture) for one, picture in zip(shown, thumbnails.pictures, strict=True)]

    def failures_table(self) -> pd.DataFrame:
        """What failed, one file a row, and why."""
        return failures_table([self._failed[place] for place in sorted(self._failed)])

    def failures_of(self, images: Iterable[Planned]) -> pd.DataFrame:
        """The same of some images."""
        return failures_table([self._failed[image.place] for image in images if image.place in self._failed])

    def result(self, place: int) -> ImageResult:
        """All that was measured in the image at a place."""
        at = self._places[place]
        return self.store.result(self.store.rows(at.part)[at.line], self.planned[place])

    def table(self, place: int) -> pd.DataFrame:
        """The particles of the image at a place."""
        at = self._places[place]
        return self.store.table(at.part, at.line)

    def _find(self, retry_failed: bool) -> None:
        by_name = {image.name: image for image in self.planned}
        written = _names_in(self.folder)
        for part, rows in self.store.committed():
            shifted = False
            for line, row in enumerate(rows):
                image = by_name.get(row["name"])
                if image is None or (retry_failed and not row["ok"]):
                    continue
                known = self._places.get(image.place)
                if known and known.ok and not row["ok"]:
                    continue
                if not _is_current(row, image, written):
                    continue
                shifted |= row["ok"] and row["place"] != image.place
                self._take(image, row, _Place(part, line, row["ok"]))
            if shifted:
                self._move(part, rows, by_name)
        mentioned = {row["name"] for _, rows in self.store.committed() for row in rows} if self.missing else set()
        self.changed = [image for image in self.missing if image.name in mentioned]

    def _take(self, image: Planned, row: Row, at: _Place) -> None:
        self._places[image.place] = at
        self._failed.pop(image.place, None)
        if not at.ok:
            named = {source.absolute: source.path for source in image.sources}  # a worker knows them by these names
            file = named.get(row["file"], row["file"])
            self._failed[image.place] = AutosegError(row["problem"], file=file, advice=row["advice"])

    def _move(self, part: str, rows: list[Row], by_name: dict[str, Planned]) -> None:
        """Images before these have come or gone: intervals are made anew, with the seeds of the places they have."""
        for line, row in enumerate(rows):
            image = by_name.get(row["name"])
            if image is not None and row["ok"] and row["place"] != image.place:
                statistics = describe_place(self.store.table(part, line), self.recording, image.place)
                result = dataclasses.replace(self.store.result(row, image), statistics=statistics)
                row |= {"place": image.place, "result": as_told(result)}
        self.store.write_rows(part, rows)


class _ReadAnew(Sequence[Item]):
    """Something of each image that did not fail, read anew each time."""

    def __init__(self, places: Sequence[int], read: Callable[[int], Item]):
        self._places, self._read = places, read

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, which: int) -> Item: ...

    @overload
    def __getitem__(self, which: slice) -> list[Item]: ...

    def __getitem__(self, which: int | slice) -> Item | list[Item]:
        if isinstance(which, int):
            return self._read(self._places[which])
        return [self._read(place) for place in self._places[which]]

    def __iter__(self) -> Iterator[Item]:
        return map(self._read, self._places)


def _is_current(row: Row, image: Planned, written: set[str]) -> bool:
    """Whether a line is about the files as they are now, and its results are still there."""
    if row["ok"] and not written.issuperset(row["result"]["files"].values()):
        return False
    if len(row["sources"]) != len(image.sources):
        return False
    for (*stamp, sha256), source in zip(row["sources"], image.sources, strict=True):
        if stamp != source.stamp and (sha256 is None or source.size != stamp[1] or sha256 != source.sha256()):
            return False
    return True


def _names_in(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()  # noqa: PTH208 - only names, for there may be many
