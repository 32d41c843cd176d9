"""Files that a browser sent, and samples: kept in memory, and on the disk only while they are read."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from autoseg.app.options import current_options
from autoseg.errors import AutosegError
from autoseg.images.readers import ENDINGS

_LONGEST = 200  # bytes of a name, which most systems take


@dataclass(frozen=True)
class Upload:
    """A file: its name, without any folder, and what it holds."""

    name: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_image(self) -> bool:
        """Whether its name ends as those of images do."""
        return PurePosixPath(self.name).suffix.lower() in ENDINGS


def received(files: Any) -> list[Upload]:
    """What an uploader returned; hidden files, which systems put into folders, are left out.

    Names keep nothing of a path, whatever they say, and no two of them are equal.
    """
    listed = [] if files is None else files if isinstance(files, list) else [files]
    options, advice = current_options(), "Upload fewer, or use the command line."
    if len(listed) > options.max_files:
        raise AutosegError(f"{len(listed)} files are more than {options.max_files}", advice=advice)
    if sum(file.size for file in listed) > options.max_total * 2**20:
        raise AutosegError(f"all files together have more than {options.max_total} MB", advice=advice)
    uploads = [Upload(safe_name(file.name), bytes(file.getbuffer())) for file in listed]
    kept = [upload for upload in uploads if not upload.name.startswith(".")]
    _refuse_twins(kept)
    return kept


def safe_name(name: str) -> str:
    """The last part of a name, without what no file system takes.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\\\a\\\\b[1].png"), safe_name("a\\0b.tif"), safe_name("..")
    ('passwd', 'b[1].png', 'a_b.tif', '_')
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    last = "".join(char if char.isprintable() and char not in ':*?"<>|' else "_" for char in last).strip()
    stem, ending = PurePosixPath(last).stem, PurePosixPath(last).suffix
    while len((stem + ending).encode()) > _LONGEST:
        stem = stem[:-1] or ending[: _LONGEST // 4]
        ending = ending[:20]
    return stem + ending if (stem + ending).strip(".") else "_"


@contextmanager
def on_disk(uploads: Iterable[Upload]) -> Iterator[Path]:
    """A folder that holds these files, and is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="autoseg-app-") as name:
        folder = Path(name)
        for upload in uploads:
            (folder / upload.name).write_bytes(upload.content)
        yield folder


def from_folder(folder: Path, pattern: str = "*") -> list[Upload]:
    """The files of a folder on this computer, such as the samples."""
    files = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
    return [Upload(path.name, path.read_bytes()) for path in files]


def _refuse_twins(uploads: Sequence[Upload]) -> None:
    seen: set[str] = set()
    for upload in uploads:
        if upload.name.casefold() in seen:
            advice = "Rename one of them, or upload one folder without those inside it."
            raise AutosegError("is there twice", file=upload.name, advice=advice)
        seen.add(upload.name.casefold())
