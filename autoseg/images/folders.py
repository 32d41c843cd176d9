"""Which files of a folder are images."""

from __future__ import annotations

import os
from pathlib import Path

from autoseg.errors import ImageError
from autoseg.images.ome_zarr import is_zarr
from autoseg.images.readers import ENDINGS


def images_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The image files of a folder by name, hidden ones left out; a folder without any is refused.

    Folders of Zarr are files in this sense. Links that lead nowhere are among them, so that whoever reads the files
    tells of them.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.TIF", "a.png", "notes.txt", ".hidden.png"):
    ...         (Path(folder) / name).touch()
    ...     [path.name for path in images_in(folder)]
    ['a.png', 'b.TIF']
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError("is not a folder", file=folder, advice="Check the name.")
    found = (path for path in folder.iterdir() if not path.name.startswith("."))
    images = sorted(path for path in found if path.suffix.lower() in ENDINGS and _is_one(path))
    if not images:
        raise ImageError("holds no images", file=folder, advice=f"Image files end in {', '.join(sorted(ENDINGS))}.")
    return images


def _is_one(path: Path) -> bool:
    if path.is_dir():
        return is_zarr(path)
    return path.is_file() or path.is_symlink()
