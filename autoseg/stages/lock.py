"""One process works in a folder at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from autoseg.errors import StageError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process works in a run; the lock of a process that is gone does not count."""
    process = psutil.Process()
    identity = f"{process.pid} {process.create_time()}"
    holder = path.read_text(encoding="utf-8") if path.exists() else ""
    pid = int(holder.split()[0]) if holder else 0
    if holder and psutil.pid_exists(pid) and holder == f"{pid} {psutil.Process(pid).create_time()}":
        raise StageError(f"is in use by process {pid}", file=path.parent, advice="Wait for it, or stop it.")
    path.write_text(identity, encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
