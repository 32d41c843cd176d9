"""Where the particles of images come from: a model, or files that tell them. What a batch is about, in a few words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autoseg.batch.plan import Planned
from autoseg.errors import AutosegError
from autoseg.images.segmentation import Segmentation
from autoseg.options import Options
from autoseg.segmentation.provenance import Provenance

Found = Segmentation | AutosegError
Find = Callable[[Sequence[Planned]], Iterator[Found]]


class Work(Options, ABC):
    """A kind of work on images, which other processes can do as well: it is small, and opened where it is done."""

    @abstractmethod
    def open(self) -> Find:
        """Load what is needed; then, for each of the images given, in order, what is in it, or why there is nothing."""

    @abstractmethod
    def describe(self) -> Provenance:
        """What a report tells about it."""

    def identity(self) -> dict[str, Any]:
        """What the results depend on, beside what is told by `describe`."""
        return {}
