"""Which backend this process uses, and Keras on top of it. Importing this settles both.

All other code is written once, with `keras` and `ops` from `autoseg._backend`.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from autoseg.backends import choose_backend, installed_backends

_GREETING = re.compile(rb"WARNING: All log messages before absl|[IW]\d{4} ")


@contextmanager
def without_greeting() -> Iterator[None]:
    """TensorFlow's libraries log while they are loaded, before they heed its log level: such lines are dropped."""
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") < "2" or sys.stderr is None:
        yield
        return
    with tempfile.TemporaryFile() as lines:
        stderr = os.dup(2)
        os.dup2(lines.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            lines.seek(0)
            os.write(stderr, b"".join(line for line in lines if not _GREETING.match(line)))
            os.close(stderr)


if "keras" not in sys.modules:  # else the backend was chosen when Keras was imported
    os.environ["KERAS_BACKEND"] = choose_backend(os.environ, installed_backends())

with without_greeting():
    import keras

from keras import ops  # noqa: E402

__all__ = ["BACKEND", "keras", "ops"]


BACKEND: str = keras.backend.backend()

if BACKEND == "openvino":
    import openvino  # would round to bfloat16 where the processor can: results shall not depend on the machine

    openvino.compile_model = partial(openvino.compile_model, config={"INFERENCE_PRECISION_HINT": "f32"})
