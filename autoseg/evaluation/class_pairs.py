"""Which files are class maps, what their classes are called, and how a pair of them is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from autoseg.errors import AutosegError, ImageError
from autoseg.evaluation.files import Kind, cut_alike
from autoseg.heads import IGNORED, ClassLabel, Head
from autoseg.images.class_files import carries_legend, check_numbers, read_classes, read_legend

Pair = tuple[Path, Path]
Legend = tuple[ClassLabel, ...]


def are_classes(pairs: Iterable[Pair], kind: Kind, names: Sequence[str] | None = None) -> bool:
    """Whether pairs of files, predicted and true, are class maps: as `kind` says, or if one names its classes."""
    if kind != "auto":
        return kind == "classes"
    return bool(names) or any(map(carries_legend, chain(*pairs)))


def find_legend(pairs: Iterable[Pair], names: Sequence[str] | None = None) -> Legend:
    """The classes with the given names, or those that the files name, or as many as there are numbers in the files.

    Files, and names, that contradict each other are refused. Files that cannot be read are passed over.
    """
    files = list(chain(*pairs))
    legend, source = Head(kind="classes", classes=tuple(names)).classes if names else None, "as given"
    for path in files:
        told = _legend_of(path)
        if told is None:
            continue
        if legend is not None and _names(told) != _names(legend):
            problem = f"has the classes {_names(told)}, and not {_names(legend)}, {source}"
            raise ImageError(problem, file=path, advice="The same number must mean the same class on both sides.")
        if legend is None or source == "as given":  # the same names, and their colours
            legend, source = told, f"as {path} has"
    return legend or _numbered(files)


def read_class_pair(files: Pair, count: int, rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Two class maps of one shape, of `count` classes; with the first `rows` only if given.

    Rows that only one of them has at its bottom, where an info bar was, do no harm as long as they are background, or
    not known.
    """
    ours, theirs = (_read(path, count)[:rows] for path in files)
    return cut_alike(ours, theirs, files, empty=(0, IGNORED))


def _read(path: Path, count: int) -> np.ndarray:
    found = read_classes(path)
    check_numbers(found.classes, count, path)
    if found.legend is None and found.classes.max() == IGNORED and np.isin(found.classes, (0, IGNORED)).all():
        advice = f"Give its foreground the number 1: {IGNORED} means that the class of a pixel is not known."
        raise ImageError(f"has no values but 0 and {IGNORED}, so it is a mask", file=path, advice=advice)
    return found.classes


def _legend_of(path: Path) -> Legend | None:
    try:
        return read_legend(path)
    except AutosegError:  # a damaged one is reported when its pixels are read
        return None


def _numbered(files: Iterable[Path]) -> Legend:
    """Classes named by their numbers, up to the highest in any of the files."""
    highest = 1
    for path in files:
        try:
            found = read_classes(path)
        except AutosegError:
            continue
        highest = max(highest, int(found.classes[found.classes != IGNORED].max(initial=0)))
    return tuple(ClassLabel(name=f"class {number}") for number in range(highest + 1))


def _names(legend: Legend) -> str:
    return ", ".join(one.name for one in legend)
