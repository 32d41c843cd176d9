"""Pages of files that hold several images, such as stacks and time series: which are meant, and one of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field

from autoseg.errors import ImageError
from autoseg.images.decoding import count_pages

_RANGE = re.compile(r"(\d+)\s*-\s*(\d+)")


def _is_choice(text: str) -> str:
    ends = _RANGE.fullmatch(text)
    if text != "all" and not (ends and 1 <= int(ends[1]) <= int(ends[2])):
        raise ValueError(f'pages are a number from 1 on, such as 4, a range, such as 3-10, or all, and not "{text}"')
    return text


Pages = Annotated[int, Field(ge=1)] | Annotated[str, AfterValidator(_is_choice)]
"One page, counted from 1; or several: all, or 3-10."


@dataclass(frozen=True)
class Page:
    """A page of a file, counted from 1 as in ImageJ; where only a path is needed, it is the file's.

    >>> os.fspath(Page(Path("a.tif"), 3)), str(Page(Path("a.tif"), 3))
    ('a.tif', 'a.tif, page 3')
    """

    path: Path
    number: int
    pages: int = 1
    "How many the file has, as far as it is known."

    def __fspath__(self) -> str:
        """The file's path."""
        return os.fspath(self.path)

    def __str__(self) -> str:
        """Both, for people."""
        return f"{self.path}, page {self.number}"


File = TypeVar("File", bound=str | os.PathLike[str])


def page_of(path: str | os.PathLike[str]) -> int | None:
    """Its number, if it is a page."""
    return path.number if isinstance(path, Page) else None


def in_pages(files: Iterable[File], wanted: Pages | None, max_pixels: int) -> Iterator[File | Page]:
    """The files, or, where several pages of each are wanted, these; a file without them is refused.

    Pages stay what they are, and so do files that cannot be read: whoever reads them tells what is wrong.
    """
    for file in files:
        if isinstance(wanted, str) and page_of(file) is None:
            yield from _pages(Path(file), wanted, max_pixels)
        else:
            yield file


def _pages(file: Path, wanted: str, max_pixels: int) -> Sequence[Any]:
    try:
        count = count_pages(file, max_pixels)
    except ImageError:
        return [file]
    ends = _RANGE.fullmatch(wanted)
    first, last = (int(ends[1]), int(ends[2])) if ends else (1, count)
    if last > count:
        problem = f"has {count} page{'s' if count > 1 else ''}, and no page {last}"
        raise ImageError(problem, file=file, advice="Ask for those that it has, or for all.")
    if count == 1:
        return [file]
    return [Page(file, number, count) for number in range(first, last + 1)]
