"""The images that a user names: files, folders, and patterns where the shell leaves these to us, as on Windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from glob import glob
from pathlib import Path

from autoseg.errors import ImageError
from autoseg.evaluation.files import by_stem, without_suffix
from autoseg.images.folders import images_in
from autoseg.images.ome_zarr import is_zarr


def expanded(paths: Iterable[Path], in_folder: Callable[[Path], list[Path]] = images_in) -> list[Path]:
    """The files that are meant, each once, in the order given; what does not exist is left to whoever reads it."""
    files: dict[Path, None] = {}
    for path in paths:
        matches = [path]
        if not path.exists() and any(sign in str(path) for sign in "*?["):
            matches = [Path(match) for match in sorted(glob(str(path)))]  # noqa: PTH207 - of any folder
            if not matches:
                raise ImageError("matches no file", file=path, advice="Check the name.")
        for match in matches:
            is_folder = match.is_dir() and not is_zarr(match)
            files |= dict.fromkeys(in_folder(match) if is_folder else [match])
    return list(files)


def micrographs_in(folder: Path) -> dict[str, Path]:
    """The images of a folder by their names without ending; results that lie among them are left out."""
    return by_stem([path for path in images_in(folder) if without_suffix(path.stem) == path.stem])
