"""What a family of file formats is: how its files are known, and who reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoseg.errors import ImageError
from autoseg.images.readers.picture import Picture

Direction = Literal["forward", "backward"]


@dataclass(frozen=True)
class Wanted:
    """What of a file is to be read. Families without pages, or without channels, leave these alone."""

    page: int | None = None
    "Counted from 1; None: the first one, and a note if there are more."
    max_pixels: int = 500_000_000
    as_stored: bool = False
    "The numbers in the file, which a palette, white as 0, or few bits would else turn into grey values."
    channel: str | None = None
    direction: Direction = "forward"


@dataclass(frozen=True)
class Family:
    """Files of one kind, known by their first bytes, or by ending and first bytes where these say little."""

    name: str
    endings: tuple[str, ...]
    "Endings in small letters, by which the images of a folder are found."
    starts: tuple[bytes, ...]
    read: Callable[[Path, Wanted], Picture]
    needs_ending: bool = False
    scan: bool = False
    "Whether its files hold channels and directions of a scan."

    def holds(self, path: Path, start: bytes) -> bool:
        """Whether a file that begins with `start` is one of this family."""
        return start.startswith(self.starts) and (not self.needs_ending or path.suffix.lower() in self.endings)


def first_bytes(path: Path) -> bytes:
    """The first bytes of the file, which tell its format."""
    if not path.exists():
        raise ImageError("does not exist", advice="Check the name and the folder.")
    if not path.is_file():
        raise ImageError("is a folder or a device", advice="Give the name of an image file.")
    with path.open("rb") as stream:
        start = stream.read(32)
    if not start:
        raise ImageError("is empty", advice="Copy or export it again.")
    return start
