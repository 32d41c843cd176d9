"""Errors for the user: what is wrong, in which file, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

_NAMED = 5


def enumerate_briefly(things: Iterable[object]) -> str:
    """The first five of these things, and how many more there are.

    >>> enumerate_briefly("abcdefg")
    'a, b, c, d, e and 2 more'
    """
    names = list(map(str, things))
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


class AutosegError(Exception):
    """An error meant for the user, printed as one message without a traceback.

    >>> print(AutosegError("the file is empty", file="a.tif", advice="Export it again."))
    a.tif: the file is empty. Export it again.
    """

    def __init__(self, problem: str, *, file: str | PathLike[str] | None = None, advice: str | None = None):
        self.problem, self.file, self.advice = problem, file, advice
        place = "" if file is None else f"{file}: "
        super().__init__(f"{place}{problem}" + (f". {advice}" if advice else ""))


class OptionsError(AutosegError):
    """An option is unknown, missing or has a value it cannot have."""


class ImageError(AutosegError):
    """A file cannot be read as a micrograph."""


class ModelError(AutosegError):
    """A model folder is missing, damaged, unsafe or of another version."""


class StageError(AutosegError):
    """A stage of a workflow failed, or cannot start."""


class BackendError(AutosegError):
    """No deep-learning backend is installed, or the one in use cannot do what is asked."""
