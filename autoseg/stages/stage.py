"""A stage of a workflow: what it is told, what it needs of earlier ones, and what it makes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from autoseg.options import Options


class Outputs(Options):
    """What a stage hands on: paths relative to its folder, and small values."""


class Stage(Options):
    """One step of a workflow: its `options`, what else it has to know, and `run`, which makes its outputs.

    `run` names the earlier stages it needs as keyword-only parameters, each annotated with the type of that stage's
    outputs; their paths arrive absolute. One with the default None may be missing in the run. One annotated with a
    tuple, such as `pairs: tuple[Pairs, ...]`, gets the outputs of all earlier stages that make such, in their order.
    A stage that is interrupted finds its folder as it left it. All randomness comes from `rng`, which is the same in
    every attempt.
    """

    name: ClassVar[str]
    cosmetic: ClassVar[frozenset[str]] = frozenset()
    "Of its options, those that change what can be seen of the work, but not its results: nothing runs again for them."
    scaffolding: ClassVar[tuple[str, ...]] = ()
    "Files that only an interrupted stage needs, to go on: they are removed when it is finished."

    def __init_subclass__(cls, **settings: Any) -> None:
        """Name the stage after its class: TrainSegmenter is train_segmenter."""
        super().__init_subclass__(**settings)
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def sources(self) -> list[Path]:
        """Files and folders from outside the run whose content matters."""
        return []

    def run(self, *arguments: Any, **earlier: Any) -> Outputs:
        """Do the work in a folder, with a generator of random numbers: `run(folder, rng, *, earlier_stage)`."""
        raise NotImplementedError(f"{type(self).__name__} has nothing to run")

    def needs(self) -> dict[str, Need]:
        """What it needs of earlier stages, by the names of the parameters of `run`."""
        parameters = inspect.signature(self.run).parameters.values()
        hints = get_type_hints(type(self).run)
        return {
            item.name: Need(
                outputs=(get_args(hints[item.name]) or [hints[item.name]])[0],
                several=get_origin(hints[item.name]) is tuple,
                required=item.default is item.empty,
            )
            for item in parameters
            if item.kind is item.KEYWORD_ONLY
        }

    def makes(self) -> type[Outputs]:
        """The type of its outputs."""
        return get_type_hints(type(self).run)["return"]


@dataclass(frozen=True)
class Need:
    """What a stage needs: the outputs of one earlier stage, or those of all that make such."""

    outputs: type[Outputs]
    several: bool
    required: bool

    def find(self, name: str, earlier: Mapping[str, type[Outputs]]) -> list[str]:
        """The names of the stages that meet the need, out of earlier ones with the types of their outputs."""
        if self.several:
            return [stage for stage, made in earlier.items() if issubclass(made, self.outputs)]
        return [name] if earlier.get(name) is self.outputs else []
