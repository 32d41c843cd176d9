"""What run.json records of a batch: versions, options, inputs and times."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autoseg
from autoseg.errors import OptionsError
from autoseg.files import written_whole
from autoseg.measurement.intake import ImageRecord, image_names, printable
from autoseg.options import Options

_PACKAGES = ("keras", "numpy", "scipy", "scikit-image", "opencv-python-headless", "pandas", "matplotlib")
_ENGINES = ("openvino", "tensorflow", "tensorflow-cpu", "torch", "jax")


def versions() -> dict[str, str]:
    """Versions of autoseg, Python, what it computes with, and the engines that are installed."""
    found = {"autoseg": autoseg.__version__, "python": platform.python_version()}
    for name in (*_PACKAGES, *_ENGINES):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # an engine that is not installed was not used
    return found


def plain(value: Any) -> Any:
    """Settings as JSON can hold them: options, paths, dataclasses and NumPy numbers are converted."""
    try:
        return json.loads(printable(json.dumps(value, default=_simpler, ensure_ascii=False, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise OptionsError(f"the settings cannot be written into run.json ({error})") from error


def _simpler(value: Any) -> Any:
    if isinstance(value, Options):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} is not a kind of setting")


def describe_inputs(
    images: Iterable[ImageRecord], records: Sequence[ImageRecord], folder: Path, root: Path | None = None
) -> Iterator[dict[str, Any]]:
    """What is known about each input, and the files its results are in; `records` are enough to name the images.

    Paths below a `root` are told from there.
    """
    for name, image in zip(image_names(records), images, strict=True):
        yield {
            "image": name,
            "path": None if image.path is None else printable(_from(root, image.path)),
            "sha256": image.sha256,
            "page": image.page,
            "rows": image.rows,
            "columns": image.columns,
            "pixel_size_nm": image.pixel_size,
            "pixel_size_source": image.pixel_size_source,
            "notes": list(image.notes),
            **image.found,
            "results": {kind: path.relative_to(folder).as_posix() for kind, path in image.files.items()},
            "seconds_waited": image.seconds_waited,
            "seconds_written": image.seconds_written,
        }


def _from(root: Path | None, path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    return path if root is None or not Path(path).is_relative_to(root) else Path(path).relative_to(root)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file that people and machines can read: indented, UTF-8; half characters in names as escapes."""
    with written_whole(path) as partial:
        partial.write_text(_as_json(content) + "\n", encoding="utf-8", errors="backslashreplace")


def write_run(path: Path, content: dict[str, Any], inputs: Iterable[dict[str, Any]]) -> None:
    """Write run.json as `write_json` would, the inputs one after the other, as there may be many."""
    before, after = _as_json({**content, "inputs": []}).split(_NO_INPUTS)
    with written_whole(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(before)
        written = False
        for entry in inputs:
            stream.write(("," if written else _NO_INPUTS[:-1]) + "\n    " + _as_json(entry).replace("\n", "\n    "))
            written = True
        stream.write(("\n  ]" if written else _NO_INPUTS) + after + "\n")


_NO_INPUTS = '\n  "inputs": []'  # of this indentation there is only one


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
