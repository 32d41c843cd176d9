"""Trained networks in the formats of other programs, for images of any size where the format allows it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from autoseg import __version__
from autoseg._backend import BACKEND
from autoseg._backend.graph import by_name
from autoseg._backend.writing import input_name, write_onnx, write_openvino
from autoseg.errors import AutosegError, BackendError
from autoseg.files import written_whole
from autoseg.models.bioimageio import write_package
from autoseg.models.folder import Model

Format = Literal["onnx", "openvino", "bioimageio", "saved_model"]

ENDINGS: Mapping[Format, str] = {"onnx": ".onnx", "openvino": ".xml", "bioimageio": ".zip", "saved_model": ""}
"How the file is called; a SavedModel is a folder."

_PACKAGES: Mapping[Format, tuple[str, ...]] = {"onnx": ("onnx",), "bioimageio": ("onnx",)}


def export_model(model: Model, path: str | os.PathLike[str], format: Format) -> list[Path]:
    """Write a model's network in another format, and beside it a JSON file that tells how to use it; their paths.

    The ending of the format is added to `path` where it is missing. What is there already is replaced, but for a
    SavedModel, which is a folder. The network takes float32 images (batch, rows, columns, channels).
    """
    _check(format)
    target = Path(path)
    target = target if target.suffix == ENDINGS[format] else target.with_name(target.name + ENDINGS[format])
    if target.is_dir():
        raise AutosegError("is there already", file=target, advice="Remove it, or choose another name.")
    description = json.dumps(describe(model, format), indent=2) + "\n"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as folder:
        _write(model, Path(folder) / target.name, format)
        written = [_moved(part, target.parent) for part in sorted(Path(folder).iterdir())]
    with written_whole(target.with_name(f"{target.name}.json")) as partial:
        partial.write_text(description, encoding="utf-8")
    return [*written, target.with_name(f"{target.name}.json")]


def _check(format: Format) -> None:
    """Refuse what this process cannot export, and tell what would."""
    if format == "saved_model" and BACKEND != "tensorflow":
        problem = f"{format} is exported with TensorFlow, but Keras runs on {BACKEND} here"
        advice = (
            "Set KERAS_BACKEND=tensorflow; pip install 'autoseg[tensorflow]' if needed. Or export ONNX or OpenVINO."
        )
        raise BackendError(problem, advice=advice)
    missing = [package for package in _PACKAGES.get(format, ()) if find_spec(package) is None]
    if missing:
        raise BackendError(f"{format} needs {', '.join(missing)}", advice="Run: pip install 'autoseg[export]'")


def _write(model: Model, path: Path, format: Format) -> None:
    """Write the network for images of any size."""
    match format:
        case "onnx":
            write_onnx(model.network, path)
        case "openvino":
            write_openvino(model.network, path)
        case "bioimageio":
            write_package(model, path, describe(model, format))
        case "saved_model":
            model.network.export(str(path), format="tf_saved_model", verbose=False)


def _moved(part: Path, folder: Path) -> Path:
    target = folder / part.name
    if part.is_dir():
        shutil.move(part, target)
    else:
        part.replace(target)
    return target


def describe(model: Model, format: Format) -> dict[str, Any]:
    """How to use an exported network, ready for JSON: everything but the network that autoseg itself would use."""
    config, network = model.config, model.network
    low, high = config.preprocessing.percentiles
    clipped = ", and clip it to 0 and 1" if config.preprocessing.clip else ""
    return {
        "autoseg": __version__,
        "model": model.name,
        "format": format,
        "architecture": config.architecture,
        "weights_sha256": config.weights_sha256,
        "input": {
            "name": input_name(network),
            "type": "float32",
            "axes": ["batch", "rows", "columns", "channels"],
            "shape": list(network.input_shape),
            "rows_and_columns_are_multiples_of": network.size_multiple,
        },
        "preparation": [
            f"Take the {low:g} and {high:g} percentiles of the grey values of the field of view, without the info bar.",
            f"Subtract the lower from each grey value, divide by their difference{clipped}.",
            f"Extend rows and columns to multiples of {network.size_multiple} by reflection; crop the output again.",
        ],
        "preprocessing": config.preprocessing.model_dump(mode="json"),
        "head": config.head and config.head.model_dump(mode="json"),
        "outputs": _outputs(model),
        "polarity": config.polarity,
        "diameter_range_px": config.diameter_range,
        "postprocessing": config.postprocessing,
    }


def _outputs(model: Model) -> dict[str, Any]:
    """What comes out, by name, all with the axes of the input; the names of the channels, where the head tells them."""
    head, output = model.config.head, model.network.output
    outputs = by_name(output, model.network.prediction_channels)
    channels = {output.name: list(output.channels) for output in head.outputs} if head else {}
    if head and head.classes:
        channels[head.main.name] = list(head.class_names)
    return {name: {"shape": list(one.shape), "channels": channels.get(name)} for name, one in outputs.items()}
