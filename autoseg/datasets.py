"""Public data sets, which are not part of autoseg: which there are, their licences, and how to download them."""

from __future__ import annotations

import difflib
import hashlib
import os
import tempfile
import tomllib
import zipfile
from functools import cache
from pathlib import Path

from pydantic import Field

from autoseg.errors import AutosegError, OptionsError
from autoseg.files import shipped
from autoseg.options import Options


class DataFile(Options):
    """A file of a data set; what is not set is not known."""

    name: str = Field(pattern=r"^[\w.-]+$")
    "Its name in the archive."
    url: str | None = None
    "Its address, unless that follows from the DOI."
    bytes: int | None = Field(None, ge=0)
    "Its size."
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    "Its checksum."
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    "An older checksum, which some archives publish instead; it detects damage, not forgery."

    @property
    def checksum(self) -> str | None:
        """The best known checksum, as `sha256:...` or `md5:...`."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}" if self.md5 else None


class Dataset(Options):
    """A public data set."""

    title: str
    "What it holds."
    doi: str | None = None
    "Its own, not that of an article about it."
    page: str | None = None
    "Its web page, unless that is its DOI."
    licence: str
    "The licence under which its authors publish it."
    cite: str
    "What to cite where it is used."
    files: tuple[DataFile, ...] = ()
    "Empty: they have to be downloaded by hand."

    @property
    def address(self) -> str:
        """Its web page."""
        return self.page or f"https://doi.org/{self.doi}"


@cache
def registry() -> dict[str, Dataset]:
    """All data sets that are known, by name.

    >>> registry()["tio2"].licence
    'CC BY-NC-ND 4.0'
    """
    entries = tomllib.loads((shipped("datasets") / "registry.toml").read_text(encoding="utf-8"))
    return {name: Dataset(**entry) for name, entry in entries.items()}


def fetch(name: str, folder: str | os.PathLike[str] | None = None, *, progress: bool = False) -> Path:
    """The folder with the files of a data set, archives unpacked; downloads, checks and unpacks what is not there yet.

    Without `folder` that is one of autoseg's own in the user's cache. What cannot be downloaded may be put there by
    hand. `progress` shows a bar on standard error.
    """
    dataset = _find(name)
    if not dataset.files:
        problem = f'the data set "{name}" has to be fetched by hand'
        raise AutosegError(problem, advice=f"Follow {dataset.address} (licence: {dataset.licence}).")
    folder = Path(folder) if folder else _cache_folder() / name
    for file in dataset.files:
        path = folder / file.name
        if path.is_file():
            _check(path, file)
        else:
            _download(dataset, file, folder, progress)
        if path.suffix == ".zip":
            _unpack(path)
    return folder


def _find(name: str) -> Dataset:
    known = registry()
    if name in known:
        return known[name]
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f'Did you mean "{nearest[0]}"?' if nearest else f"There are {', '.join(known)}."
    raise OptionsError(f'there is no data set "{name}"', advice=hint)


def _cache_folder() -> Path:
    import pooch  # slow to import

    return Path(pooch.os_cache("autoseg"))


def _download(dataset: Dataset, file: DataFile, folder: Path, progress: bool) -> None:
    """Download a file and check it before it gets its name; without a known checksum, by that of the archive."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    manager = pooch.create(folder, f"doi:{dataset.doi}/", registry={file.name: file.checksum})
    if file.url:
        manager.urls[file.name] = file.url
    try:
        if file.checksum is None:
            manager.load_registry_from_doi()
        manager.fetch(file.name, progressbar=progress)
    except (OSError, ValueError) as error:  # no connection, no such file, or another checksum
        offline = isinstance(error, OSError) and getattr(error, "response", None) is None
        reason = "there is no connection" if offline else str(error).strip().partition("\n")[0]
        raise AutosegError(
            f"{file.name} of the data set cannot be downloaded: {reason}",
            advice=f"Download it from {dataset.address} with a browser, put it into {folder}, and try again.",
        ) from error


def _check(path: Path, file: DataFile) -> None:
    """Refuse a file that is not the published one, as far as that is known."""
    if file.checksum is None:
        return
    kind, expected = file.checksum.split(":")
    with path.open("rb") as content:
        found = hashlib.file_digest(content, kind).hexdigest()
    if found != expected:
        problem = f"is not the published file, or not all of it (its {kind} is {found}, not {expected})"
        raise AutosegError(problem, file=path, advice="Remove it, and download it again.")


def _unpack(path: Path) -> None:
    """Unpack a ZIP file into a folder of its name, whole or not at all."""
    target = path.with_suffix("")
    if target.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=path.parent) as partial:
        content = Path(partial) / target.name
        try:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(content)
        except zipfile.BadZipFile as error:
            raise AutosegError("is not a ZIP file", file=path, advice="Remove it, and download it again.") from error
        inner = content / target.name  # many archives hold one folder of their own name
        (inner if list(content.iterdir()) == [inner] else content).rename(target)
