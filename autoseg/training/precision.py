"""Where networks get their precision: when they are built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from autoseg._backend import keras


@contextmanager
def mixed_precision(enabled: bool = True) -> Iterator[None]:
    """Networks built in this block compute in bfloat16; their weights and outputs, and so all losses, stay float32.

    >>> with mixed_precision():
    ...     keras.layers.Dense(1).compute_dtype
    'bfloat16'
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if enabled else policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
