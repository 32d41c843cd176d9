"""Images segmented by a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Literal

from pydantic import ConfigDict

from autoseg.batch.plan import Planned
from autoseg.batch.work import Find, Found, Work
from autoseg.errors import OptionsError
from autoseg.images.class_map import ClassMap
from autoseg.segmentation.options import SegmentOptions
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.provenance import Provenance
from autoseg.segmentation.segment import Segmenter


class Segmenting(Work):
    """Particles are found by a model, given by its name or folder."""

    model: str
    options: SegmentOptions = SegmentOptions()
    work: Literal["segment"] = "segment"

    model_config = ConfigDict(ignored_types=(cached_property,))

    @cached_property
    def segmenter(self) -> Segmenter:
        """The model, loaded once in each process."""
        return Segmenter(self.model, self.options)

    def __getstate__(self) -> dict[Any, Any]:
        """Another process loads the model for itself."""
        state = super().__getstate__()
        own = {name: value for name, value in state["__dict__"].items() if name != "segmenter"}
        return {**state, "__dict__": own}

    def open(self) -> Find:
        """Load the model."""
        segmenter = self.segmenter
        return lambda images: _particles(segmenter, images)

    def describe(self) -> Provenance:
        """The model, and how it is used."""
        return self.segmenter.describe()

    def identity(self) -> dict[str, Any]:
        """All that is written in the model's config.json."""
        return {"model": self.segmenter.model.config.model_dump(mode="json")}


def _particles(segmenter: Segmenter, images: Sequence[Planned]) -> Iterator[Found]:
    for found in segment_all([image.file for image in images], segmenter):
        if isinstance(found, ClassMap):
            raise OptionsError("a batch is about particles, and this model finds classes")
        yield found
