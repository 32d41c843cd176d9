"""autoseg simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter, validators

from autoseg.cli.messages import progress
from autoseg.sem.mask_files import read_outlines, write_mask
from autoseg.sem.masks import MaskOptions
from autoseg.sem.masks import simulate as simulate_mask
from autoseg.sem.outlines import from_examples


def simulate(
    *,
    outlines: Path,
    output: Path,
    count: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 10,
    seed: int = 0,
    options: Annotated[MaskOptions, Parameter(name="*")] = MaskOptions(),
) -> int:
    """Write simulated masks and their labels into a folder.

    Parameters
    ----------
    outlines
        Folder of images that show one white particle on black each.
    output
        Folder for the masks; files of the same names in it are replaced.
    count
        How many masks.
    seed
        The same one gives the same masks.
    """
    sample = from_examples(read_outlines(outlines))
    for number, rng in enumerate(progress(np.random.default_rng(seed).spawn(count), count, "mask")):
        write_mask(output, number, simulate_mask(sample, options, rng))
    print(f"{count} masks and their labels are in {output}")
    return 0
