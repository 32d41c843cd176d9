"""Trained networks as packages for the programs of bioimage.io, by version 0.5 of its model description."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from autoseg._backend import inference, to_numpy
from autoseg._backend.graph import by_name
from autoseg._backend.writing import write_onnx
from autoseg.models.folder import Model

_WEIGHTS, _IMAGE, _CARD = "weights.onnx", "test_image.npy", "README.md"
_EDGE = 256  # pixels of the test image, about
_EPSILON = 1e-6  # which programs add to a range, so that they never divide by 0


def write_package(model: Model, path: Path, description: Mapping[str, Any]) -> None:
    """Write a zip file: ONNX weights, an image and what they make of it, the model's card, and `rdf.yaml`.

    The outputs are the network's own; what autoseg makes of them, such as particles, is told in `autoseg.json`, the
    `description`, as bioimage.io has no words for it. Author and licence are for whoever shares the model to say.
    """
    image, outputs = _tested(model)
    with TemporaryDirectory() as folder:
        write_onnx(model.network, Path(folder) / _WEIGHTS)
        files = {_WEIGHTS: (Path(folder) / _WEIGHTS).read_bytes(), _IMAGE: _array(image)}
    files |= {f"test_{name}.npy": _array(values) for name, values in outputs.items()}
    files |= {_CARD: model.card.encode(), "autoseg.json": json.dumps(description, indent=2).encode()}
    files["rdf.yaml"] = json.dumps(_described(model, description, files), indent=2).encode()  # JSON is YAML, too
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # with a fixed date: equal models give equal files
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def _tested(model: Model) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Discs on noise, float32 (1, rows, columns, channels), and what the network makes of them, once they are shown."""
    multiple = model.network.size_multiple
    edge = max(1, round(_EDGE / multiple)) * multiple
    rows, columns = np.indices((edge, edge)) % 64 - 32
    grey = 0.2 + 0.6 * (np.hypot(rows, columns) < 20) + np.random.default_rng(0).normal(0, 0.02, (edge, edge))
    image = np.repeat(grey.clip(0, 1)[None, ..., None], model.network.input_shape[-1], axis=-1).astype(np.float32)
    low, high = np.percentile(image, model.config.preprocessing.percentiles, axis=(1, 2), keepdims=True)
    shown = ((image - low) / (high - low + _EPSILON)).astype(np.float32)
    shown = shown.clip(0, 1) if model.config.preprocessing.clip else shown
    with inference():
        found = by_name(model.network(shown), model.network.prediction_channels)
    return image, {name: to_numpy(values) for name, values in found.items()}


def _array(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def _described(model: Model, description: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    inputs, multiple = description["input"], model.network.size_multiple
    channels = [f"channel{number}" for number in range(inputs["shape"][-1])]
    size = {"min": multiple, "step": multiple}
    image = {
        "id": inputs["name"],
        "description": "Grey values of the field of view, without the info bar.",
        "axes": _axes(channels, {"y": size, "x": size}),
        "test_tensor": _file(_IMAGE, files),
        "data": {"type": "float32", "range": [None, None]},
        "preprocessing": _preparation(model),
    }
    return {
        "type": "model",
        "format_version": "0.5.4",
        "name": _name(model.name),
        "description": f"A {description['architecture']} of autoseg: see README.md and autoseg.json.",
        "authors": [{"name": "autoseg"}],
        "cite": [{"text": "The workflow that autoseg follows", "doi": "10.1038/s41598-021-84287-6"}],
        "tags": ["segmentation"],
        "documentation": _file(_CARD, files),
        "attachments": [_file("autoseg.json", files)],
        "inputs": [image],
        "outputs": [_output(name, told, inputs["name"], files) for name, told in description["outputs"].items()],
        "weights": {"onnx": {**_file(_WEIGHTS, files), "opset_version": 17}},
        "config": {"autoseg": {"version": description["autoseg"], "head": description["head"]}},
    }


def _preparation(model: Model) -> list[dict[str, Any]]:
    low, high = model.config.preprocessing.percentiles
    percentiles = {"min_percentile": low, "max_percentile": high, "axes": ["y", "x"], "eps": _EPSILON}
    clip = [{"id": "clip", "kwargs": {"min": 0.0, "max": 1.0}}] if model.config.preprocessing.clip else []
    return [{"id": "scale_range", "kwargs": percentiles}, *clip]


def _output(name: str, told: Mapping[str, Any], source: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    channels = told["channels"] or [f"{name}{number}" for number in range(told["shape"][-1])]
    sizes = {axis: {"tensor_id": source, "axis_id": axis} for axis in "yx"}
    return {
        "id": name,
        "description": f"What the network predicts: {', '.join(channels)}.",
        "axes": _axes(channels, sizes),
        "test_tensor": _file(f"test_{name}.npy", files),
        "data": {"type": "float32", "range": [None, None]},
    }


def _axes(channels: list[str], sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    space = [{"type": "space", "id": axis, "size": size} for axis, size in sizes.items()]
    return [{"type": "batch"}, *space, {"type": "channel", "channel_names": channels}]


def _file(name: str, files: Mapping[str, bytes]) -> dict[str, str]:
    return {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest()}


def _name(name: str) -> str:
    """With no other characters than bioimage.io takes."""
    kept = "".join(sign if sign.isalnum() or sign in "_+- ()" else "-" for sign in name)
    return kept.strip() if len(kept.strip()) >= 5 else f"autoseg {kept.strip()}"
