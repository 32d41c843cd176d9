"""What a finished stage leaves behind: hashes of all that its outputs follow from, and of its files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from autoseg.errors import StageError
from autoseg.files import written_whole

MANIFEST, STARTED, FAILURE = "manifest.json", "started.json", "failure.txt"
LAYOUT = 2
"Raised when folders of earlier releases can no longer be gone on with."


def refuse_earlier_layouts(folder: Path) -> None:
    """Raise an error if a stage's folder was written by a release whose runs this one cannot go on with."""
    for name in (STARTED, MANIFEST):
        found = read_json(folder / name)
        if found and found.get("layout") != LAYOUT:
            raise StageError(
                "was made by another version of autoseg, which this one cannot go on with",
                file=folder,
                advice="Nothing in it was changed. Choose another folder for the run, or go on with that version.",
            )


def hash_content(path: Path) -> str:
    """Hash of what a file or all files in a folder hold; empty if there is nothing."""
    if path.is_dir():
        parts = [
            f"{file.relative_to(path).as_posix()} {hash_content(file)}"
            for file in sorted(path.rglob("*"))
            if file.is_file()
        ]
        return hash_bytes("\n".join(parts).encode())
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_bytes(content: bytes) -> str:
    """SHA-256 as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file's content; nothing where there is none that is whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write it whole, or not at all."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(content, indent=2), encoding="utf-8")
