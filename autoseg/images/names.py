"""Names of output files: safe on every system, one for each input, and never those of the inputs."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from autoseg.errors import AutosegError
from autoseg.images.pages import page_of

_LONGEST = 120  # bytes in UTF-8; most systems allow 255, and endings are to be added
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])(\..*)?", re.IGNORECASE)


def names_for(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """A name for the results of each input file: its stem where that is unique, else with its ending or a number.

    Pages have their number after the stem: a_p003.

    >>> names_for(["a.tif", "b.tif", "b.png", "größe.tif", "CON.tif", "x/c.tif", "y/c.tif"])
    ['a', 'b-tif', 'b-png', 'größe', '_CON', 'c-tif', 'c-tif-2']
    """
    stems = [_safe(_stem(path)) for path in paths]
    occurrences = Counter(map(_key, stems))
    taken = {key for key, times in occurrences.items() if times == 1}
    numbers: dict[str, Iterator[int]] = {}  # as there may be many of one name, none is tried twice
    names = []
    for path, stem in zip(paths, stems, strict=True):
        if occurrences[_key(stem)] > 1:
            ending = Path(path).suffix[1:]
            base = f"{stem}-{_safe(ending)[:10]}" if ending else stem
            numbered = (f"{base}-{number}" for number in numbers.setdefault(_key(base), count(2)))
            stem = next(name for name in chain([base], numbered) if _key(name) not in taken)
            taken.add(_key(stem))
        names.append(stem)
    return names


def _stem(path: str | os.PathLike[str]) -> str:
    number = page_of(path)
    return Path(path).stem + ("" if number is None else f"_p{number:03}")


def refuse_inputs(outputs: Iterable[str | os.PathLike[str]], inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Raise an error where an output would overwrite an input, under whatever name, before anything is written."""
    sources = {_place(path): path for path in inputs}
    missing = any(isinstance(place, Path) for place in sources)
    for output in outputs:
        place: tuple[int, int] | Path | None = _inode(output)
        if place is None and (missing or ".." in os.fspath(output)):  # to resolve all names would take long
            place = _place(output)
        if place in sources:
            problem = "is an input, and would be overwritten by a result"
            raise AutosegError(problem, file=sources[place], advice="Choose another folder for the results.")


def _safe(stem: str) -> str:
    """A stem that every file system takes, and no shell or spreadsheet mistakes for something else."""
    composed = unicodedata.normalize("NFC", stem)
    # Category C: control characters, invisible marks, half characters from undecodable bytes; Zl, Zp: line ends.
    visible = ("_" if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" else char for char in composed)
    name = re.sub(r'[<>:"/\\|?*]', "_", "".join(visible)).strip(" ").rstrip(". ")
    name = re.sub(r"^[-.=+@~]", "_", name)
    name = f"_{name}" if _DEVICE.fullmatch(name) else name
    short = name.encode()[:_LONGEST].decode(errors="ignore").rstrip(". ")
    return short or "image"


def _key(name: str) -> str:
    """What file systems that ignore case take as equal."""
    return unicodedata.normalize("NFKC", name).casefold()


def _place(path: str | os.PathLike[str]) -> tuple[int, int] | Path:
    """Equal for two names of the same file."""
    resolved = Path(os.path.realpath(path))  # which takes links that lead in a circle, too
    return _inode(path) or _inode(resolved) or resolved


def _inode(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """What a file is on its disk, if there is one."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
