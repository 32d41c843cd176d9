"""Which function writes which kind of layer down for another program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autoseg.errors import BackendError


def kind_of(layer: Any) -> str:
    """The name of a layer's class in Keras, of one that was drawn without it, too."""
    return getattr(layer, "kind", None) or type(layer).__name__


class LayerWriters:
    """Functions that write layers down for another program, by the kinds of layers; others are refused."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        self._known: dict[str, Callable] = {}

    def __call__(self, *kinds: str) -> Callable[[Callable], Callable]:
        """Decorate the function that writes layers of these kinds."""

        def register(writer: Callable) -> Callable:
            self._known.update(dict.fromkeys(kinds, writer))
            return writer

        return register

    def find(self, layer: Any) -> Callable:
        """The function that writes this layer."""
        writer = self._known.get(kind_of(layer))
        if writer is None:
            raise self.unknown(layer, "of this kind")
        return writer

    def unknown(self, layer: Any, what: str) -> BackendError:
        """That such a layer cannot be written."""
        kind = kind_of(layer)
        return BackendError(f'{self.problem} the layer "{layer.name}" ({kind}): autoseg supports no layer {what}')
