"""What goes to standard error: failures, the log and progress."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

_log = logging.getLogger("autoseg")


def fail(problem: object, code: int = 1) -> int:
    """Say what is wrong, and return the exit code."""
    tqdm.write(f"autoseg: {problem}", file=sys.stderr)  # above a progress bar, if there is one
    return code


def shows_progress() -> bool:
    """Whether somebody looks at standard error, and has not asked for quiet."""
    return sys.stderr.isatty() and _log.isEnabledFor(logging.WARNING)


def progress(items: Iterable[Any], total: int, unit: str) -> Iterable[Any]:
    """The items, with a bar and the time left where somebody looks."""
    return tqdm(items, total=total, unit=f" {unit}", disable=not shows_progress(), file=sys.stderr, dynamic_ncols=True)


@contextmanager
def counting_images(total: int, done: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many more images are done, where somebody looks."""
    hidden = not shows_progress()
    with tqdm(total=total, initial=done, unit=" image", disable=hidden, file=sys.stderr, dynamic_ncols=True) as bar:
        yield lambda more: bar.update(more) and None


class _AboveProgress(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(f"autoseg: {self.format(record)}", file=sys.stderr)


@contextmanager
def logged(level: int) -> Iterator[None]:
    """Within this block, what autoseg logs from this level on goes to standard error."""
    handler, before = _AboveProgress(), _log.level
    _log.addHandler(handler)
    _log.setLevel(level)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        _log.setLevel(before)
