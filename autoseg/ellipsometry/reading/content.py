"""The bytes of a file, or an error that names it."""

from __future__ import annotations

from pathlib import Path

from autoseg.ellipsometry.errors import MapError


def content_of(path: Path) -> bytes:
    """The whole file; a failing disk or a missing permission is an error about maps, as all others are.

    >>> content_of(Path("none.png"))
    Traceback (most recent call last):
    autoseg.ellipsometry.errors.MapError: none.png: cannot be read (No such file or directory). Check the folder.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise MapError(f"cannot be read ({error.strerror})", file=path, advice="Check the folder.") from None
