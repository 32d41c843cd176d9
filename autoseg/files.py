"""Files are written whole or not at all, and what ships with the package is found from any folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial-"
"Begins the names of folders in which files are written before they are moved into place."
_PACKAGE = Path(__file__).resolve().parent


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside `path`, moved into place when the block ends and removed when it fails.

    The temporary name ends like the final one, because many writers choose the format by the ending.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(Path(folder) / "table.csv") as partial:
    ...         _ = partial.write_text("label,area")
    ...     (Path(folder) / "table.csv").read_text()
    'label,area'
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A folder of our own keeps the name, and with it every suffix, and cannot meet another process's file.
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=target.parent) as folder:
        partial = Path(folder) / target.name
        yield partial
        partial.replace(target)


def shipped(kind: str) -> Path:
    """The folder `trained_models` or `datasets`: inside the installed package, or beside it in a checkout."""
    installed = _PACKAGE / "_shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def shipped_models() -> list[str]:
    """Names of the trained models that come with autoseg."""
    return sorted(path.parent.name for path in shipped("trained_models").glob("*/config.json"))
