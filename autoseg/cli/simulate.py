"""autoseg simulate WING: a command for each wing, made of its options when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter, validators

from autoseg.cli.messages import progress
from autoseg.cli.wings import WINGS, load_wing


def __getattr__(name: str) -> Callable[..., int]:
    if name not in {wing.name for wing in WINGS}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _command(name)


def _command(name: str) -> Callable[..., int]:
    """The command that simulates for a wing."""
    wing = load_wing(name)
    options_of_wing: Any = wing.SimulationOptions

    def simulate(
        *,
        output: Path,
        count: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 10,
        seed: int = 0,
        options: Annotated[options_of_wing, Parameter(name="*", consume_multiple=1)],
    ) -> int:
        """Write simulated images, and what they show, into a folder.

        Parameters
        ----------
        output
            Folder for the files; those of the same names in it are replaced.
        count
            How many.
        seed
            The same one gives the same images.
        """
        rngs = progress(np.random.default_rng(seed).spawn(count), count, "image")
        print(wing.simulate(options, output, rngs))
        return 0

    simulate.__annotations__["options"] = Annotated[options_of_wing, Parameter(name="*", consume_multiple=1)]
    if not any(field.is_required() for field in options_of_wing.model_fields.values()):
        simulate.__kwdefaults__ = {**(simulate.__kwdefaults__ or {}), "options": options_of_wing()}
    return simulate
