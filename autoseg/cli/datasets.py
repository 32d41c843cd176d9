"""autoseg datasets."""

from __future__ import annotations

import json
from pathlib import Path

from autoseg.cli.messages import shows_progress
from autoseg.cli.parameters import AsJson
from autoseg.datasets import fetch, registry


def datasets(name: str | None = None, /, *, output: Path | None = None, as_json: AsJson = False) -> int:
    """Print what data sets there are, or fetch one and print where it is.

    Parameters
    ----------
    name
        The data set to fetch. Not given: list all.
    output
        Folder to fetch it to. Not given: one in your cache, shared by all projects.
    """
    if name is not None:
        folder = fetch(name, output, progress=shows_progress())
        known = registry()[name]
        print(
            json.dumps({"folder": str(folder)})
            if as_json
            else f"{folder}\nLicence: {known.licence}\nCite: {known.cite}"
        )
    elif as_json:
        print(json.dumps({key: one.model_dump(mode="json") for key, one in registry().items()}, indent=2))
    else:
        lines = (f"{key}\n  {one.title}\n  {one.address}\n  licence: {one.licence}" for key, one in registry().items())
        print("\n".join(lines))
    return 0
