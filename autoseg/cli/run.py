"""autoseg run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from autoseg.cli.parameters import AsJson
from autoseg.sem.profiles import Profile


def run(
    workflow: Literal["sem"],
    options: Path | None = None,
    /,
    *,
    profile: Profile | None = None,
    images: Path | None = None,
    outlines: Path | None = None,
    truth: Path | None = None,
    folder: Path | None = None,
    seed: int | None = None,
    write_options: Annotated[Path | None, Parameter(show_default=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Train a network on a folder of micrographs without any label, and segment and measure them with it.

    What is given here counts more than what the file says. Run it again, and it goes on where it was.

    Parameters
    ----------
    workflow
        sem: particles in electron micrographs.
    options
        TOML or JSON file with options; --write-options makes one with all of them.
    profile
        published: as in the paper. gpu: fast on a GPU. cpu: half an hour on two cores. smoke: a minute, to try it out.
    images
        Folder of micrographs.
    outlines
        Folder of images of one white particle on black each.
    truth
        Folder of masks or labels, named as their micrographs, to score the result against.
    folder
        Where everything is written.
    seed
        All random numbers follow from it.
    write_options
        Write all options to this TOML or JSON file, to be edited, and do nothing else.
    """
    from autoseg import sem  # imports Keras

    given = {"profile": profile, "images": images, "outlines": outlines, "truth": truth, "folder": folder, "seed": seed}
    given = {name: value for name, value in given.items() if value is not None}
    chosen = sem.Options(**given) if options is None else sem.Options.from_file(options, **given)
    if write_options is not None:
        chosen.to_file(write_options)
        print(f"All options are in {write_options}")
        return 0
    outputs = sem.run(chosen)
    if as_json:
        print(json.dumps({name: output.model_dump(mode="json") for name, output in outputs.items()}, indent=2))
        return 0
    trained = outputs.get("self_train") or outputs["train_segmenter"]
    print(f"The trained model is {trained.model}")
    if "segment" in outputs:
        print(f"The results are in {outputs['segment'].results}")
    return 0
