"""Network architectures, one per file, built by name.

An architecture is a function of keyword parameters that returns a `keras.Model`. Images go in as
(batch, height, width, channels) with any height and width that are multiples of the model's `size_multiple`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autoseg.errors import OptionsError

if TYPE_CHECKING:
    import keras

# Each is the name of its module and of the function therein.
ARCHITECTURES = ("critic", "generator", "multires_unet", "patchgan", "resnet", "unet")


def build(architecture: str, *, seed: int = 0, **parameters: Any) -> keras.Model:
    """Build a network by name; its initial weights and its dropout follow from `seed` alone.

    >>> network = build("unet", filters=(4, 8), seed=1)
    >>> network.input_shape, network.output_shape, network.size_multiple
    ((None, None, None, 1), (None, None, None, 1), 2)
    >>> build("unet", filter=(4, 8))
    Traceback (most recent call last):
    autoseg.errors.OptionsError: unknown option "filter"; did you mean "filters"?
    """
    if architecture not in ARCHITECTURES:
        nearest = get_close_matches(str(architecture), ARCHITECTURES, n=1)
        hint = f'did you mean "{nearest[0]}"?' if nearest else f"known are {', '.join(ARCHITECTURES)}"
        raise OptionsError(f'unknown architecture "{architecture}"; {hint}')
    function = getattr(import_module(f"{__name__}.{architecture}"), architecture)
    with _seeded(seed):
        return function(**parameters)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Keras draws the seeds of initializers and dropout layers from Python's `random`: lend it one of our own."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
