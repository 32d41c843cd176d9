"""What is installed, what it can do, and what to do about what is missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import shutil
from pathlib import Path
from typing import Any

import psutil

import autoseg
from autoseg.backends import BACKENDS, TRAINABLE, choose_backend, installed_backends
from autoseg.errors import BackendError
from autoseg.files import shipped_models

_PACKAGES = ("keras", "numpy", "scipy", "scikit-image", "opencv-python-headless", "tifffile", "imageio")
_OF_EXTRA = re.compile(r"""(?P<name>[\w.-]+).*extra == ["'](?P<extra>[\w-]+)["']""")
_DEVELOPERS = {"docs", "test"}
"Extras that no user needs."
_DISTRIBUTIONS = {"tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos")}


def examine() -> dict[str, Any]:
    """Everything `autoseg doctor` tells, ready for JSON; `advice` is empty when there is nothing to do."""
    memory = psutil.virtual_memory()
    return {
        "autoseg": autoseg.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "memory_total_gib": round(memory.total / 2**30, 1),
        "memory_available_gib": round(memory.available / 2**30, 1),
        "packages": {name: _version(name) for name in _PACKAGES},
        "extras": _examine_extras(),
        "backends": {name: _version(*_DISTRIBUTIONS.get(name, (name,))) for name in BACKENDS},
        "models": shipped_models(),
        **_examine_backend(),
    }


def describe(findings: dict[str, Any]) -> str:
    """The findings as aligned lines for people."""
    lines = []
    for name, value in findings.items():
        if name == "extras":
            value = [f"{extra} ({version or _install(extra)})" for extra, version in value.items()]
        if name == "backends":
            value = [f"{one} {version or f'not installed ({_install(one)})'}" for one, version in value.items()]
        if isinstance(value, dict):
            value = ", ".join(f"{part} {version or 'not installed'}" for part, version in value.items())
        elif isinstance(value, list):
            value = ", ".join(value) or "none"
        label = name.replace("_gib", " (GiB)").replace("_", " ")
        lines.append(f"{label:24}{value}")
    return "\n".join(lines)


def _examine_backend() -> dict[str, Any]:
    given = os.environ.get("KERAS_BACKEND")
    chosen_by = (
        "KERAS_BACKEND" if given else "autoseg, to train; it prefers OpenVINO to segment (KERAS_BACKEND decides)"
    )
    backend, found, advice = None, [], []
    try:
        backend = choose_backend(os.environ, installed_backends())
        found = importlib.import_module("autoseg._backend").devices()
    except BackendError as error:
        advice.append(str(error))
    except ImportError as error:
        advice.append(f"{backend} does not start ({error}): reinstall it, or set KERAS_BACKEND to another one.")
    if backend not in (None, *TRAINABLE):
        extras = " or ".join(f"pip install 'autoseg[{name}]'" for name in TRAINABLE)
        advice.append(f"{backend} is enough to use trained models; to train your own, run {extras}.")
    advice += _advise_on_gpu(backend, found)
    return {"backend": backend, "chosen_by": chosen_by, "devices": found, "advice": advice}


def _install(extra: str) -> str:
    """The command that brings an extra; backends are extras, too, but for OpenVINO, which always comes along."""
    return f"pip install '{'openvino' if extra == 'openvino' else f'autoseg[{extra}]'}'"


def _examine_extras() -> dict[str, str | None]:
    """Each extra that a user may want, with the versions of what it brings; None where any of that is missing."""
    needed: dict[str, list[str]] = {}
    for requirement in _requirements():
        if found := _OF_EXTRA.match(requirement):
            needed.setdefault(found["extra"], []).append(found["name"])
    extras = {}
    for extra in sorted(needed.keys() - _DEVELOPERS - set(BACKENDS)):
        versions = {name: _version(name) for name in needed[extra]}
        whole = all(versions.values())
        extras[extra] = " ".join(f"{name} {version}" for name, version in versions.items()) if whole else None
    return extras


def _advise_on_gpu(backend: str | None, devices: list[str]) -> list[str]:
    """What to do if there is a GPU, according to its driver, that the backend does not see."""
    driver = Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
    if not driver or backend not in TRAINABLE or any("gpu" in name.lower() or "cuda" in name for name in devices):
        return []
    return [
        f"There is an NVIDIA GPU that {backend} does not see: install the build of {backend} for GPUs (see its "
        "website), and check that nvidia-smi lists the GPU."
    ]


def _requirements() -> list[str]:
    """Of autoseg itself; none are known where it runs from a folder in which it was not installed."""
    try:
        return importlib.metadata.requires("autoseg") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _version(*distributions: str) -> str | None:
    for name in distributions:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None
