"""autoseg run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from autoseg.cli.parameters import AsJson
from autoseg.cli.wings import load_wing
from autoseg.errors import OptionsError

_TOLD = {
    "model": "The trained model is",
    "results": "The results are in",
    "scores": "The scores are in",
    "table": "The learning curve is",
}
"What is printed in the end, by the outputs of stages that it is about."


def run(
    workflow: str,
    options: Path | None = None,
    /,
    *,
    profile: str | None = None,
    folder: Path | None = None,
    seed: int | None = None,
    nested: Annotated[tuple[str, ...], Parameter(name="--set", show_default=False)] = (),
    write_options: Annotated[Path | None, Parameter(show_default=False)] = None,
    as_json: AsJson = False,
    **more: str,
) -> int:
    """Train a network for your own images, and use it on them.

    What is given here counts more than what the file says. Run it again, and it goes on where it was.

    Parameters
    ----------
    workflow
        sem: particles in electron micrographs. stm: defects of 2x1 surfaces, learned from made-up topographies.
        microct: grains in slices of tomograms.
    options
        TOML or JSON file with options; --write-options makes one with all of them.
    profile
        published: as in the paper. gpu: fast on a GPU. cpu: half an hour on two cores. smoke: a minute, to try it out.
    folder
        Where everything is written.
    seed
        All random numbers follow from it.
    nested
        An option of a stage, such as --set render.count=200 or --set train_segmenter.head=mask.
    write_options
        Write all options to this TOML or JSON file, to be edited, and do nothing else.
    more
        Any other option of the workflow, such as --images FOLDER, --outlines FOLDER or --truth FOLDER for sem; --data
        FOLDER, --scans FOLDER or --rows false for stm; --images FOLDER, --masks FOLDER, --unlabelled FOLDER or
        --control true for microct.
    """
    wing = load_wing(workflow)
    given: dict[str, Any] = {"profile": profile, "folder": folder, "seed": seed}
    given = {name: value for name, value in given.items() if value is not None} | more
    for text in nested:
        _put(given, text)
    chosen = wing.Options(**given) if options is None else wing.Options.from_file(options, **given)
    if write_options is not None:
        chosen.to_file(write_options)
        print(f"All options are in {write_options}")
        return 0
    outputs = wing.run(chosen)
    if as_json:
        print(json.dumps({name: output.model_dump(mode="json") for name, output in outputs.items()}, indent=2))
        return 0
    for field, words in _TOLD.items():
        found = [getattr(output, field) for output in outputs.values() if field in type(output).model_fields]
        if found:
            print(f"{words} {found[-1]}")  # of several trained models, the one that was trained last
    return 0


def _put(given: dict[str, Any], text: str) -> None:
    """Add an option that is given as `stage.name=value`; the value is JSON, or else text."""
    path, equals, value = text.partition("=")
    *stages, name = path.strip().replace("-", "_").split(".")
    if not equals or not name:
        raise OptionsError(f'"{text}" is no option', advice="Write --set stage.name=value.")
    for stage in stages:
        given = given.setdefault(stage, {})
    try:
        given[name] = json.loads(value)
    except ValueError:
        given[name] = value
