"""Which deep-learning backends there are, and which one a process uses. Imports none of them."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence

from autoseg.errors import BackendError

TRAINABLE = ("tensorflow", "torch", "jax")
BACKENDS = (*TRAINABLE, "openvino")  # in the order of preference; each is also the name of its Python package


def installed_backends() -> list[str]:
    """The backends whose packages are installed, preferred ones first."""
    return [name for name in BACKENDS if importlib.util.find_spec(name)]


def settled_backend() -> str:
    """The backend of this process: that of Keras, if it was imported already, else the one that it would choose."""
    if keras := sys.modules.get("keras"):
        return str(keras.backend.backend())
    return choose_backend(os.environ, installed_backends())


def choose_backend(environment: Mapping[str, str], installed: Sequence[str]) -> str:
    """The backend named by KERAS_BACKEND, else the first that is installed.

    >>> choose_backend({}, ["torch", "openvino"])
    'torch'
    >>> choose_backend({"KERAS_BACKEND": "jax"}, ["openvino"])
    Traceback (most recent call last):
    autoseg.errors.BackendError: KERAS_BACKEND=jax, but jax is not installed. Run pip install 'autoseg[jax]', or set \
KERAS_BACKEND to openvino.
    """
    wanted = environment.get("KERAS_BACKEND") or next(iter(installed), "")
    if wanted in installed:
        return wanted
    if wanted and wanted not in BACKENDS:
        raise BackendError(f"KERAS_BACKEND={wanted} is unknown", advice=f"Known are {', '.join(BACKENDS)}.")
    problem = f"KERAS_BACKEND={wanted}, but {wanted} is not installed" if wanted else "no backend is installed"
    extras = " or ".join(f"pip install 'autoseg[{name}]'" for name in ([wanted] if wanted else TRAINABLE))
    other = f", or set KERAS_BACKEND to {' or '.join(installed)}" if installed else ""
    raise BackendError(problem, advice=f"Run {extras}{other}.")
